"""Server-sent events: the same however the bytes are cut; lost connections; growing pauses."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals.json_door import Problem
from terminals.phone.events import MOST_BYTES, Event, Parser, TooLong
from terminals.phone.stream import CONNECTED, events

STREAM = (b": comment\r\n\r\ndata: a\r\ndata: b\r\n\r\n"
          b"id: 1\revent: payment\rdata: {\"a\":\rdata: 1}\r\rretry: 250\n\n"
          b"data:no space\n\nid: 2\n\nid: 3\0\ndata: x\nunknown: y\nretry: soon\n\nevent: half\n")
FOUND = [Event("message", "a\nb"), Event("payment", '{"a":\n1}', "1"),
         Event("message", "no space", "1"), Event("message", "x", "2")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_same_however_it_is_cut(cuts: list[int]) -> None:
    parser, found, last = Parser(), [], 0
    for cut in [*sorted(cuts), len(STREAM)]:
        found += parser.feed(STREAM[last:cut])
        last = cut
    assert found == FOUND
    assert (parser.last_id, parser.retry_ms) == ("2", 250)


@pytest.mark.parametrize("line", [b"data: ", b"data: x\ndata: "])
def test_an_event_without_an_end_is_cut_off(line: bytes) -> None:
    parser = Parser()
    parser.feed(line)
    for _ in range(MOST_BYTES // 1_000 - 1):
        parser.feed(b"a" * 1_000)
    with pytest.raises(TooLong):
        parser.feed(b"a" * 2_000)


def test_byte_by_byte_gives_the_same() -> None:
    parser = Parser()
    assert [event for byte in STREAM for event in parser.feed(bytes([byte]))] == FOUND


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def listen(serve: Serve, most: int, pause_s: float = 0.01) -> list[Event]:
    """The first events of a phone that listens."""
    async def run() -> list[Event]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found: list[Event] = []
        async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}",
                                             trust_env=False) as client, \
                aclosing(events(client, "/events", lambda: 1.0, pause_s=pause_s)) as stream:
            async with asyncio.timeout(20):
                async for event in stream:
                    found.append(event)
                    if len(found) == most:
                        break
        return found

    return asyncio.run(run())


def test_a_lost_stream_is_taken_up_where_it_was() -> None:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        asked.append(head.partition("last-event-id: ")[2].partition("\r\n")[0])
        number = len(asked)
        if number == 2:
            writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif number != 3:  # the third hangs up at once
            writer.write(HEAD + b"retry: 1\nid: %d\nevent: payment\ndata: {}\n\n" % number)
        await writer.drain()
        writer.close()

    found = listen(serve, 4)
    assert found == [CONNECTED, Event("payment", "{}", "1"), CONNECTED, Event("payment", "{}", "4")]
    assert asked == ["", "1", "1", "1"]


def test_pauses_grow_and_have_a_bound() -> None:
    times: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times.append(asyncio.get_running_loop().time())
        await reader.readuntil(b"\r\n\r\n")
        if len(times) == 5:
            writer.write(HEAD)
            await writer.drain()
        writer.close()

    assert listen(serve, 1, pause_s=0.04) == [CONNECTED]
    gaps = [later - before for before, later in itertools.pairwise(times)]
    assert [gap >= 0.04 * 2**number for number, gap in enumerate(gaps)] == [True] * 4


def test_who_is_refused_does_not_ask_for_ever() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    with pytest.raises(Problem, match="404"):
        listen(serve, 1)

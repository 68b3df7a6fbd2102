"""A scripted peer for the terminals: it does with each message what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import iso
from iso import FRAMINGS, Framer, Message
from terminals.link import Address
from terminals.pos import Pos, Timing
from terminals.purchase import Card, Sale, Terminal
from terminals.record import Record
from terminals.session_keys import SessionKeys
from terminals.store import OfflineStore

NOON = datetime(2026, 11, 20, 12, 0, 1, tzinfo=ZoneInfo("Europe/Vienna"))
Answering = Callable[[Message], list[Message] | None]  # None: hang up


class ScriptedHost:
    """Listens on the loopback. seen: all that came; answering: what goes back, perhaps nothing."""

    def __init__(self, answering: Answering) -> None:
        self.seen: list[Message] = []
        self.answering = answering
        self.connections: set[asyncio.Task[None]] = set()
        self._codec = iso.get("ifsf").codec

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side hangs up."""
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        framing = FRAMINGS["binary2"]
        framer = Framer(framing)
        while data := await reader.read(4096):
            for frame in framer.feed(data):
                message = self._codec.decode(frame.body)
                self.seen.append(message)
                answers = self.answering(message)
                if answers is None:
                    await _hang_up(writer)
                    return
                for answer in answers:
                    writer.write(framing.wrap(self._codec.encode(answer)))
        await _hang_up(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def answer_to(message: Message, action: str = "000", **more: str) -> Message:
    """The answer of a host that agrees."""
    mti = message.mti[:2] + str(int(message.mti[2]) + 1) + "0"
    fields: dict[int, str | bytes] = {
        number: value for number, value in message.fields.items()
        if number in (4, 7, 11, 12, 32, 41, 49)}
    fields |= {39: action} | ({38: "ABC123"} if action == "000" else {})
    fields |= {int(name.removeprefix("field")): value for name, value in more.items()}
    return Message(mti, dict(sorted(fields.items())))


@asynccontextmanager
async def scripted(answering: Answering, *, store: OfflineStore | None = None,
                   record: Record | None = None, keys: SessionKeys | None = None,
                   ) -> AsyncIterator[tuple[Pos, ScriptedHost]]:
    """A terminal connected with a host that follows the script."""
    host = ScriptedHost(answering)
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    timing = Timing(answer_timeout_s=0.1, request_repeats=1, advice_repeats=2,
                    reconnect_pause_s=0.01)
    pos = Pos(Terminal("T0101", "STATION01", "280131"), Address(host="127.0.0.1", port=port),
              now=lambda: NOON, record=record, store=store, keys=keys, timing=timing)
    async with server:
        async with pos:
            yield pos, host
        await asyncio.gather(*host.connections)


SALE = Sale(Card("7801310000000000005", "2912"), 4_135)

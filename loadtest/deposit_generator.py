"""The load of safes: a connection each, one deposit in flight, as fast as may be or at a pace.

Knows the bytes of one message and where an answer says that it was taken; nothing else, so that it
costs little beside what it measures. At a pace a latency counts from the moment at which the
deposit was due, so that waiting for a connection is in it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, cast

import msgspec

from loadtest.channels import safe_name

DEPOSITOR: Final = "ana"
SHIFT: Final = "load-1"
_APPROVED: Final = b'"decision":"approved"'
_NOTHING_WITHHELD: Final = b'"withheld":[]'
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_TICK_S: Final = 0.001


class Seen:
    """What one measured stretch showed."""

    def __init__(self) -> None:
        self.latencies_s: list[float] = []
        self.errors = 0
        self.seconds = 0.0
        self.first_error = ""

    def percentile_ms(self, percent: int) -> float:
        """Of the latencies; 0 where there are none."""
        ordered = sorted(self.latencies_s)
        return round(ordered[len(ordered) * percent // 100] * 1000, 3) if ordered else 0.0


class Template(msgspec.Struct, frozen=True):
    """A request cut where it varies: head | length | blank line | body up to the number | rest."""

    head: bytes
    tail: bytes

    def of(self, sequence: int) -> bytes:
        """The deposit of this number."""
        number = b"%d" % sequence
        return b"%sIdempotency-Key: load-%s\r\nContent-Length: %d\r\n\r\n{\"sequence\":%s%s" % (
            self.head, number, len(self.tail) + len(number) + 12, number, self.tail)


def template(terminal_id: str, cassette: str, local_time: str) -> Template:
    """A deposit of notes and coins of one safe, with all that a real one has."""
    content = {
        "local_time": local_time, "amount_minor": 32_650, "currency": "EUR", "kind": "cash",
        "denominations": [
            {"value_minor": 5_000, "count": 4, "kind": "note", "category": "4a"},
            {"value_minor": 2_000, "count": 6, "kind": "note", "category": "4a"},
            {"value_minor": 50, "count": 13, "kind": "coin"}],
        "depositor": DEPOSITOR, "cassette": cassette, "shift": SHIFT, "reference_model": "SI12",
        "reference": "2611220001", "receipt": "000001"}
    tail = b"," + msgspec.json.encode(content)[1:]
    head = (f"POST /v1/safes/{terminal_id}/deposits HTTP/1.1\r\nHost: host\r\n"
            "Content-Type: application/json\r\n")
    return Template(head.encode(), tail)


class Safe(asyncio.Protocol):
    """One connection of one safe."""

    def __init__(self, made: Template) -> None:
        self._template = made
        self._sequence = 0
        self._due_s = 0.0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.seen = Seen()
        self.answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, due_s: float) -> asyncio.Future[None]:
        """One deposit; done when it is answered. due_s: of perf_counter."""
        assert self._transport is not None, "connected"
        self._sequence += 1
        self._due_s = due_s
        self.answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._template.of(self._sequence))
        return self.answered

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        end = data.find(_END)
        if end < 0 or len(data) < end + len(_END) + _length(data[:end]):
            self._buffer = data
            return
        self._buffer = b""
        self.seen.latencies_s.append(time.perf_counter() - self._due_s)
        if not data.startswith(b"HTTP/1.1 200") or _APPROVED not in data \
                or _NOTHING_WITHHELD not in data:
            self._error(data.decode(errors="replace"))
        self._done()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self._error(f"the connection was lost: {exc}")
            self._done()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _error(self, what: str) -> None:
        self.seen.errors += 1
        self.seen.first_error = self.seen.first_error or what

    def _done(self) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(None)


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH) + len(_LENGTH)
    return int(head[at:].split(b"\r\n", 1)[0])


async def connect(ports: Sequence[int], cassettes: Sequence[str],
                  contexts: Sequence[ssl.SSLContext | None], at: datetime) -> list[Safe]:
    """A connection for each cassette's safe, to the port in the same place."""
    loop = asyncio.get_running_loop()
    local_time = at.replace(tzinfo=None).isoformat(timespec="seconds")
    safes = []
    for number, (port, cassette, context) in enumerate(
            zip(ports, cassettes, contexts, strict=True), start=1):
        made = template(safe_name(number), cassette, local_time)
        _, safe = await loop.create_connection(
            partial(Safe, made), "127.0.0.1", port, ssl=context)
        safes.append(safe)
    return safes


async def flat_out(safes: Sequence[Safe], *, seconds: float = 0.0, each: int = -1) -> Seen:
    """Every safe asks again when it is answered: for so long, or so often each."""
    seen = _fresh(safes)
    started = time.perf_counter()

    async def run(safe: Safe) -> None:
        left = each
        while left != 0 and (not seconds or time.perf_counter() - started < seconds):
            await safe.ask(time.perf_counter())
            left -= 1

    await asyncio.gather(*(run(safe) for safe in safes))
    seen.seconds = time.perf_counter() - started
    return seen


async def paced(safes: Sequence[Safe], *, per_second: float, seconds: float) -> Seen:
    """So many a second, each at its moment; one that finds no free safe waits, and it counts."""
    seen = _fresh(safes)
    free: deque[Safe] = deque(safes)
    under_way: set[asyncio.Future[None]] = set()
    started = time.perf_counter()

    def begin(due_s: float) -> None:
        safe = free.popleft()
        answered = safe.ask(due_s)
        under_way.add(answered)

        def ended(done: asyncio.Future[None]) -> None:
            under_way.discard(done)
            free.append(safe)

        answered.add_done_callback(ended)

    number = 0
    while (due_s := number / per_second) < seconds:
        wait_s = started + due_s - time.perf_counter()
        if wait_s > 0 or not free:
            await asyncio.sleep(max(wait_s, _TICK_S))
            continue
        begin(started + due_s)
        number += 1
    while under_way:
        await asyncio.wait(under_way)
    seen.seconds = time.perf_counter() - started
    return seen


def _fresh(safes: Sequence[Safe]) -> Seen:
    seen = Seen()
    for safe in safes:
        safe.seen = seen
    return seen

"""Commands to an HSM as fast as it answers, or at a pace; and what came of them.

Knows frames and times; not what a command means. Answers come in the order of the commands, so that
a queue of times is all that is needed to know how long each one took.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import cast

HEADER = b"LOAD"
_CODE = slice(8, 10)  # of a framed answer: length 2, header 4, letters 2, error code 2


class Seen:
    """What came of a stretch: latencies in seconds, and the error codes."""

    def __init__(self) -> None:
        self.latencies_s: list[float] = []
        self.codes: dict[bytes, int] = {}
        self.seconds = 0.0

    def count(self, answer: memoryview) -> None:
        """One answer, from its length on."""
        code = bytes(answer[_CODE])
        self.codes[code] = self.codes.get(code, 0) + 1

    def require(self, code: bytes) -> None:
        """Every answer has this code, else the figures mean nothing."""
        if set(self.codes) != {code}:
            raise RuntimeError(f"the HSM answered {self.codes}, not {code.decode()} alone")

    def percentile_us(self, percent: int) -> float:
        """Of the latencies."""
        ordered = sorted(self.latencies_s)
        return round(ordered[len(ordered) * percent // 100] * 1e6, 1)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return round(len(self.latencies_s) / self.seconds, 1)


def framed(command: bytes) -> bytes:
    """A command with header and length, ready for the wire."""
    return (len(command) + len(HEADER)).to_bytes(2, "big") + HEADER + command


def whole_answers(data: bytes) -> Iterator[memoryview]:
    """The framed answers that are whole in these bytes."""
    at, view = 0, memoryview(data)
    while at + 2 <= len(data):
        end = at + 2 + (data[at] << 8 | data[at + 1])
        if end > len(data):
            return
        yield view[at:end]
        at = end


class Pipe(asyncio.Protocol):
    """One connection that keeps so many commands under way."""

    def __init__(self, commands: Iterable[bytes], depth: int, seen: Seen, until_s: float) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._commands = itertools.cycle(commands)
        self._depth = depth
        self._seen = seen
        self._until_s = until_s
        self._sent: deque[float] = deque()
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send(self._depth)

    def data_received(self, data: bytes) -> None:
        data = self._held + data
        now, at, answered = time.perf_counter(), 0, 0
        for answer in whole_answers(data):
            self._seen.latencies_s.append(now - self._sent.popleft())
            self._seen.count(answer)
            at += len(answer)
            answered += 1
        self._held = data[at:]
        if now < self._until_s:
            self._send(answered)
        elif not self._sent:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent:
            self.done.set_exception(exc or ConnectionError("the HSM hung up"))
        else:
            self.done.set_result(None)

    def _send(self, count: int) -> None:
        now = time.perf_counter()
        self._sent.extend([now] * count)
        self._transport.write(b"".join(itertools.islice(self._commands, count)))


async def flat_out(port: int, commands: Sequence[bytes], *, connections: int, depth: int,
                   seconds: float) -> Seen:
    """Every connection always has `depth` commands under way."""
    seen, loop = Seen(), asyncio.get_running_loop()
    started = time.perf_counter()
    until_s = started + seconds
    pipes = [await loop.create_connection(
        partial(Pipe, _from(commands, number / connections), depth, seen, until_s),
        "127.0.0.1", port) for number in range(connections)]
    await asyncio.gather(*(pipe.done for _, pipe in pipes))
    seen.seconds = time.perf_counter() - started
    return seen


def _from(commands: Sequence[bytes], part: float) -> list[bytes]:
    """The same commands, begun elsewhere: connections do not all send the same one at once."""
    first = int(len(commands) * part)
    return [*commands[first:], *commands[:first]]


def paced(port: int, commands: Sequence[bytes], *, per_second: int, seconds: float) -> Seen:
    """So many a second on one connection, each at its time whether the last one came back or not.

    A latency counts from the time at which the command was due: a stall is not left out. The
    generator never sleeps, so that its own waking is not in the figures.
    """
    seen, due_s = Seen(), deque[float]()
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setblocking(False)
        endless, held = itertools.cycle(commands), b""
        started = time.perf_counter()
        total, sent = int(seconds * per_second), 0
        while len(seen.latencies_s) < total:
            now = time.perf_counter()
            if sent < total and now >= started + sent / per_second:
                due_s.append(started + sent / per_second)
                line.send(next(endless))
                sent += 1
            try:
                data = held + line.recv(65536)
            except BlockingIOError:
                continue
            now, at = time.perf_counter(), 0
            for answer in whole_answers(data):
                seen.latencies_s.append(now - due_s.popleft())
                seen.count(answer)
                at += len(answer)
            held = data[at:]
        seen.seconds = time.perf_counter() - started
    return seen

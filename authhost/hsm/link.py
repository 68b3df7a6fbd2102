"""One connection to one HSM: many calls at once, told apart by the header that the HSM echoes.

Knows the frame of payShield host commands: 2 bytes length (big-endian, itself not counted), the
message header (4 characters here, the HSM's own setting), the command's two letters, its fields.
Knows nothing of what a command does. Calls of one turn of the event loop leave in one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final, cast

HEADER_BYTES: Final = 4
_CODE_BYTES: Final = 4  # two letters and the error code
_NUMBERS: Final = 0x10000  # headers before they begin again: more than may be pending
_MOST_BYTES: Final = 0xFFFF
_MOST_OVERDUE: Final = 256  # answers that are still owed: beyond it the HSM is too slow to be used


class LinkLost(Exception):  # reads as what it says
    """The connection has gone, or the HSM is silent: another may be asked."""


class Overdue(Exception):  # reads as what it says
    """This call got no answer in its time, though the HSM answers others."""


class _Call:
    __slots__ = ("answers", "due_s", "future", "parts", "sent_s")

    def __init__(self, future: asyncio.Future[list[bytes]], due_s: float, sent_s: float,
                 answers: int) -> None:
        self.future = future
        self.due_s = due_s
        self.sent_s = sent_s
        self.answers = answers  # that are still to come: a command that prints has two
        self.parts: list[bytes] = []


class Link(asyncio.Protocol):
    """A pipelined connection. `lost` is called once, when it has gone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[Link], None]) -> None:
        self._loop = loop
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._pending: dict[bytes, _Call] = {}
        self._owed: set[bytes] = set()  # headers of overdue calls: not used again until answered
        self._unsent: list[bytes] = []
        self._received = b""
        self._number = 0
        self._why = "connection closed"
        self.heard_s = monotonic()
        self.closed = False

    def __len__(self) -> int:
        """How many calls are on their way."""
        return len(self._pending)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)
        self.heard_s = monotonic()

    def call(self, command: bytes, within_s: float, answers: int = 1,
             ) -> asyncio.Future[list[bytes]]:
        """Send a command; its answers, each from the two letters on.

        LinkLost when the connection goes before they have come, Overdue when they have not come
        within `within_s` seconds (`check` finds both out).
        """
        if self.closed:
            raise LinkLost(self._why)
        length = HEADER_BYTES + len(command)
        assert length <= _MOST_BYTES, "a command fits its length field"
        header = self._header()
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(length.to_bytes(2, "big") + header + command)
        future: asyncio.Future[list[bytes]] = self._loop.create_future()
        now = monotonic()
        self._pending[header] = _Call(future, now + within_s, now, answers)
        return future

    def _header(self) -> bytes:
        """A header that no call has: a late answer must never be taken for another's."""
        while True:
            self._number = (self._number + 1) % _NUMBERS
            header = b"%04X" % self._number
            if header not in self._pending and header not in self._owed:
                return header

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and not self.closed:
            self._transport.write(b"".join(unsent))

    def data_received(self, data: bytes) -> None:
        self.heard_s = monotonic()
        received = self._received + data if self._received else data
        at, end = 0, len(received)
        while end - at >= 2:
            length = int.from_bytes(received[at:at + 2], "big")
            if length < HEADER_BYTES + _CODE_BYTES:
                self.close(f"an answer of {length} bytes is none")
                return
            if end - at - 2 < length:
                break
            start = at + 2
            at = start + length
            self._answered(received[start:start + HEADER_BYTES],
                           received[start + HEADER_BYTES:at])
            if self.closed:
                return
        self._received = received[at:]

    def _answered(self, header: bytes, answer: bytes) -> None:
        call = self._pending.get(header)
        if call is None:
            if header not in self._owed:
                self.close("the HSM answers what nobody has asked")
            self._owed.discard(header)
            return
        call.parts.append(answer)
        call.answers -= 1
        if call.answers and answer[2:4] == b"00":
            return
        del self._pending[header]
        if not call.future.done():
            call.future.set_result(call.parts)

    def check(self, now_s: float) -> None:
        """Fail what is overdue; close when nothing at all was heard since an overdue call left."""
        overdue = [header for header, call in self._pending.items() if call.due_s <= now_s]
        if any(self._pending[header].sent_s >= self.heard_s for header in overdue):
            self.close("the HSM is silent")
            return
        for header in overdue:
            self._owed.add(header)
            future = self._pending.pop(header).future
            if not future.done():
                future.set_exception(Overdue("no answer in time"))
        if len(self._owed) > _MOST_OVERDUE:
            self.close("the HSM is too slow")

    def pause_writing(self) -> None:
        """The HSM does not read: it is as good as away."""
        self.close("the HSM does not read")

    def close(self, why: str = "closed") -> None:
        """Let go now: all that is pending is lost."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._why = str(exc)
        self._end()

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        pending, self._pending = self._pending, {}
        for call in pending.values():
            if not call.future.done():
                call.future.set_exception(LinkLost(self._why))
        self._lost(self)

    @property
    def why(self) -> str:
        """Why it was closed."""
        return self._why

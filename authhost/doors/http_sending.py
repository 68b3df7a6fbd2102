"""Answers on their way to one peer: a few pieces are with the transport, the rest waits here.

Knows a transport; must not know HTTP. So a peer that does not read holds one answer, not many, and
who reads slowly but does read is told from who does not.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
from typing import Any, Final

_PIECE: Final = 64 * 1024
_INT: Final = struct.Struct("i")


class Sending:
    """What leaves. full: the transport takes no more for now."""

    __slots__ = ("_rest", "_seen", "_since", "_transport", "full")

    def __init__(self, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(high=_PIECE)
        self._transport = transport
        self._rest: memoryview | None = None
        self._since = 0.0
        self._seen = 0
        self.full = False

    def put(self, data: bytes) -> None:
        """Send it, after what was put before it, which has left."""
        if len(data) <= _PIECE:
            self._transport.write(data)
        else:
            self._rest = memoryview(data)
            self._push()

    def stop(self, now: float) -> None:
        """The transport has enough."""
        self.full = True
        self._since, self._seen = now, self._left()

    def go_on(self) -> bool:
        """The transport takes more; True: it has everything."""
        self.full = False
        self._push()
        return not self.full

    def stands_since(self, now: float) -> float:
        """Since when the peer has taken nothing."""
        left = self._left()
        if left < self._seen:
            self._since, self._seen = now, left
        return self._since

    def empty(self) -> bool:
        """Whether the peer's side has all of it."""
        return not self._left()

    def _push(self) -> None:
        while self._rest is not None and not self.full:
            piece = self._rest[:_PIECE]
            self._rest = self._rest[_PIECE:] if len(self._rest) > _PIECE else None
            self._transport.write(piece)

    def _left(self) -> int:
        """Bytes that the peer's side has not taken: here, in the transport, in the kernel."""
        rest = 0 if self._rest is None else len(self._rest)
        return rest + self._transport.get_write_buffer_size() + _unsent(self._transport)


def _unsent(transport: Any) -> int:
    """What the kernel has of it: it takes megabytes at once, and then nothing for long."""
    socket = transport.get_extra_info("socket")
    try:
        answer = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(_INT.size))
    except (AttributeError, OSError):
        return 0  # closed meanwhile
    size: int = _INT.unpack(answer)[0]
    return size

"""Frames of the host interface: two bytes of length, big-endian, then so many bytes of message.

Knows how long a message may be; does not look into one. PURE.
"""

from __future__ import annotations

from typing import Final

from hsm_sim.settings import LONGEST_MESSAGE

LENGTH_BYTES: Final = 2
LONGEST_ANSWER: Final = 0xFFFF


class Framer:
    """Bytes in, as they come; whole messages out. Holds at most one message that is not whole."""

    def __init__(self) -> None:
        self._held = b""
        self.broken = False  # after a length that cannot be believed nothing more is read

    @property
    def half(self) -> bool:
        """A message has begun and is not whole."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now; those before a broken length are answered still."""
        if self.broken:
            return []
        if self._held:
            data = self._held + data
        messages: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= LENGTH_BYTES:
            length = data[at] << 8 | data[at + 1]
            if length > LONGEST_MESSAGE:
                self.broken = True
                at = end
                break
            after = at + LENGTH_BYTES + length
            if after > end:
                break
            messages.append(data[at + LENGTH_BYTES:after])
            at = after
        self._held = data[at:]
        return messages


def framed(message: bytes) -> bytes:
    """A message of at most LONGEST_ANSWER bytes with its length before it."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message

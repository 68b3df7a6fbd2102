"""Where one message ends and the next begins on a stream.

Knows: length prefixes, transport headers, and how large a frame may be. Must not know: sockets,
or what is in a body. Bytes in, frames out; byte by byte or all at once gives the same frames and
the same fault (invariant 14). The buffer never holds more than one unfinished frame.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from iso.errors import FramingError

MAX_FRAME_BYTES = 8192
TPDU_BYTES = 5


@dataclass(frozen=True, slots=True)
class Framing:
    """One way to delimit messages.

    length: `binary` big-endian, or `ascii` decimal digits, `length_bytes` wide.
    inclusive: the length counts its own bytes too. header_bytes: of transport header between
    length and message, counted by the length; 5 is a TPDU (id, destination, origin).
    max_frame_bytes: the largest header plus body that is taken or sent.
    """

    name: str
    length: Literal["binary", "ascii"]
    length_bytes: int
    inclusive: bool = False
    header_bytes: int = 0
    max_frame_bytes: int = MAX_FRAME_BYTES

    def payload_bytes(self, prefix: bytes) -> int:
        """Bytes of header and body that a length prefix announces. Raises FramingError."""
        if self.length == "ascii":
            if not prefix.isdigit():
                raise FramingError(FramingError.NOT_DIGITS)
            announced = int(prefix)
        else:
            announced = int.from_bytes(prefix, "big")
        if announced == 0:
            raise FramingError(FramingError.ZERO)
        payload = announced - self.length_bytes if self.inclusive else announced
        if payload > self.max_frame_bytes:
            raise FramingError(FramingError.OVERSIZE)
        if payload <= self.header_bytes:
            raise FramingError(FramingError.TOO_SHORT)
        return payload

    def wrap(self, body: bytes, header: bytes = b"") -> bytes:
        """The frame of a body. `header` has exactly `header_bytes` bytes.

        Raises FramingError when the frame would be too large to announce, or empty.
        """
        assert len(header) == self.header_bytes, "the framing says how long a header is"
        payload = len(header) + len(body)
        announced = payload + self.length_bytes if self.inclusive else payload
        radix = 10 if self.length == "ascii" else 256
        if payload > self.max_frame_bytes or announced >= radix**self.length_bytes:
            raise FramingError(FramingError.OVERSIZE)
        if not body:
            raise FramingError(FramingError.TOO_SHORT)
        if self.length == "ascii":
            prefix = str(announced).zfill(self.length_bytes).encode("ascii")
        else:
            prefix = announced.to_bytes(self.length_bytes, "big")
        return prefix + header + body

    def reply_header(self, header: bytes) -> bytes:
        """The header of the answer to a frame: a TPDU's destination and origin change places."""
        if len(header) != TPDU_BYTES:
            return header
        return header[:1] + header[3:5] + header[1:3]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message as it came: its transport header (may be empty) and its body."""

    header: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"Frame(header={self.header!r}, body=<{len(self.body)} bytes>)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Rich prints a struct's values by itself unless told otherwise."""
        return [("header", self.header), ("body_bytes", len(self.body))]


class Framer:
    """Cuts one connection's incoming stream into frames."""

    __slots__ = ("_buffer", "_framing", "_needed", "fault")

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._buffer = bytearray()
        # Bytes that must be in the buffer before it is worth looking again.
        self._needed = framing.length_bytes
        self.fault: FramingError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete once `data` has come.

        Raises FramingError when there is nothing before the fault. Frames before it are returned
        first, `fault` is set, and the next call raises it: what came before is never lost.
        """
        if self.fault is not None:
            raise self.fault
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        frames, end = self._cut(data)
        if self.fault is not None:
            if frames:
                return frames
            raise self.fault
        if end < len(data):
            self._buffer += data[end:]
        return frames

    def _cut(self, data: bytes) -> tuple[list[Frame], int]:
        """The whole frames in `data`, and where the unfinished one begins."""
        framing = self._framing
        length_bytes, header_bytes = framing.length_bytes, framing.header_bytes
        frames: list[Frame] = []
        at = 0
        while True:
            start = at + length_bytes
            if len(data) < start:
                self._needed = length_bytes
                return frames, at
            try:
                end = start + framing.payload_bytes(data[at:start])
            except FramingError as fault:
                self.fault = fault
                return frames, at
            if len(data) < end:
                self._needed = end - at
                return frames, at
            body = start + header_bytes
            frames.append(Frame(data[start:body], data[body:end]))
            at = end

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the unfinished frame: never more than one frame with its length."""
        return len(self._buffer)


FRAMINGS = {
    framing.name: framing
    for framing in (
        Framing("binary2", "binary", 2),
        Framing("binary2_inclusive", "binary", 2, inclusive=True),
        Framing("ascii4", "ascii", 4),
        Framing("binary2_tpdu", "binary", 2, header_bytes=TPDU_BYTES),
        Framing("binary2_inclusive_tpdu", "binary", 2, inclusive=True, header_bytes=TPDU_BYTES),
        Framing("ascii4_tpdu", "ascii", 4, header_bytes=TPDU_BYTES),
    )
}

"""Commands and responses of a card (ISO/IEC 7816-4), short form, and the status words in use.

PURE: knows their bytes, not their meaning.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

SECURE: Final = 0x0C  # class bits: secure messaging, the header under the MAC
ALL: Final = 256  # Le: whatever there is


class Status(IntEnum):
    """Status words of ISO 7816-4 that this card says. 63C0 to 63CF: `tries`."""

    DONE = 0x9000
    BLOCKED_FILE = 0x6283  # SELECT of a blocked card
    NOT_PROVED = 0x6300
    TRIES = 0x63C0
    MEMORY = 0x6581
    LENGTH = 0x6700
    NOT_ENTITLED = 0x6982
    PIN_BLOCKED = 0x6983
    NOT_VALID = 0x6984
    NOT_IN_THIS_STATE = 0x6985
    SECURE_MISSING = 0x6987
    SECURE_WRONG = 0x6988
    DATA = 0x6A80
    NO_APPLICATION = 0x6A82
    NO_RECORD = 0x6A83
    P1P2 = 0x6A86
    NO_DATA = 0x6A88
    INSTRUCTION = 0x6D00
    CLASS = 0x6E00


class ApduError(ValueError):
    """Bytes that are no short command or no response."""


class Command(msgspec.Struct, frozen=True, gc=False):
    """A command. le: 1..256 bytes expected, None: none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2."""
        return bytes([self.cla, self.ins, self.p1, self.p2])

    @property
    def p1p2(self) -> int:
        """Both parameters as one number."""
        return self.p1 << 8 | self.p2

    def encode(self) -> bytes:
        """The command's bytes."""
        assert len(self.data) <= 0xFF
        assert self.le is None or 1 <= self.le <= ALL
        body = bytes([len(self.data)]) + self.data if self.data else b""
        return self.header + body + (b"" if self.le is None else bytes([self.le & 0xFF]))

    @staticmethod
    def parse(raw: bytes) -> Command:
        """Cases 1 to 4 of the short form; ApduError for all else, extended length included."""
        if len(raw) < 4:
            raise ApduError(f"a command has a header of four bytes, not {len(raw)}")
        cla, ins, p1, p2 = raw[:4]
        body = raw[4:]
        if not body:
            return Command(cla, ins, p1, p2)
        if len(body) == 1:
            return Command(cla, ins, p1, p2, le=body[0] or ALL)
        length = body[0]
        if length == 0 or len(body) not in (1 + length, 2 + length):
            raise ApduError(f"Lc {length} does not fit a body of {len(body)} bytes")
        le = (body[-1] or ALL) if len(body) == 2 + length else None
        return Command(cla, ins, p1, p2, body[1:1 + length], le)

    def __repr__(self) -> str:
        return f"Command({self.header.hex()}, {len(self.data)} bytes)"


class Response(msgspec.Struct, frozen=True, gc=False):
    """What a card answers."""

    data: bytes
    sw: int

    def encode(self) -> bytes:
        """Data, SW1, SW2."""
        return self.data + self.sw.to_bytes(2, "big")

    @staticmethod
    def parse(raw: bytes) -> Response:
        """ApduError for less than two bytes."""
        if len(raw) < 2:
            raise ApduError(f"a response has a status word, not {len(raw)} bytes")
        return Response(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def __repr__(self) -> str:
        return f"Response({self.sw:04X}, {len(self.data)} bytes)"


def tries(sw: int) -> int | None:
    """The tries left that a status word names: 63Cx and 6983; None for any other."""
    if sw == Status.PIN_BLOCKED:
        return 0
    return sw & 0xF if sw & 0xFFF0 == Status.TRIES else None

"""The header of a key block: what a key is for, in text, and its optional blocks.

Knows: each field of TR-31:2018 / X9.143 and what may stand in it. Must not know: keys.

The optional block PB only fills the header up to whole cipher blocks. It is checked when a header
is read, written when one is written, and never a part of `Header.blocks`; every other optional
block, known or not, is kept as it is, in its order.
"""

import string
from typing import Final

import msgspec

LONGEST_BLOCK: Final = 9999
MAX_OPTIONAL_BLOCKS: Final = 99
_FIXED: Final = 16
_PADDING: Final = "PB"
_ALPHANUMERIC: Final = frozenset(string.ascii_uppercase + string.digits)
_BLOCK_SIZE: Final = {"A": 8, "B": 8, "C": 8, "D": 16}

# A value whose first character is a digit is proprietary, in each of these four.
_USAGES: Final = frozenset({
    "B0", "B1", "B2", "B3", "C0", "D0", "D1", "D2", "D3", "E0", "E1", "E2", "E3", "E4", "E5", "E6",
    "E7", "I0", "K0", "K1", "K2", "K3", "K4", "M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8",
    "P0", "P1", "S0", "S1", "S2", "V0", "V1", "V2", "V3", "V4", "V5"})
_ALGORITHMS: Final = frozenset("ADEHRST" + string.digits)
_MODES: Final = frozenset("BCDEGNSTVXY" + string.digits)
_EXPORTABILITY: Final = frozenset("ENS" + string.digits)


class KeyBlockError(Exception):
    """A key block, or a header for one, that is not good. `reason` says which part:

    'version', 'length', 'usage', 'algorithm', 'mode', 'version_number', 'exportability',
    'optional', 'reserved', 'character', 'protection_key', 'key_length', 'mac'.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Header(msgspec.Struct, frozen=True):
    """The header's fields, checked when it is made.

    usage, version_number and each block's id have two characters, the others one. A block is
    (id, data): printable ASCII, without the id and the length that stand before it on the wire.
    """

    version: str
    usage: str
    algorithm: str
    mode: str
    version_number: str = "00"
    exportability: str = "N"
    blocks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """KeyBlockError for the first field that may not be so."""
        if self.version not in _BLOCK_SIZE:
            raise KeyBlockError("version", f"a key block is A, B, C or D, not {self.version!r}")
        if self.usage not in _USAGES and not (
                len(self.usage) == 2 and self.usage[0] in string.digits
                and self.usage[1] in _ALPHANUMERIC):
            raise KeyBlockError("usage", f"no such key usage: {self.usage!r}")
        if self.algorithm not in _ALGORITHMS:
            raise KeyBlockError("algorithm", f"no such algorithm: {self.algorithm!r}")
        if self.mode not in _MODES:
            raise KeyBlockError("mode", f"no such mode of use: {self.mode!r}")
        if len(self.version_number) != 2 or not (
                self.version_number.isascii() and self.version_number.isalnum()):
            raise KeyBlockError(
                "version_number", f"a key version is two characters, not {self.version_number!r}")
        if self.exportability not in _EXPORTABILITY:
            raise KeyBlockError("exportability", f"no such exportability: {self.exportability!r}")
        _check_blocks(self.blocks)

    @property
    def block_size(self) -> int:
        """Bytes of the cipher's block: 8, or 16 for version D."""
        return _BLOCK_SIZE[self.version]

    @classmethod
    def parse(cls, text: str) -> "Header":
        """The header of a text that begins with one: a key block, or a header alone.

        Its length field is not read. KeyBlockError with the first field that is wrong.
        """
        return cls.read(text)[0]

    @classmethod
    def read(cls, text: str) -> tuple["Header", int]:
        """The header that a key block begins with, and where it ends."""
        if not (text.isascii() and text.isprintable()):
            raise KeyBlockError("character", "a key block is printable ASCII")
        if text[:1] not in _BLOCK_SIZE:  # says more than a length, and an empty text has none
            raise KeyBlockError("version", f"a key block is A, B, C or D, not {text[:1]!r}")
        if len(text) < _FIXED:
            raise KeyBlockError("length", f"a header has 16 characters, not {len(text)}")
        if not text[1:5].isdecimal():
            raise KeyBlockError("length", f"the length is not digits: {text[1:5]!r}")
        if not text[12:14].isdecimal():
            raise KeyBlockError(
                "optional", f"the number of optional blocks is not digits: {text[12:14]!r}")
        if text[14:16] != "00":
            raise KeyBlockError("reserved", f"the reserved field is 00, not {text[14:16]!r}")
        blocks, end = _read_blocks(text, int(text[12:14]), _BLOCK_SIZE[text[0]])
        return cls(version=text[0], usage=text[5:7], algorithm=text[7], mode=text[8],
                   version_number=text[9:11], exportability=text[11], blocks=blocks), end

    def text(self, total: int) -> str:
        """The header in a key block of so many characters."""
        optional = "".join([_written(name, data) for name, data in self.blocks])
        count = len(self.blocks)
        missing = -len(optional) % self.block_size
        if missing:
            while missing < 4:  # a block has an id and a length
                missing += self.block_size
            optional += _written(_PADDING, "0" * (missing - 4))
            count += 1
        return (f"{self.version}{total:04}{self.usage}{self.algorithm}{self.mode}"
                f"{self.version_number}{self.exportability}{count:02}00{optional}")


def _check_blocks(blocks: tuple[tuple[str, str], ...]) -> None:
    if len(blocks) >= MAX_OPTIONAL_BLOCKS:
        raise KeyBlockError("optional", f"{len(blocks)} optional blocks are too many")
    for name, data in blocks:
        if len(name) != 2 or not _ALPHANUMERIC.issuperset(name) or name == _PADDING:
            raise KeyBlockError("optional", f"no id of an optional block: {name!r}")
        if not (data.isascii() and data.isprintable()):
            raise KeyBlockError("character", f"optional block {name} is not printable ASCII")
        if len(data) + 10 > LONGEST_BLOCK - _FIXED:
            raise KeyBlockError("optional", f"optional block {name} is too long")
    names = [name for name, _ in blocks]
    if len(set(names)) != len(names):
        raise KeyBlockError("optional", "an optional block comes twice")


def _written(name: str, data: str) -> str:
    """id, length of all three, data; a length above 255 is 00, 02, and four digits."""
    length = 4 + len(data)
    if length > 0xFF:
        return f"{name}0002{length + 6:04X}{data}"
    return f"{name}{length:02X}{data}"


def _read_blocks(text: str, count: int, size: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """The optional blocks without PB, and where they end."""
    blocks: list[tuple[str, str]] = []
    at = _FIXED
    for number in range(1, count + 1):
        name = text[at : at + 2]
        length, start = _block_length(text, at)
        data = text[start : at + length]
        if start > at + length or at + length > len(text):
            raise KeyBlockError("optional", f"optional block {name!r} does not fit in its length")
        at += length
        if name != _PADDING:
            blocks.append((name, data))
        elif number != count:
            raise KeyBlockError("optional", "padding block PB is not the last one")
    if (at - _FIXED) % size:
        raise KeyBlockError("optional", f"the optional blocks are not in whole blocks of {size}")
    return tuple(blocks), at


def _block_length(text: str, at: int) -> tuple[int, int]:
    """Characters of the optional block that begins there, and where its data begins."""
    start = at + 4
    digits = text[at + 2 : start]
    if digits == "00":
        size = _hexadecimal(text[start : start + 2], 2) * 2
        digits = text[start + 2 : start + 2 + size]
        start += 2 + size
        if size == 0:
            raise KeyBlockError("optional", "the length of an optional block's length is 00")
        return _hexadecimal(digits, size), start
    return _hexadecimal(digits, 2), start


def _hexadecimal(digits: str, count: int) -> int:
    if len(digits) != count or digits.strip("0123456789ABCDEF"):
        raise KeyBlockError("optional", f"the length of an optional block: {digits!r}")
    return int(digits, 16)

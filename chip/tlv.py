"""BER-TLV (ISO/IEC 8825-1, as ISO 7816-4 and EMV Book 3 annex B use it): tags of one or two bytes.

PURE: bytes in, pairs out. Lengths in one, two or three bytes, never indefinite, nothing between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 0xFFFF


class TlvError(ValueError):
    """Bytes that are no TLV, or not the expected one. Says what and where, never a value."""


def encode(tag: int, value: bytes) -> bytes:
    """One object. tag: as it stands in hex, 0x9F26."""
    length = len(value)
    assert length <= _LONGEST
    if length < 0x80:
        head = bytes([length])
    elif length <= 0xFF:
        head = bytes([0x81, length])
    else:
        head = b"\x82" + length.to_bytes(2, "big")
    return name(tag) + head + value


def name(tag: int) -> bytes:
    """The bytes of a tag."""
    return tag.to_bytes(1 if tag <= 0xFF else 2, "big")


def join(objects: Iterable[tuple[int, bytes]]) -> bytes:
    """Several objects, one behind the other."""
    return b"".join(encode(tag, value) for tag, value in objects)


def parse(data: bytes) -> list[tuple[int, bytes]]:
    """All objects of `data`, in their order; TlvError unless they fill it exactly."""
    objects, at = [], 0
    while at < len(data):
        tag, value, at = _one(data, at)
        objects.append((tag, value))
    return objects


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object that `data` is; TlvError where it is another, or more."""
    objects = parse(data)
    if len(objects) != 1 or objects[0][0] != tag:
        raise TlvError(f"expected one object {tag:X}, got {[f'{found:X}' for found, _ in objects]}")
    return objects[0][1]


def exactly(data: bytes, tags: tuple[int, ...]) -> list[bytes]:
    """The values of these objects, in this order; TlvError for any other list."""
    objects = parse(data)
    found = tuple(tag for tag, _ in objects)
    if found != tags:
        raise TlvError(f"expected {[f'{tag:X}' for tag in tags]}, got "
                       f"{[f'{tag:X}' for tag in found]}")
    return [value for _, value in objects]


def _one(data: bytes, at: int) -> tuple[int, bytes, int]:
    start = at
    tag, at = _byte(data, at)
    if tag & 0x1F == 0x1F:
        low, at = _byte(data, at)
        if low & 0x80:
            raise TlvError(f"a tag of more than two bytes at {start}")
        tag = tag << 8 | low
    length, at = _byte(data, at)
    if length & 0x80:
        size = length & 0x7F
        if size not in (1, 2):
            raise TlvError(f"the length of {tag:X} at {start} has {size} bytes")
        if at + size > len(data):
            raise TlvError(f"the length of {tag:X} at {start} is cut off")
        length, at = int.from_bytes(data[at:at + size], "big"), at + size
    if at + length > len(data):
        raise TlvError(f"{tag:X} at {start}: {length} bytes announced, {len(data) - at} are there")
    return tag, data[at:at + length], at + length


def _byte(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError(f"cut off at {at}")
    return data[at], at + 1

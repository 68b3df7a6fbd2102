"""BER-TLV as chip data uses it (ISO/IEC 7816-4, EMV Book 3 annex B): tags, lengths, values.

Knows: how objects follow each other. Must not know: what a tag means.
"""

from __future__ import annotations

from iso.errors import DecodeError

_MOST_TAG_BYTES = 3
_MOST_LENGTH_BYTES = 2


class TlvError(DecodeError):
    """Bytes that are no sequence of objects. field: the tag, in hexadecimal."""


def read(data: bytes) -> dict[str, bytes]:
    """The objects of the outermost level by tag (upper-case hexadecimal), in the order they came.

    Zero bytes between objects are skipped. Raises TlvError for a tag or a length that does not end,
    a value that is cut short, an indefinite length, a tag that comes twice.
    """
    objects: dict[str, bytes] = {}
    at, end = 0, len(data)
    while at < end:
        if not data[at]:
            at += 1
            continue
        start = at
        at += 1
        if data[start] & 0x1F == 0x1F:
            while at < end and data[at] & 0x80:
                at += 1
            at += 1
        tag = data[start:at].hex().upper()
        if at > end or at - start > _MOST_TAG_BYTES:
            raise TlvError(tag, start, "the tag does not end")
        if at == end:
            raise TlvError(tag, at, "has no length")
        length = data[at]
        at += 1
        if length >= 0x80:
            more = length & 0x7F
            if not more or more > _MOST_LENGTH_BYTES or at + more > end:
                raise TlvError(tag, at - 1, "the length is none")
            length = int.from_bytes(data[at:at + more], "big")
            at += more
        if at + length > end:
            raise TlvError(tag, at, "is cut short")
        if tag in objects:
            raise TlvError(tag, start, "comes twice")
        objects[tag] = data[at:at + length]
        at += length
    return objects


def write(tag: str, value: bytes) -> bytes:
    """One object; values up to 65,535 bytes."""
    length = len(value)
    size = bytes([length]) if length < 0x80 else (
        bytes([0x81, length]) if length < 0x100 else b"\x82" + length.to_bytes(2, "big"))
    return bytes.fromhex(tag) + size + value

"""The slow path: reads and writes a message element by element and names the first fault.

Knows: pyiso8583, which does the parsing, and the rules it does not have (kinds of elements,
lengths that are digits and nothing else, no third bitmap). Must not know: caches or compilation.
"""

import iso8583

from iso.errors import DecodeError, EncodeError
from iso.fields import (
    LAST_FIELD,
    MTI_DIGITS,
    SECONDARY_BITMAP,
    TERTIARY_BITMAP,
    Field,
    Specification,
)
from iso.message import Message

_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
# pyiso8583's keys for what is not a data element, and our words for them.
_NAMES = {"t": "MTI", "p": "bitmap"}


def decode(spec: Specification, data: bytes) -> Message:
    """The message of the bytes, or DecodeError with the first fault in wire order."""
    _check_start(spec, data)
    fault: DecodeError | None = None
    try:
        decoded, encoded = iso8583.decode(data, spec.pyiso8583)
    except iso8583.DecodeError as error:
        decoded, encoded = error.doc_dec, error.doc_enc
        fault = DecodeError(_NAMES.get(error.field, error.field), error.pos, error.msg)
    # Raised outside the handler, so that no exception drags the library's copy of the PAN along.
    fields: dict[int, str | bytes] = {}
    position = 0
    for key, wire in encoded.items():
        length, value = wire["len"], wire["data"]
        if key.isdecimal() and key != str(SECONDARY_BITMAP):
            number = int(key)
            field = spec.fields[number]
            if length and not length.isdigit():
                raise DecodeError(key, position, "length is not digits")
            if fault is None or fault.field != key:
                reason = _kind_fault(field, decoded[key])
                if reason:
                    raise DecodeError(key, position + len(length), reason)
            fields[number] = value if field.kind == "b" else decoded[key]
        position += len(length) + len(value)
    if fault is not None:
        raise fault
    return Message(decoded["t"], fields)


def _check_start(spec: Specification, data: bytes) -> None:
    """What must hold before pyiso8583 may read on: digits, hex digits, no third bitmap."""
    if not data[:MTI_DIGITS].isdigit():
        raise DecodeError("MTI", 0, "not four digits")
    width = bitmap_width(spec)
    for name, start in (("bitmap", MTI_DIGITS), (str(SECONDARY_BITMAP), MTI_DIGITS + width)):
        bitmap = data[start : start + width]
        if len(bitmap) < width:
            return  # pyiso8583 names it
        if spec.hex_bitmap and not _HEX_DIGITS.issuperset(bitmap):
            raise DecodeError(name, start, "not hexadecimal digits")
        if not has_next_bitmap(spec, bitmap):
            return
    raise DecodeError(str(TERTIARY_BITMAP), start, "a third bitmap is not supported")


def encode(spec: Specification, message: Message) -> bytes:
    """The bytes of the message, or EncodeError with the lowest element that cannot be sent."""
    if not (message.mti.isdecimal() and message.mti.isascii() and len(message.mti) == MTI_DIGITS):
        raise EncodeError("MTI", "not four digits")
    document = {"t": message.mti}
    for number in message.fields:
        if not isinstance(number, int) or number not in spec.fields or number == TERTIARY_BITMAP:
            raise EncodeError(str(number), "no such element")
    for number in sorted(message.fields):
        value, field = message.fields[number], spec.fields[number]
        if not isinstance(value, bytes if field.kind == "b" else str):
            raise EncodeError(str(number), "is bytes if and only if the element is binary")
        if isinstance(value, bytes):
            document[str(number)] = value.hex()
            continue
        reason = _kind_fault(field, value)
        if reason:
            raise EncodeError(str(number), reason)
        document[str(number)] = value
    fault: EncodeError
    try:
        return bytes(iso8583.encode(document, spec.pyiso8583)[0])
    except iso8583.EncodeError as error:
        fault = EncodeError(_NAMES.get(error.field, error.field), error.msg)
    raise fault


def _kind_fault(field: Field, value: str) -> str:
    """Why the text is not of the element's kind; empty when it is."""
    if field.kind == "n" and value and not (value.isascii() and value.isdecimal()):
        return "not digits"
    if field.kind in ("an", "ans", "z") and not value.isprintable():
        return "not printable"
    return ""


def bitmap_width(spec: Specification) -> int:
    """Bytes of one bitmap on the wire."""
    return 16 if spec.hex_bitmap else 8


def has_next_bitmap(spec: Specification, bitmap: bytes) -> bool:
    """Whether the first bit is set, which says that another bitmap follows."""
    return int(bitmap[:1], 16) >= 8 if spec.hex_bitmap else bitmap[0] >= 0x80


def shape_of(spec: Specification, data: bytes) -> bytes:
    """The bitmaps of an accepted message, as on the wire: what its compiled slicer is kept by."""
    width = bitmap_width(spec)
    primary = data[MTI_DIGITS : MTI_DIGITS + width]
    widths = 2 if has_next_bitmap(spec, primary) else 1
    return data[MTI_DIGITS : MTI_DIGITS + width * widths]


def numbers_in(spec: Specification, shape: bytes) -> tuple[int, ...]:
    """The element numbers that the bitmaps name, in wire order, without the bitmaps' own."""
    bitmap = bytes.fromhex(shape.decode("ascii")) if spec.hex_bitmap else shape
    bits = int.from_bytes(bitmap, "big")
    count = len(bitmap) * 8
    assert count in (64, LAST_FIELD)
    return tuple(
        number
        for number in range(1, count + 1)
        if number != SECONDARY_BITMAP and bits >> (count - number) & 1
    )

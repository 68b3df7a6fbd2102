"""Digits two a byte, and dates of six digits.

PURE. Dates are of 2000 to 2099 (the card lives a few years).
"""

from __future__ import annotations

from datetime import date


def pack(digits: str, size: int) -> bytes:
    """Digits with zeros on the left, in `size` bytes (EMV format n)."""
    assert digits.isascii()
    assert digits.isdecimal()
    assert len(digits) <= 2 * size
    return bytes.fromhex(digits.rjust(2 * size, "0"))


def unpack(value: bytes) -> str:
    """All digits, zeros on the left kept; ValueError where a nibble is none."""
    digits = value.hex()
    if not digits.isdecimal() and digits:
        raise ValueError(f"{len(value)} bytes are not all digits")
    return digits


def pack_compressed(digits: str) -> bytes:
    """Digits with F on the right where their number is odd (EMV format cn)."""
    assert digits.isascii()
    assert digits.isdecimal()
    return bytes.fromhex(digits + "f" * (len(digits) % 2))


def unpack_compressed(value: bytes) -> str:
    """Digits without the F; ValueError where anything else is no digit."""
    text = value.hex()
    digits = text.removesuffix("f")
    if not digits.isdecimal():
        raise ValueError(f"{len(value)} bytes are not all digits")
    return digits


def pack_date(day: date) -> bytes:
    """YYMMDD in three bytes."""
    assert 2000 <= day.year <= 2099
    return bytes.fromhex(f"{day:%y%m%d}")


def unpack_date(value: bytes) -> date:
    """The day of three bytes; ValueError where there is no such day."""
    digits = unpack(value)
    if len(digits) != 6:
        raise ValueError(f"a date has three bytes, not {len(value)}")
    return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))

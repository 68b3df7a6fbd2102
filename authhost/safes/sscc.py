"""Numbers of cassettes and bags: SSCC, eighteen digits with a check digit (GS1 General
Specifications, 7.9). PURE.
"""

from __future__ import annotations

from typing import Final

DIGITS: Final = 18


def is_sscc(text: str) -> bool:
    """Whether a text is such a number, its check digit and all."""
    return (len(text) == DIGITS and text.isascii() and text.isdecimal()
            and text[-1] == _check_digit(text[:-1]))


def made(prefix: str, serial: int) -> str:
    """A number: prefix (the extension digit, then the company's GS1 prefix), serial, check digit.

    ValueError where they are no digits, or do not fit.
    """
    room = DIGITS - 1 - len(prefix)
    if not (prefix.isascii() and prefix.isdecimal()) or room < 1:
        raise ValueError(f"prefix: {prefix!r} leaves no room for a serial number")
    if not 0 <= serial < 10**room:
        raise ValueError(f"serial: {serial} does not fit in {room} digits")
    body = f"{prefix}{serial:0{room}d}"
    return body + _check_digit(body)


def _check_digit(body: str) -> str:
    """Digits weigh 3 and 1 in turn, from the right; the sum is filled up to a multiple of ten."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(body)))
    return str(-total % 10)

"""Decimal digits out of hexadecimal ones, the way that PVV, CVV and option B share.

Knows: two passes over a cipher text. Must not know: where the cipher text comes from.
"""

from typing import Final

_NO_LETTERS: Final = str.maketrans("", "", "abcdef")
_LETTERS_ONLY: Final = str.maketrans("abcdef", "012345", "0123456789")


def decimal_digits(data: bytes, count: int) -> str:
    """The first digits 0 to 9 of the bytes, left to right; if too few, then A to F less ten."""
    text = data.hex()
    digits = text.translate(_NO_LETTERS)
    if len(digits) < count:
        digits += text.translate(_LETTERS_ONLY)
    return digits[:count]

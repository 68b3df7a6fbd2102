"""Exact numbers become prices and amounts, rounded half up, away from zero.

PURE. The division is that of `clearing.money`, so that a price is rounded here as it is on an
invoice: one function divides money in this repository.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from clearing.money import divide_half_up

__all__ = ["decimal_text", "divide_half_up", "sane", "scaled"]
_MOST_DIGITS: Final = 12  # 1E+999999 is a number too, and a megabyte of digits


def sane(number: Decimal) -> bool:
    """True for a finite number of a size that a quantity or a price has."""
    return number.is_finite() and -_MOST_DIGITS <= number.adjusted() <= _MOST_DIGITS


def scaled(numerator: int, denominator: int, decimals: int) -> int:
    """numerator/denominator as a whole number of 10**-decimals; `denominator` > 0."""
    return divide_half_up(numerator * 10**decimals, denominator)


def decimal_text(number: int, decimals: int) -> str:
    """A whole number of 10**-decimals as text: (1499, 3) is `1.499`."""
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits

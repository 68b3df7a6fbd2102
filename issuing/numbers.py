"""Card numbers: under the issuer's number, random, with the check digit (ISO/IEC 7812-1).

PURE: the randomness is handed in. That a number is not taken is the card index's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SHORTEST_IIN: Final = 6
LONGEST_IIN: Final = 8
LENGTHS: Final = range(16, 20)
# Enough numbers under one IIN that a random one is seldom taken.
FEWEST_RANDOM_DIGITS: Final = 7


def check_digit(digits: str) -> str:
    """The digit that follows (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value // 10 + value % 10
    return str(-total % 10)


def card_number(iin: str, length: int, below: Callable[[int], int]) -> str:
    """A number of `length` digits. below(n): a random integer from 0 to n - 1.

    ValueError: an IIN of other than 6 to 8 digits, a length other than 16 to 19.
    """
    if not (iin.isascii() and iin.isdecimal()) or not SHORTEST_IIN <= len(iin) <= LONGEST_IIN:
        raise ValueError(f"an issuer's number has {SHORTEST_IIN} to {LONGEST_IIN} digits")
    free = length - len(iin) - 1
    if length not in LENGTHS or free < FEWEST_RANDOM_DIGITS:
        raise ValueError(f"a card number has {LENGTHS.start} to {LENGTHS.stop - 1} digits")
    digits = f"{iin}{below(10 ** free):0{free}d}"
    return digits + check_digit(digits)


def account_of(pan: str) -> str:
    """The 12 digits that a PIN is bound to: the rightmost without the check digit."""
    return pan[-13:-1]


def masked(pan: str) -> str:
    """First six and last four."""
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"

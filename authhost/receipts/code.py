"""The code that is printed on a receipt: where its row is, and a part of the row's hash.

PURE. 120 bits and a check character: 60 bits of the hash, and 60 that say day and number of the
row, hidden under a mask that hangs on those, so that a code tells nobody how much business there
is. The alphabet is Crockford's base32: no I, L, O, U; small letters, blanks and dashes do not
matter. The check character is one of GF(32): a wrong character, and two that changed places, are
found before anything is looked up. A code that was not made with the key opens nothing.
"""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from typing import Final

import msgspec

from authhost.receipts.canonical import keyed

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {**{letter: value for value, letter in enumerate(_ALPHABET)},
                  "O": 0, "I": 1, "L": 1}
_FIRST_DAY: Final = date(2000, 1, 1)
_DAY_BITS: Final = 16
_ID_BITS: Final = 44
_HALF_BITS: Final = _DAY_BITS + _ID_BITS
_SYMBOLS: Final = 24
_POLYNOMIAL: Final = 0b100101  # x^5 + x^2 + 1, primitive: the powers of x are 31 values


class Place(msgspec.Struct, frozen=True):
    """What a code says: where the row is, and how its hash begins (60 bits)."""

    business_date: date
    journal_id: int
    tag: int


class BadCode(Exception):
    """It cannot be a code: its length, a character, or the check character."""


def made(key: bytes, business_date: date, journal_id: int, digest: bytes) -> str:
    """The code of a row: five groups of five."""
    day = (business_date - _FIRST_DAY).days
    assert 0 <= day < 1 << _DAY_BITS, "a business date of this century and the next"
    assert 0 <= journal_id < 1 << _ID_BITS, "a number of the journal"
    tag = tag_of(digest)
    bits = tag << _HALF_BITS | (day << _ID_BITS | journal_id) ^ _mask(key, tag)
    values = [bits >> 5 * place & 31 for place in reversed(range(_SYMBOLS))]
    letters = "".join(_ALPHABET[value] for value in (*values, _check(values)))
    return "-".join(letters[start:start + 5] for start in range(0, len(letters), 5))


def read(key: bytes, text: str) -> Place:
    """What a code says. BadCode. Whether the row is its own, only the row's hash can say."""
    letters = "".join(text.upper().replace("-", " ").split())
    if len(letters) != _SYMBOLS + 1:
        raise BadCode("has five groups of five characters")
    strange = next((letter for letter in letters if letter not in _VALUES), None)
    if strange is not None:
        raise BadCode(f"has no character {strange!r}")
    values = [_VALUES[letter] for letter in letters]
    if _check(values[:-1]) != values[-1]:
        raise BadCode("was mistyped: its check character differs")
    bits = 0
    for value in values[:-1]:
        bits = bits << 5 | value
    tag = bits >> _HALF_BITS
    where = bits & (1 << _HALF_BITS) - 1 ^ _mask(key, tag)
    return Place(_FIRST_DAY + timedelta(days=where >> _ID_BITS), where & (1 << _ID_BITS) - 1, tag)


def tag_of(digest: bytes) -> int:
    """The first 60 bits of a hash."""
    return int.from_bytes(digest[:8]) >> 64 - _HALF_BITS


def fits(place: Place, digest: bytes) -> bool:
    """Whether a code was made of this hash; takes as long for a near miss as for a far one."""
    return hmac.compare_digest(place.tag.to_bytes(8), tag_of(digest).to_bytes(8))


def _mask(key: bytes, tag: int) -> int:
    return tag_of(keyed(key, b"code", tag.to_bytes(8)))


def _check(values: list[int]) -> int:
    """The value that makes sum(value[i] * x^(i+1)) + check = 0 in GF(32)."""
    total = 0
    power = 1
    for value in values:
        power = _times(power, 2)
        total ^= _times(power, value)
    return total


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 32:
            left ^= _POLYNOMIAL
        right >>= 1
    return product

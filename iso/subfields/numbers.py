"""Decimals as the fuel sub-fields write them.

Knows: three notations. Must not know: which field is read. Each reader raises ValueError with a
reason and each writer too, so that the caller can say where. All arithmetic here is exact.

    scaled   a digit that counts the decimals, then digits: 31199 is 1.199. Never negative.
    literal  a decimal point: 20.55.
    minor    an integer in minor currency units: -120 is -1.20 where the exponent is 2.
"""

import re
from decimal import Decimal

MAX_DECIMALS = 4
# What the notations look like, each part that is read in a group of its own.
SCALED = r"([0-4])([0-9]{1,12})"
LITERAL = r"([0-9]{1,12}(?:\.[0-9]{1,4})?)"
SIGNED_LITERAL = r"(-?[0-9]{1,12}(?:\.[0-9]{1,4})?)"
MINOR = r"(-?[0-9]{1,12})"

_SCALED = re.compile(SCALED).fullmatch
_LITERAL = re.compile(LITERAL).fullmatch
_SIGNED_LITERAL = re.compile(SIGNED_LITERAL).fullmatch
_MINOR = re.compile(MINOR).fullmatch


def read_scaled(text: str) -> Decimal:
    """The value of a decimals digit (0 to 4) and 1 to 12 digits."""
    if _SCALED(text) is None:
        raise ValueError("not a decimals digit up to 4 and digits")
    return Decimal(f"{text[1:]}E-{text[0]}")


def write_scaled(value: Decimal) -> str:
    """The inverse of `read_scaled`: no leading zeros, the value's own number of decimals."""
    whole, _, decimals = _plain(value).partition(".")
    text = f"{len(decimals)}{(whole + decimals).lstrip('0') or '0'}"
    # Ten or more decimals are two digits, of which the first would pass for the decimals digit.
    if len(decimals) > MAX_DECIMALS or _SCALED(text) is None:
        raise ValueError("not a positive decimal with up to 4 decimals and 12 digits")
    return text


def read_literal(text: str) -> Decimal:
    """The value of up to 12 digits and up to 4 decimals after a point."""
    if _LITERAL(text) is None:
        raise ValueError("not digits with up to 4 decimals")
    return Decimal(text)


def write_literal(value: Decimal) -> str:
    """The inverse of `read_literal`."""
    text = _plain(value)
    if _LITERAL(text) is None:
        raise ValueError("not a positive decimal with up to 4 decimals and 12 whole digits")
    return text


def read_literal_amount(text: str, exponent: int) -> Decimal:
    """As `read_literal`, perhaps negative. `exponent` is not asked: the point says it."""
    del exponent
    if _SIGNED_LITERAL(text) is None:
        raise ValueError("not an amount with up to 4 decimals")
    return Decimal(text)


def write_literal_amount(value: Decimal, exponent: int) -> str:
    """The inverse of `read_literal_amount`."""
    del exponent
    text = _plain(value)
    if _SIGNED_LITERAL(text) is None:
        raise ValueError("not an amount with up to 4 decimals and 12 whole digits")
    return text


def read_minor(text: str, exponent: int) -> Decimal:
    """Major units from up to 12 digits of minor units, of which 10**exponent are one major unit."""
    if _MINOR(text) is None:
        raise ValueError("not an amount in minor units")
    return Decimal(f"{text}E-{exponent}")


def write_minor(value: Decimal, exponent: int) -> str:
    """The inverse of `read_minor`. An amount finer than a minor unit is refused, never rounded."""
    whole, _, decimals = _digits(value).partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = whole.removeprefix("-") + decimals[:exponent].ljust(exponent, "0")
    text = sign + (digits.lstrip("0") or "0")
    if decimals[exponent:].strip("0") or _MINOR(text) is None:
        raise ValueError("not an amount of up to 12 digits in whole minor units")
    return text


def _plain(value: Decimal) -> str:
    """The value without an exponent, and without the zeros that no notation has room for."""
    text = _digits(value)
    point = text.find(".")
    if point < 0 or len(text) - point - 1 <= MAX_DECIMALS:
        return text
    kept = text[: point + 1 + MAX_DECIMALS]
    return kept if Decimal(kept) == value else text


def _digits(value: Decimal) -> str:
    """`str` is twice as fast as a format, but writes very large and very small values with an E."""
    text = str(value)
    return format(value, "f") if "E" in text else text

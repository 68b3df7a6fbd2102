"""The languages of documents: words, and how amounts, dates and shares are written.

PURE but for reading languages/*.json, a file a language. Money is an integer in minor units; a
quantity or a price is a decimal text. What stands in a document can be read back by `minor_of`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from clearing.errors import ClearingError
from clearing.money import plain

_MINUS: Final = "\u2212"
_SPACE: Final = "\u00a0"
_TWO: Final = 2
_AMOUNT: Final = re.compile(r"([-\u2212]?)((?:\d[\d.,'\u00a0\u202f ]*)?\d)")


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """decimal, group: marks within a number; date: with {day}, {month}, {year}, {name} of the
    month, {number} and {short} without zeros; percent: with {number}; countries: whose documents
    are in it (ISO 3166)."""

    code: str
    decimal: str
    group: str
    date: str
    short_date: str
    percent: str
    months: tuple[str, ...]
    countries: tuple[str, ...]
    words: dict[str, str]

    def amount(self, amount_minor: int, currency: str) -> str:
        """`1.234,56`, without the currency."""
        return self.number(plain(amount_minor, currency))

    def money(self, amount_minor: int, currency: str) -> str:
        """`1.234,56 EUR`, with a space that does not break."""
        return f"{self.amount(amount_minor, currency)}{_SPACE}{currency}"

    def number(self, text: str) -> str:
        """A decimal text with this language's marks; what is no number stays as it is."""
        sign, _, digits = text.rpartition("-")
        whole, _, decimals = digits.partition(".")
        if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or sign:
            return text
        grouped = f"{int(whole):,}".replace(",", self.group)
        return (_MINUS if text.startswith("-") else "") + grouped + (
            self.decimal + decimals if decimals else "")

    def quantity(self, text: str) -> str:
        """The same without zeros at its end: `20,125`, `10`."""
        return self.number(f"{Decimal(text).normalize():f}" if text else "")

    def price(self, unit_price: Decimal) -> str:
        """A unit price: no zeros at its end, but two decimals at least."""
        normal = unit_price.normalize()
        return self.number(f"{normal:f}" if -int(normal.as_tuple().exponent) > _TWO
                           else f"{normal:.2f}")

    def day(self, iso: str) -> str:
        """A date as it is written here, from `2026-07-23`."""
        year, month, day = iso.split("-")
        return self.date.format(year=year, month=month, day=day, short=str(int(day)),
                                name=self.months[int(month) - 1], number=str(int(month)))

    def short_day(self, iso: str) -> str:
        """The same without its year: `23.7.`."""
        _, month, day = iso.split("-")
        return self.short_date.format(short=str(int(day)), number=str(int(month)))

    def days(self, first: str, last: str) -> str:
        """A period; one day is one date."""
        if first == last:
            return self.day(first)
        return f"{self.day(first)}{_SPACE}\u2013 {self.day(last)}"

    def share(self, basis_points: int) -> str:
        """`7,5 %` of 750."""
        return self.percent.format(number=self.quantity(str(Decimal(basis_points) / 100)))


def minor_of(text: str) -> int | None:
    """The minor units of an amount as any of the languages writes it; None where there is none.

    Every document shows all decimals of its currency, so its digits are its minor units.
    """
    found = _AMOUNT.search(text)
    if found is None:
        return None
    digits = int("".join(letter for letter in found[2] if letter.isdigit()))
    return -digits if found[1] else digits


def language_of(country: str, otherwise: str) -> Language:
    """The language of a country's documents, or `otherwise`; ClearingError where there is none."""
    return language(_by_country().get(country, otherwise))


@cache
def language(code: str) -> Language:
    """languages/<code>.json. ClearingError: there is no such language."""
    path = files(__package__).joinpath("languages", f"{code}.json")
    if not path.is_file():
        raise ClearingError(f"clearing settings: documents: no language {code!r}")
    return msgspec.json.decode(path.read_bytes(), type=Language)


def languages() -> tuple[Language, ...]:
    """All that there are, by code."""
    return tuple(language(code) for code in sorted(
        path.name.removesuffix(".json")
        for path in files(__package__).joinpath("languages").iterdir()))


@cache
def _by_country() -> dict[str, str]:
    return {country: known.code for known in languages() for country in known.countries}

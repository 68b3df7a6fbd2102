"""Pages from templates: text from outside is escaped, a missing name is an error.

Knows Jinja2 and templates/; must not know what an invoice is.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import IO

from jinja2 import Environment, PackageLoader, StrictUndefined

from clearing import money

_PIECES_AT_A_TIME = 1_000  # a template yields a few letters at a time


def write_page(sink: IO[bytes], template: str, **values: object) -> None:
    """Render templates/<template> into `sink` piece by piece."""
    stream = _environment().get_template(template).stream(**values)
    stream.enable_buffering(_PIECES_AT_A_TIME)
    for text in stream:
        sink.write(text.encode())


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader(__package__), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["money"] = money.readable
    environment.filters["amount"] = _amount
    environment.filters["percent"] = _percent
    environment.filters["price"] = _price
    return environment


def _amount(amount_minor: int, currency: str) -> str:
    """Without the currency: for a column whose head names it."""
    return money.readable(amount_minor, currency).rpartition("\u00a0")[0]


def _percent(basis_points: int) -> str:
    return f"{(Decimal(basis_points) / 100).normalize():f}\u00a0%"


def _price(minor: str, currency: str) -> str:
    """A price in minor units, with decimals of them, as a decimal of the currency."""
    return f"{Decimal(minor).scaleb(-money.exponent(currency)):f}"

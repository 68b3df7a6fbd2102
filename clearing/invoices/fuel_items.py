"""What a fuel row's detail says was sold, made to come to exactly what was booked.

PURE. Detail is written by many terminals over years: what cannot be read is no item, never an
error, and what the items do not explain is a line of its own. Quantity and unit price are
Decimal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from clearing.details import read_json

_MAXIMUM_EXPONENT: Final = 12  # 1E+999999 is a number too, and a megabyte of digits


class Item(msgspec.Struct, frozen=True, gc=False):
    """One product of a sale; amount_minor may be negative (a discount, a credit)."""

    product: str = ""
    unit: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount_minor: int = 0


class Priced(msgspec.Struct, frozen=True, gc=False):
    """An item's contract price as the host has worked it out: unit_price in major units, VAT
    included."""

    product: str
    unit_price: str
    amount_minor: int
    contract: str
    version: int


class FuelDetail(msgspec.Struct, frozen=True, gc=False):
    """The journal's detail of a fuel row; every part may be missing."""

    items: tuple[Item, ...] = ()
    prices: tuple[Priced, ...] = ()
    odometer: str | int | None = None
    vehicle: str = ""
    driver: str = ""


def read_detail(text: str) -> FuelDetail | None:
    """The detail, or None where it has another shape."""
    detail = read_json(text, FuelDetail)
    for item in () if detail is None else detail.items:
        for number in (item.quantity, item.unit_price):
            if number is not None and not _sane(number):
                return None
    return detail


def _sane(number: Decimal) -> bool:
    return number.is_finite() and abs(number.adjusted()) <= _MAXIMUM_EXPONENT


def booked_items(items: tuple[Item, ...], posted_minor: int) -> tuple[Item, ...]:
    """The items of a sale, with one more for what they do not explain (a partial approval)."""
    rest = posted_minor - sum([item.amount_minor for item in items])
    if rest == 0 and items:
        return items
    return (*items, Item(product=_only_product(items), amount_minor=rest))


def _only_product(items: tuple[Item, ...]) -> str:
    products = {item.product for item in items}
    return products.pop() if len(products) == 1 else ""

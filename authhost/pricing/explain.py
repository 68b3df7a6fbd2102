"""Why a price is what it is, in lines that a clerk can follow with a pocket calculator.

PURE. Works nothing out by itself: it tells the steps that the price came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Final

from authhost.model import Item
from authhost.pricing.book import (
    AMBIGUOUS,
    NEGATIVE,
    NO_PUMP_PRICE,
    NO_QUANTITY,
    OTHER_CURRENCY,
    Found,
    item_price,
)
from authhost.pricing.formula import NO_BASE_PRICE, NO_VAT_RATE, OTHER_UNIT, Step
from authhost.pricing.rounding import decimal_text, scaled
from authhost.pricing.terms import Line
from authhost.pricing.timeline import BEGINNING, FOREVER

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WHY: Final = {
    NO_BASE_PRICE: "no base price of that source, product, temperature and currency is in force",
    NO_VAT_RATE: "a net price, and no VAT rate is in force for the product at the site",
    OTHER_UNIT: "sold and agreed in units that are not turned into each other",
    OTHER_CURRENCY: "the contract is in another currency",
    AMBIGUOUS: "two lines are equally specific: the product is in two groups that are agreed on",
    NO_PUMP_PRICE: "the pump price is not told",
    NO_QUANTITY: "the quantity is not told",
    NEGATIVE: "the price would be negative",
}


def explain(found: Found, item: Item, site_id: str, currency: str, zone: tzinfo) -> Iterator[str]:
    """The rule, its steps, the price. An item without a unit price: the pump is not known."""
    if found.line is None:
        yield f"no contract price: {_WHY[found.why]}" if found.why else \
            f"no contract speaks of {item.product} at {site_id or 'any site'}: the pump price holds"
        return
    line = found.line
    yield f"contract {found.contract} version {found.version}, line for {_what(line)}"
    if found.base is not None:
        base = found.base
        yield (f"base price {base.source} {base.product} at {base.temperature}:"
               f" {base.price:f} {base.currency}/{base.unit} {base.tax_basis},"
               f" from {_shown(base.from_us, zone)}, version {base.version},"
               f" import {base.import_id}")
    elif line.source:
        yield (f"base price {line.source} {line.base_product or item.product} at"
               f" {line.temperature} in {currency}: none in force")
    pump = item.unit_price if item.unit_price > 0 else None
    for step in found.steps:
        yield f"  {step.what:<60} {_value(step, pump)}"
    yield f"holds {_period(found, zone)}"
    priced = item_price(found, item, currency)
    if isinstance(priced, str):
        yield f"no contract price: {_WHY[priced]}"
        if pump is None and not found.slope and not found.why:
            yield f"without a cap by the pump: {found.text} {currency}/{item.unit}"
        return
    yield f"price {priced.unit_price} {currency}/{item.unit}, VAT included, {_how(found, item)}"
    yield f"{item.quantity:f} {item.unit} cost {priced.amount_minor} minor units of {currency}"


def _how(found: Found, item: Item) -> str:
    assert found.line is not None, "what is priced has a line"
    exact = found.slope * Fraction(item.unit_price) + found.offset
    rounded = scaled(exact.numerator, exact.denominator, found.line.decimals)
    if found.line.never_above_pump \
            and rounded > Fraction(item.unit_price) * 10**found.line.decimals:
        return "the pump's: the contract's would be " + decimal_text(rounded, found.line.decimals)
    return f"rounded half up to {found.line.decimals} decimals"


def _what(line: Line) -> str:
    place = f"at site {line.site}" if line.site else \
        f"in region {line.region}" if line.region else "everywhere"
    return f"{'any product' if line.product == '*' else line.product} {place}: {line.formula}"


def _value(step: Step, pump: Decimal | None) -> str:
    if step.slope and pump is None:
        return "?"
    exact = step.offset + (step.slope * Fraction(pump) if pump is not None else 0)
    return decimal_text(scaled(exact.numerator, exact.denominator, 8), 8)


def _period(found: Found, zone: tzinfo) -> str:
    start = f"from {_shown(found.since, zone)}" if found.since > BEGINNING else "from ever"
    until = f"until {_shown(found.until, zone)}" if found.until < FOREVER else \
        "until something new is entered"
    return f"{start} {until}"


def _shown(instant_us: int, zone: tzinfo) -> str:
    moment = _EPOCH + timedelta(microseconds=instant_us)
    return moment.astimezone(zone).isoformat(timespec="minutes")

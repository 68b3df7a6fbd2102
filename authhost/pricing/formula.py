"""A line of a contract, worked out: what one unit of sale costs, VAT included.

PURE. Every formula is slope * pump price + offset: the slope is 0 where the pump does not matter.
Numbers are exact fractions; nothing is rounded here. What cannot be worked out is a word, never a
number.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from authhost.pricing.terms import Line, TaxBasis
from authhost.pricing.units import units_in

NO_BASE_PRICE: Final = "no_base_price"  # none in force, of that source and temperature
NO_VAT_RATE: Final = "no_vat_rate"
OTHER_UNIT: Final = "other_unit"  # sold by the litre, agreed by the kilogram


class BasePrice(msgspec.Struct, frozen=True):
    """One price of a wholesale list: major units a `unit`, in the list's tax basis."""

    price: Decimal
    unit: str
    tax_basis: TaxBasis
    source: str
    product: str
    temperature: str
    currency: str
    version: int
    import_id: int
    from_us: int


class Step(msgspec.Struct, frozen=True):
    """A step of an explanation: what was done, and slope and offset after it."""

    what: str
    slope: Fraction
    offset: Fraction


class Worked(msgspec.Struct, frozen=True):
    """slope * pump price + offset, a unit of sale and VAT included."""

    slope: Fraction
    offset: Fraction
    steps: tuple[Step, ...]


class _Unknown(Exception):
    """Why a price cannot be worked out."""


def work_out(line: Line, unit: str, base: BasePrice | None,
             vat_basis_points: int | None) -> Worked | str:
    """The price of one `unit` by this line, or the word for what is missing.

    vat_basis_points: of the product at the site (20 % is 2000), None where no rate is in force; it
    is asked for only where something is net.
    """
    try:
        return _worked(line, unit, base, vat_basis_points)
    except _Unknown as why:
        return str(why)


def _worked(line: Line, unit: str, base: BasePrice | None, vat: int | None) -> Worked:
    slope, offset, steps = Fraction(0), Fraction(0), []

    def step(what: str) -> None:
        steps.append(Step(what, slope, offset))

    if line.formula in {"spot", "base"}:
        if base is None:
            raise _Unknown(NO_BASE_PRICE)
        offset = _gross(base.price, base.unit, base.tax_basis, unit, vat)
        step(f"base price {base.price:f} {base.currency}/{base.unit} {base.tax_basis}"
             f"{_with_vat(base.tax_basis, vat)}")
    elif line.formula == "pump":
        slope = Fraction(1)
        step("pump price")
    if line.percent:
        slope, offset = (part * (1 + Fraction(line.percent) / 100) for part in (slope, offset))
        step(f"{line.percent:+f} %")
    if line.amount or line.formula == "fixed":
        offset += _gross(line.amount, line.unit, line.tax_basis, unit, vat)
        step(f"{line.amount:+f} a {line.unit} {line.tax_basis}{_with_vat(line.tax_basis, vat)}")
    return Worked(slope, offset, tuple(steps))


def _gross(price: Decimal, of: str, tax_basis: str, unit: str, vat: int | None) -> Fraction:
    """A price a unit of its own as a price a unit of sale, VAT included."""
    many = units_in(unit, of)
    if many is None:
        raise _Unknown(OTHER_UNIT)
    value = Fraction(price) * many
    if tax_basis == "gross":
        return value
    if vat is None:
        raise _Unknown(NO_VAT_RATE)
    return value * (10_000 + vat) / 10_000


def _with_vat(tax_basis: str, vat: int | None) -> str:
    if tax_basis == "gross" or vat is None:
        return ""
    return f", with {Decimal(vat) / 100:f} % VAT"

"""From lines to totals, by one rule for gross and net prices.

PURE. EN 16931: each line's net amount is rounded by itself, then added (BR-CO-10); VAT is worked
out once a group of category and rate (BR-CO-17), never a line. Pump prices contain VAT, so net plus
VAT can miss what was sold by a few cents: where a buyer's prices are gross, the document asks for
the gross sum and says the difference as BT-114; where they are net, it asks for net plus VAT, and
the books round. Amounts have two decimals at most (BR-DEC-01 and its like), so a currency of three
is rounded to hundredths, and the books keep the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

import msgspec

from clearing.invoices.document import (
    REVERSE_CHARGE,
    STANDARD,
    ZERO,
    Document,
    Line,
    Party,
    PaymentMeans,
    Preceding,
    Price,
    Vat,
)
from clearing.invoices.vat_told import Rate, vat_told
from clearing.money import divide_half_up, exponent

RATE_UNKNOWN: Final = -1  # of a product in a country that the settings do not speak of yet
_BASIS_POINTS: Final = 10_000
# BT-120 and BT-121 (VATEX), where a category alone says why no VAT is charged.
_REASONS: Final = {REVERSE_CHARGE: ("Reverse charge", "VATEX-EU-AE")}
_MOST_DECIMALS: Final = 2
_PRICE_STEP: Final = Decimal("0.000001")
_FINEST_PRICE_STEP: Final = Decimal("0.00000001")
_SLACK_STEPS: Final = 2  # PEPPOL-EN16931-R120: quantity times price is the net, give or take 0.02
_KEPT: Final = 65_536


@lru_cache(64)
def step_of(currency: str) -> int:
    """Minor units in the smallest amount that an invoice can say: 1, or 10 where a currency has
    three decimals."""
    return int(10 ** max(0, exponent(currency) - _MOST_DECIMALS))


@lru_cache(64)
def scale_of(currency: str) -> Decimal:
    """What turns minor units into a Decimal of the currency, by multiplication."""
    return Decimal(1).scaleb(-exponent(currency))


@lru_cache(64)
def slack_of(currency: str) -> Decimal:
    """By how much quantity times price may miss a line's net amount."""
    return _SLACK_STEPS * step_of(currency) * scale_of(currency)


@lru_cache(_KEPT)
def net_of(gross_minor: int, rate_basis_points: int, step: int = 1) -> int:
    """What is left of a gross amount without its VAT, half up, in whole steps."""
    return step * divide_half_up(gross_minor * _BASIS_POINTS,
                                 (_BASIS_POINTS + rate_basis_points) * step)


def told_price(gross: Decimal, listed: Decimal | None, rate_basis_points: int) -> Price | None:
    """What a unit costs without VAT. gross: with it; listed: the pump's.

    A list price is told only where the price is below it: a discount is never negative
    (PEPPOL-EN16931-R044), nor is a price.
    """
    if gross < 0:
        return None
    price = _net_price(gross, rate_basis_points)
    if listed is None or listed <= gross:
        return Price(price)
    before = _net_price(listed, rate_basis_points)
    return Price(price, before, before - price) if before > price else Price(price)


def line_price(told: Price | None, quantity: Decimal, net_minor: int, currency: str) -> Price:
    """The price that explains a line: where quantity times the one that was told misses the line's
    net amount, the net amount decides."""
    size, net = abs(quantity), abs(net_minor) * scale_of(currency)
    if told is not None and abs(size * told.net - net) <= slack_of(currency):
        return told
    return Price(_short((net / size).quantize(_FINEST_PRICE_STEP, ROUND_HALF_UP)))


def _net_price(gross: Decimal, rate_basis_points: int) -> Decimal:
    """A unit price without VAT, to six decimals."""
    exact = gross * _BASIS_POINTS / (_BASIS_POINTS + rate_basis_points)
    return _short(exact.quantize(_PRICE_STEP, ROUND_HALF_UP))


def _short(number: Decimal) -> Decimal:
    """Without zeros at its end, and never as 1E+2."""
    short = number.normalize()
    return short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1))  # type: ignore[operator]


def vat_groups(lines: Sequence[Line], step: int = 1) -> tuple[Vat, ...]:
    """The breakdown: a group a category and rate, in their order."""
    nets: dict[tuple[str, int], int] = {}
    for line in lines:
        key = (line.category, line.rate_basis_points)
        nets[key] = nets.get(key, 0) + line.net_minor
    return tuple(group_of(category, rate, net, step)
                 for (category, rate), net in sorted(nets.items()))


def vat_of(net_minor: int, rate_basis_points: int, step: int = 1) -> int:
    """The VAT of a group, half up, in whole steps (BR-CO-17)."""
    return step * divide_half_up(net_minor * rate_basis_points, _BASIS_POINTS * step)


def category_of(rate_basis_points: int) -> str:
    """Standard rated, or zero rated."""
    return STANDARD if rate_basis_points else ZERO


def vat_of_rate(rate_basis_points: int, *, reverse_charge: bool) -> tuple[str, int]:
    """The category of what bears a rate, and the rate that is charged (BR-AE-5: none)."""
    if reverse_charge and rate_basis_points:
        return REVERSE_CHARGE, 0
    return category_of(rate_basis_points), rate_basis_points


def group_of(category: str, rate_basis_points: int, net_minor: int, step: int = 1) -> Vat:
    """A group of the breakdown, with the reason that its category must have (BR-AE-10 and its
    like)."""
    reason, code = _REASONS.get(category, ("", ""))
    return Vat(category, rate_basis_points, net_minor,
               vat_of(net_minor, rate_basis_points, step), reason, code)


class Sums(msgspec.Struct, frozen=True):
    """What a document comes to, in minor units: net + vat + rounding = payable."""

    net_minor: int
    vat_minor: int
    rounding_minor: int
    payable_minor: int


def sums_of(vat: Sequence[Vat], gross_minor: int | None, step: int = 1) -> Sums:
    """gross_minor: what is asked for, where prices are gross; None: net plus VAT is."""
    net = sum(group.net_minor for group in vat)
    tax = sum(group.vat_minor for group in vat)
    payable = net + tax if gross_minor is None else step * divide_half_up(gross_minor, step)
    return Sums(net, tax, payable - net - tax, payable)


def make_document(*, number: str, type_code: str, issued_on: date, currency: str, seller: Party,
                  buyer: Party, lines: Sequence[Line], gross_minor: int | None = None,
                  due_on: date | None = None, period: tuple[date, date] | None = None,
                  means: PaymentMeans | None = None, terms: str = "", buyer_reference: str = "",
                  preceding: tuple[Preceding, ...] = (), notes: tuple[str, ...] = (),
                  vat: tuple[Vat, ...] | None = None, delivered_in: str = "",
                  told: Rate | None = None) -> Document:
    """A document with its breakdown and totals. vat: groups that need a reason (BT-120); told: VAT
    is told in another currency too."""
    step = step_of(currency)
    groups = vat_groups(lines, step) if vat is None else vat
    sums = sums_of(groups, gross_minor, step)
    start, end = period or (None, None)
    return Document(
        number=number, type_code=type_code, issued_on=issued_on, currency=currency, seller=seller,
        buyer=buyer, lines=tuple(lines), vat=groups, net_minor=sums.net_minor,
        vat_minor=sums.vat_minor, rounding_minor=sums.rounding_minor,
        payable_minor=sums.payable_minor, due_on=due_on, period_from=start, period_to=end,
        means=means, terms=terms, buyer_reference=buyer_reference, preceding=preceding, notes=notes,
        delivered_in=delivered_in,
        vat_told=None if told is None else vat_told(groups, currency, told))

"""What a merchant is charged for payments, and when it is paid: a plan, its fees, its dates.

PURE. Money in minor units of the payment's currency; a percentage is a decimal text of at most
four decimals; every division is the night's one (clearing/money.py), half up. A fee is of what was
captured in all: of a part it is the difference that the part makes, so that many parts cost as
much as one.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec

from clearing.days.calendars import Calendar, after_working_days
from clearing.money import divide_half_up

Kind = Literal["phone", "qr", "refund"]
KINDS: Final[tuple[Kind, ...]] = ("phone", "qr", "refund")
_WHOLE: Final = 1_000_000  # a percentage of four decimals, of one
_WEEK: Final = 7
_END: Final = r"$(?!\n)"

Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Percent = Annotated[str, msgspec.Meta(
    pattern=r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)" + _END)]
Rate = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price of one kind: percent and fixed together, at least and at most. most_minor None:
    no most."""

    percent: Percent = "0"
    fixed_minor: Minor = 0
    least_minor: Minor = 0
    most_minor: Minor | None = None


class Fees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By kind. vat_basis_points: that fees bear; payment services bear none in the European Union
    (Directive 2006/112/EC, article 135(1)(d))."""

    phone: Fee = Fee()
    qr: Fee = Fee()
    refund: Fee = Fee()
    vat_basis_points: Rate = 0


class Settlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When and what is paid. by: 'net' of fees, or 'gross', fees invoiced. weekday: 1 is Monday,
    the day that ends a week; after_days: working days from the end to the payout."""

    by: Literal["net", "gross"] = "net"
    every: Literal["day", "week"] = "day"
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] = 7
    after_days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 1
    holdback_percent: Percent = "0"
    holdback_days: Annotated[int, msgspec.Meta(ge=0, le=730)] = 0
    least_payout_minor: Minor = 0


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a plan."""

    fees: Fees = Fees()
    settlement: Settlement = Settlement()


def objection(plan: Plan) -> tuple[str, str]:
    """(why, where) it cannot be, though each field can; ('', '') where it can."""
    for kind in KINDS:
        fee = price_of(plan, kind)
        if fee.most_minor is not None and fee.most_minor < fee.least_minor:
            return "is less than the least", f"fees.{kind}.most_minor"
    if parts_of(plan.settlement.holdback_percent) and not plan.settlement.holdback_days:
        return "what is held back is released after days, of which there are none", \
            "settlement.holdback_days"
    return "", ""


def price_of(plan: Plan, kind: Kind) -> Fee:
    """The price of a kind."""
    price: Fee = getattr(plan.fees, kind)
    return price


def fee_of(plan: Plan, kind: Kind, amount_minor: int) -> int:
    """The fee of a payment, or of a refund, of this amount; nothing of nothing. amount >= 0."""
    assert amount_minor >= 0, "a fee is of an amount, not of a direction"
    if not amount_minor:
        return 0
    fee = price_of(plan, kind)
    made = part_of(fee.percent, amount_minor) + fee.fixed_minor
    made = max(made, fee.least_minor)
    return made if fee.most_minor is None else min(made, fee.most_minor)


def fee_of_part(plan: Plan, kind: Kind, before_minor: int, amount_minor: int) -> int:
    """The fee of a capture that was not the first: what it adds to that of the captures before."""
    return fee_of(plan, kind, before_minor + amount_minor) - fee_of(plan, kind, before_minor)


def vat_of(plan: Plan, fees_minor: int) -> int:
    """The VAT that fees bear, of their sum (EN 16931, BR-CO-17)."""
    return divide_half_up(fees_minor * plan.fees.vat_basis_points, 10_000)


def holdback_of(plan: Plan, gross_minor: int) -> int:
    """What is held back of a day's payments."""
    return part_of(plan.settlement.holdback_percent, gross_minor)


def part_of(percent: str, amount_minor: int) -> int:
    """A percentage of an amount, rounded half up."""
    return divide_half_up(amount_minor * parts_of(percent), _WHOLE)


@lru_cache(maxsize=1_024)  # a few a plan, and asked for each payment
def parts_of(percent: str) -> int:
    """A percentage in millionths: '1.25' is 12,500. ValueError where it is none."""
    whole, _, decimals = percent.partition(".")
    return int(whole) * 10_000 + int(decimals.ljust(4, "0") or "0")


def payout_date(settlement: Settlement, paid_on: date, calendar: Calendar) -> date:
    """When what was paid on a business day is on the merchant's account: so many working days
    after the day that ends its period. What is held back comes later; a refund may take it off."""
    return after_working_days(period_end(settlement, paid_on), settlement.after_days, calendar)


def period_end(settlement: Settlement, day: date) -> date:
    """The last day of the period that a day is in."""
    if settlement.every == "day":
        return day
    return day + timedelta(days=(settlement.weekday - day.isoweekday()) % _WEEK)

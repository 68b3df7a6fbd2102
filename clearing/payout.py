"""What a night makes of a merchant's day: net, held back, released, what is paid, what is carried.

PURE. Money in minor units of one currency; dates are business days. Fees and dates are those of
the merchant's plan. opening + net = payout + closing, always; a negative closing is what the
merchant owes, taken off what comes next.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from authhost.payments.plans import (
    Kind,
    Plan,
    fee_of,
    fee_of_part,
    holdback_of,
    payout_date,
    vat_of,
)
from clearing.days.calendars import Calendar, value_date


class FeeLine(msgspec.Struct, frozen=True):
    """The fees of one kind. base_minor: what they are of."""

    kind: Kind
    count: int
    base_minor: int
    amount_minor: int


class Day(msgspec.Struct, frozen=True):
    """A merchant's day, summed; fees in the order of KINDS."""

    count: int = 0
    gross_minor: int = 0
    refunds_minor: int = 0
    fees: tuple[FeeLine, ...] = ()


class Before(msgspec.Struct, frozen=True):
    """How it stood. carried_minor: of the opening, what could have been paid already; matured and
    released: what earlier nights kept, and tonight can pay."""

    opening_minor: int = 0
    carried_minor: int = 0
    matured_minor: int = 0
    released_minor: int = 0


class Settled(msgspec.Struct, frozen=True):
    """What the night decides, but for what the bank would not take. held: '' where it is to be
    paid: then all that is available is."""

    fees_minor: int
    vat_minor: int
    held_back_minor: int
    net_minor: int
    available_minor: int
    payable_on: date
    release_on: date
    is_payable: bool  # tonight: its own net
    held: str


def fee_of_row(plan: Plan, kind: Kind, amount_minor: int, before_minor: int = 0,
               fee_base_minor: int = 0) -> int:
    """What a row of the journal costs: a payment (phone or qr), a refund (negative), or a refund
    that its bank would not pay, which gives back the fee that was taken.

    before_minor: captured of the payment before this part; fee_base_minor: what the fee that comes
    back was of (0: it has cost nothing), and `plan` is the one that it was taken by.
    """
    if kind != "refund":
        return fee_of_part(plan, kind, before_minor, amount_minor) if amount_minor >= 0 else 0
    if amount_minor < 0:
        return fee_of(plan, "refund", -amount_minor)
    return -fee_of(plan, "refund", fee_base_minor)


def day_of(fees: Iterable[FeeLine]) -> Day:
    """A day, from the fees of its kinds: what they are of is what was moved."""
    lines = tuple(fees)
    gross = sum(line.base_minor for line in lines if line.kind != "refund")
    return Day(sum(line.count for line in lines), gross,
               sum(line.base_minor for line in lines if line.kind == "refund"), lines)


def settle(plan: Plan, before: Before, day: Day, run_day: date, calendar: Calendar, *,
           bears_vat: bool = True) -> Settled:
    """The night of a business day. bears_vat: False where the merchant accounts for the VAT of his
    fees, or there is none: nothing of it is taken off."""
    terms = plan.settlement
    fees = sum(line.amount_minor for line in day.fees)
    vat = vat_of(plan, fees) if bears_vat else 0
    held_back = holdback_of(plan, day.gross_minor)
    net = day.gross_minor - day.refunds_minor - held_back + before.released_minor
    if terms.by == "net":
        net -= fees + vat
    payable_on = payout_date(terms, run_day, calendar)
    # What is owed to us is taken off at once, whenever the period ends.
    is_payable = net <= 0 or payable_on <= value_date(run_day, calendar)
    available = before.carried_minor + before.matured_minor + (net if is_payable else 0)
    return Settled(
        fees_minor=fees, vat_minor=vat, held_back_minor=held_back, net_minor=net,
        available_minor=available, payable_on=payable_on,
        release_on=run_day + timedelta(days=terms.holdback_days), is_payable=is_payable,
        held=_held(available, before.opening_minor + net, terms.least_payout_minor))


def _held(available: int, owed: int, least: int) -> str:
    """Why nothing is paid by the plan; ''. 'not_positive' needs a person, the others time."""
    if available > 0:
        return "below_least" if available < least else ""
    return "not_due" if owed > 0 else "not_positive"

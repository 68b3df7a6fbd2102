"""A merchant's night by hand: what is payable when, what is carried, what does not add up."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from authhost.payments.plans import Fee, Fees, Plan, Settlement
from clearing.days.calendars import weekdays
from clearing.payout import Before, Day, FeeLine, day_of, fee_of_row, settle
from clearing.settlement import Merchant, Payment, Payout, difference
from clearing.settlement import Settlement as Statement

THURSDAY, FRIDAY = date(2026, 7, 23), date(2026, 7, 24)
PRICED = Plan(Fees(phone=Fee(percent="1"), qr=Fee(fixed_minor=3), refund=Fee(fixed_minor=20)))


@pytest.mark.parametrize(("row", "fee"), [
    (("phone", 1_000), 10), (("qr", 1_000), 3), (("refund", -1_000), 20),
    (("refund", 1_000, 0, 700), -20),  # the bank would not pay it
    (("refund", 1_000), 0),  # nor has it cost anything
    (("qr", 500, 500), 0),  # the second part of one payment
    (("phone", 50, 949), 1),  # 9.49 is 9, 9.99 is 10
    (("phone", -1_000), 0)])
def test_what_a_row_costs(row: tuple[Any, ...], fee: int) -> None:
    assert fee_of_row(PRICED, *row) == fee


def test_a_day_is_summed() -> None:
    fees = (FeeLine("phone", 2, 3_000, 30), FeeLine("qr", 1, 70, 3), FeeLine("refund", 2, 300, 0))
    assert day_of(iter(fees)) == Day(5, 3_070, 300, fees)
    assert day_of(()) == Day()


CASES: list[tuple[dict[str, Any], Before, int, tuple[int, int, str, bool]]] = [
    # terms, before, gross: (net, available, held, payable tonight)
    ({}, Before(), 1_000, (1_000, 1_000, "", True)),
    ({}, Before(), 0, (0, 0, "not_positive", True)),
    ({}, Before(-300, -300), 200, (200, -100, "not_positive", True)),
    ({}, Before(-300, -300), 301, (301, 1, "", True)),
    ({"least_payout_minor": 500}, Before(), 499, (499, 499, "below_least", True)),
    ({"least_payout_minor": 500}, Before(), 500, (500, 500, "", True)),
    ({"after_days": 2}, Before(), 700, (700, 0, "not_due", False)),
    ({"after_days": 2}, Before(500, 0, 500), 700, (700, 500, "", False)),
    ({"after_days": 2}, Before(500, -100, 400), 700, (700, 300, "", False)),
    ({"after_days": 2}, Before(100, -100, 0), 700, (700, -100, "not_due", False)),
    ({"every": "week", "weekday": 4}, Before(600, 0, 600), 100, (100, 700, "", True)),
    ({"holdback_percent": "10", "holdback_days": 5}, Before(released_minor=40), 1_000,
     (940, 940, "", True)),
]


@pytest.mark.parametrize(("terms", "before", "gross", "expected"), CASES)
def test_a_night(terms: dict[str, Any], before: Before, gross: int,
                 expected: tuple[int, int, str, bool]) -> None:
    made = settle(Plan(settlement=Settlement(**terms)), before, Day(1, gross), THURSDAY, weekdays)
    assert (made.net_minor, made.available_minor, made.held, made.is_payable) == expected


def test_what_is_owed_is_taken_at_once() -> None:
    weekly = Plan(settlement=Settlement(every="week", weekday=7))
    made = settle(weekly, Before(900, 0, 900), Day(1, 0, 250), THURSDAY, weekdays)
    assert (made.net_minor, made.is_payable, made.available_minor) == (-250, True, 650)
    assert made.payable_on == date(2026, 7, 27)


def test_fees_off_the_payout_or_owed() -> None:
    day = Day(1, 1_000, 0, (FeeLine("phone", 1, 1_000, 50),))
    for by, net in (("net", 940), ("gross", 1_000)):
        plan = msgspec.convert({"fees": {"vat_basis_points": 2_000}, "settlement": {"by": by}},
                               Plan)
        made = settle(plan, Before(), day, FRIDAY, weekdays)
        assert (made.fees_minor, made.vat_minor, made.net_minor) == (50, 10, net)


RIGHT = Statement(
    number="S1", run_id="r", date="2026-07-23", created="2026-07-23T23:59:59Z", currency="EUR",
    merchant=Merchant("M", 1, "M", ""),
    plan="standard", fees_by="net", gross_minor=1_000, refunds_minor=200, fees_minor=15,
    fees=(FeeLine("phone", 1, 1_000, 10), FeeLine("refund", 1, 200, 5)), vat_minor=3,
    held_back_minor=100, held_back_until="2026-08-01", released_minor=7, net_minor=689,
    opening_minor=11, closing_minor=0, payout=Payout("sent", "", "E", 700, "2026-07-24"),
    payments=(Payment("", "", "payment", "", "", "", "", "", 1_000, 10),
              Payment("", "", "refund", "", "", "", "", "", -200, 5)))


@pytest.mark.parametrize(("change", "what"), [
    ({}, ""), ({"gross_minor": 1_001}, "the payments"),
    ({"gross_minor": 1_100, "refunds_minor": 300}, "the payments' gross"),
    ({"fees_minor": 16, "net_minor": 688, "opening_minor": 12}, "the payments' fees"),
    ({"fees": ()}, "the fees"), ({"net_minor": 690, "opening_minor": 10}, "the parts"),
    ({"fees_by": "gross"}, "the parts"), ({"closing_minor": 1}, "the balance")])
def test_what_does_not_add_up(change: dict[str, Any], what: str) -> None:
    found = difference(msgspec.structs.replace(RIGHT, **change))
    assert what in found
    assert bool(found) == bool(change)

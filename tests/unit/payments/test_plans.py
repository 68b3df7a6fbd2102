"""Fees by hand, and dates by a calendar on the wall: July 2026, the 23rd is a Thursday."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from authhost.payments.plans import (
    KINDS,
    Fee,
    Fees,
    Kind,
    Plan,
    Settlement,
    fee_of,
    fee_of_part,
    holdback_of,
    objection,
    parts_of,
    payout_date,
    period_end,
    vat_of,
)
from clearing.days.calendars import value_date, weekdays

THURSDAY, FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 7, day) for day in range(23, 28))
TUESDAY, WEDNESDAY = date(2026, 7, 28), date(2026, 7, 29)


def plan(kind: Kind = "phone", **fee: Any) -> Plan:
    return Plan(Fees(**{kind: Fee(**fee)}))


@pytest.mark.parametrize(("fee", "amount", "expected"), [
    ({}, 10_000, 0),
    ({"percent": "1.25"}, 10_000, 125),
    ({"percent": "1.25"}, 1_000, 13),  # 12.5: half up
    ({"percent": "1.25"}, 999, 12),  # 12.4875
    ({"percent": "0.0001"}, 500_000, 1),  # 0.5
    ({"percent": "0.0001"}, 499_999, 0),
    ({"percent": "100"}, 777, 777),
    ({"fixed_minor": 10}, 1, 10),
    ({"percent": "1", "fixed_minor": 10}, 2_050, 31),  # 20.5 is 21
    ({"percent": "1", "least_minor": 25}, 1_000, 25),
    ({"percent": "1", "least_minor": 25}, 2_600, 26),
    ({"percent": "1", "most_minor": 25}, 2_600, 25),
    ({"percent": "1", "fixed_minor": 30, "most_minor": 25}, 1, 25),
    ({"percent": "1", "most_minor": 0}, 9_999, 0),
    ({"fixed_minor": 10, "least_minor": 50}, 0, 0),  # nothing of nothing
    ({"percent": "1.5"}, 10**12, 15_000_000_000),
])
def test_a_fee(fee: dict[str, Any], amount: int, expected: int) -> None:
    for kind in KINDS:
        assert fee_of(plan(kind, **fee), kind, amount) == expected
        others = [other for other in KINDS if other != kind]
        assert [fee_of(plan(kind, **fee), other, amount) for other in others] == [0, 0]


def test_many_parts_cost_as_much_as_one() -> None:
    priced = plan(percent="1.333", fixed_minor=10, least_minor=20, most_minor=90)
    for parts in ([3_333], [1, 3_332], [1_111, 1_111, 1_111], [50] * 200, [10_000]):
        before, total = 0, 0
        for part in parts:
            fee = fee_of_part(priced, "phone", before, part)
            assert fee >= 0
            total, before = total + fee, before + part
        assert total == fee_of(priced, "phone", sum(parts))


@pytest.mark.parametrize(("percent", "parts"), [
    ("0", 0), ("1", 10_000), ("1.5", 15_000), ("0.0001", 1), ("99.9999", 999_999),
    ("100", 1_000_000), ("100.0", 1_000_000), ("12.05", 120_500)])
def test_a_percentage_is_whole_millionths(percent: str, parts: int) -> None:
    assert parts_of(percent) == parts


@pytest.mark.parametrize("text", ["", "-1", "1.23456", "1.", ".5", "101", "1e2", "1,5", "100.1",
                                  " 1", "1\n", "\u0661"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"percent": text}, Fee)


def test_what_cannot_be_together() -> None:
    assert objection(Plan()) == ("", "")
    assert objection(plan("qr", least_minor=2, most_minor=1)) == (
        "is less than the least", "fees.qr.most_minor")
    assert objection(plan("qr", least_minor=2, most_minor=2)) == ("", "")
    held = Settlement(holdback_percent="5")
    assert objection(Plan(settlement=held))[1] == "settlement.holdback_days"
    assert objection(Plan(settlement=msgspec.structs.replace(held, holdback_days=30))) == ("", "")


def test_vat_and_holdback() -> None:
    taxed = Plan(Fees(vat_basis_points=2_200), Settlement(holdback_percent="7.5",
                                                          holdback_days=30))
    assert (vat_of(taxed, 125), vat_of(taxed, -125), vat_of(Plan(), 125)) == (28, -28, 0)
    assert [holdback_of(taxed, minor) for minor in (10_000, 7, 6)] == [750, 1, 0]
    assert holdback_of(Plan(), 7) == 0


@pytest.mark.parametrize(("settlement", "paid_on", "expected"), [
    (Settlement(), THURSDAY, FRIDAY),
    (Settlement(), FRIDAY, MONDAY), (Settlement(), SATURDAY, MONDAY),
    (Settlement(), SUNDAY, MONDAY), (Settlement(), MONDAY, TUESDAY),
    (Settlement(after_days=2), THURSDAY, MONDAY), (Settlement(after_days=2), SUNDAY, TUESDAY),
    (Settlement(every="week"), MONDAY, date(2026, 8, 3)),
    (Settlement(every="week"), SUNDAY, MONDAY),
    (Settlement(every="week", weekday=3), THURSDAY, date(2026, 7, 30)),
    (Settlement(every="week", weekday=5), THURSDAY, MONDAY),
    (Settlement(every="week", weekday=5), FRIDAY, MONDAY),
    (Settlement(every="week", weekday=5), SATURDAY, date(2026, 8, 3)),
    (Settlement(every="week", weekday=5, after_days=3), FRIDAY, WEDNESDAY),
])
def test_when_it_is_paid_out(settlement: Settlement, paid_on: date, expected: date) -> None:
    assert payout_date(settlement, paid_on, weekdays) == expected


def test_a_calendar_is_data() -> None:
    holidays = {MONDAY, TUESDAY}
    assert payout_date(Settlement(), FRIDAY,
                       lambda day: weekdays(day) and day not in holidays) == WEDNESDAY
    assert value_date(THURSDAY, weekdays) == FRIDAY
    with pytest.raises(AssertionError):
        payout_date(Settlement(), FRIDAY, lambda _: False)


def test_a_week_ends_on_its_day() -> None:
    weekly = Settlement(every="week", weekday=4)
    assert [period_end(weekly, day).day for day in (WEDNESDAY, THURSDAY, FRIDAY)] == [30, 23, 30]

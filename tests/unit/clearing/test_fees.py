"""What a schedule charges: exact to the share of a minor unit, rounded once a line."""

from __future__ import annotations

import json
from datetime import date

import pytest

from clearing.fees import (
    SHARES,
    Charge,
    Schedule,
    Sums,
    Terms,
    deposit_charges,
    event_charge,
    interest_charges,
    merge,
    parse_terms,
    schedule_of,
    stated,
    vat_of,
)
from clearing.periods import is_last_of_month, period_of


def minor(charges: list[Charge]) -> dict[str, float | int]:
    """Minor units by kind; every one of these cases is exact."""
    return {charge.kind: charge.shares / SHARES for charge in charges}


def test_a_deposit_of_notes_and_coins() -> None:
    terms = Terms(per_deposit_minor=30, per_note="0.25", per_coin="0.5", percent_basis_points=10)
    own, foreign = deposit_charges(terms, 50_000, 120, 30, own_currency=True)
    assert minor(own) == {"deposit": 30, "note": 30, "coin": 15, "percent": 50}
    assert foreign == []


def test_a_percentage_of_foreign_money_is_foreign() -> None:
    terms = Terms(per_deposit_minor=30, percent_basis_points=10, largest_minor=40)
    own, foreign = deposit_charges(terms, 1_000_000, 0, 0, own_currency=False)
    assert (minor(own), minor(foreign)) == ({"deposit": 30}, {"percent": 1_000})


@pytest.mark.parametrize(("amount", "expected"), [
    (10_000, {"percent": 10, "smallest": 40}), (50_000, {"percent": 50}),
    (100_000, {"percent": 100, "largest": -20}),
])
def test_smallest_and_largest_are_lines_of_their_own(amount: int,
                                                     expected: dict[str, int]) -> None:
    terms = Terms(percent_basis_points=10, smallest_minor=50, largest_minor=80)
    assert minor(deposit_charges(terms, amount, 1, 0, own_currency=True)[0]) == expected


def test_parts_of_a_cent_are_rounded_once() -> None:
    """A hundredth of a cent a note: nothing for one deposit, a cent for fifty."""
    terms = Terms(per_note="0.01")
    charges = [charge for _ in range(50)
               for charge in deposit_charges(terms, 100, 1, 0, own_currency=True)[0]]
    sums: Sums = {}
    merge(sums, charges)
    one, = sums.values()
    assert (one.quantity, one.shares) == (50, SHARES // 2)
    assert stated((charge, 0) for charge in charges).fees_minor == 1
    assert stated((charge, 0) for charge in charges[:49]).fees_minor == 0


def test_interest_is_actual_over_365() -> None:
    one, = interest_charges(365, [(1_000_000, 10), (500_000, 2), (9_999_999, 0), (9, -3)])
    assert one.shares == (10_000_000 + 1_000_000) * 365 * 1_000
    sums = stated([(one, 0)])
    assert (sums.interest_minor, sums.fees_minor, sums.vat_minor) == (1_100, 0, 0)
    assert interest_charges(0, [(1_000_000, 10)]) == []


def test_vat_is_once_a_rate_and_interest_bears_none() -> None:
    terms = Terms(vat_basis_points=2_000)
    lines = [*event_charge("pickup", 3), *event_charge("count", 2), *event_charge("monthly", 3),
             *interest_charges(1_000, [(36_500, 10)])]
    sums = stated((line, vat_of(line.kind, terms)) for line in lines)
    assert [(line.kind, line.amount_minor, line.vat_basis_points) for line in sums.lines] == [
        ("pickup", 3, 2_000), ("count", 2, 2_000), ("monthly", 3, 2_000), ("interest", 100, 0)]
    # 20 % of 8, not of 3 and 2 and 3.
    assert [(rate.rate_basis_points, rate.net_minor, rate.vat_minor) for rate in sums.vat] == [
        (0, 100, 0), (2_000, 8, 2)]
    assert sums.gross_minor == 110


@pytest.mark.parametrize("text", [
    "[]", '{"per_note": "1.0000001"}', '{"per_note": "-1"}', '{"per_note": "1e3"}',
    '{"per_note": 1}', '{"per_deposit_minor": -1}', '{"vat_basis_points": 10001}',
    '{"per_coin": ""}', '{"per_coin": "."}', '{"per_note": "1."}x',
])
def test_terms_that_cannot_be_read(text: str) -> None:
    assert parse_terms(text) is None


def test_terms_with_more_in_them() -> None:
    terms = parse_terms(json.dumps({"per_note": "0.000001", "remark": "as agreed"}))
    assert terms == Terms(per_note="0.000001")


def test_the_newest_version_of_the_newest_schedule_that_has_begun() -> None:
    def made(day: int, version: int) -> Schedule:
        return Schedule(date(2026, 7, day), version, Terms(per_deposit_minor=version))

    known = [made(1, 1), made(10, 1), made(10, 2), made(20, 1)]
    assert schedule_of(known, date(2026, 6, 30)) is None
    assert schedule_of(known, date(2026, 7, 9)) == known[0]
    assert schedule_of(known, date(2026, 7, 19)) == known[2]


@pytest.mark.parametrize(("billing", "first", "last"), [
    ("daily", date(2024, 2, 28), date(2024, 2, 28)),
    ("weekly", date(2024, 2, 26), date(2024, 3, 3)),
    ("monthly", date(2024, 2, 1), date(2024, 2, 29)),
])
def test_periods(billing: str, first: date, last: date) -> None:
    assert period_of(date(2024, 2, 28), billing) == (first, last)


def test_the_last_day_of_a_month() -> None:
    assert [is_last_of_month(date(2026, month, day)) for month, day in
            ((7, 30), (7, 31), (2, 28), (12, 31))] == [False, True, True, True]

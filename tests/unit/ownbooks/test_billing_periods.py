"""Periods of parties: which days are in one, and which night is its last."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from clearing.periods import asked_until, ends_with, period_of


@pytest.mark.parametrize(("day", "length", "first", "last"), [
    (date(2026, 7, 23), "day", 23, 23), (date(2026, 7, 23), "daily", 23, 23),
    (date(2026, 7, 23), "week", 20, 26), (date(2026, 7, 23), "weekly", 20, 26),
    (date(2026, 7, 15), "half_month", 1, 15), (date(2026, 7, 16), "half_month", 16, 31),
    (date(2026, 2, 28), "half_month", 16, 28), (date(2026, 7, 23), "month", 1, 31),
    (date(2028, 2, 1), "monthly", 1, 29)])
def test_a_period(day: date, length: str, first: int, last: int) -> None:
    assert period_of(day, length) == (day.replace(day=first), day.replace(day=last))


@pytest.mark.parametrize("length", ["day", "week", "half_month", "month"])
@pytest.mark.parametrize("step", [1, 3])
def test_each_period_ends_once_whatever_days_are_none(length: str, step: int) -> None:
    """Business days of every day, or of every third: each period that has one ends with its last.
    """
    days = [date(2026, 1, 1) + timedelta(number * step) for number in range(200)]
    ended = [period_of(day, length) for day, following in pairwise(days)
             if ends_with(day, following, length)]
    had = {period_of(day, length) for day in days[:-1]}
    assert len(ended) == len(set(ended))
    assert had - set(ended) <= {period_of(days[-1], length)}


@pytest.mark.parametrize(("day", "waits", "until"), [
    (23, False, None), (23, True, 19), (26, False, 26), (26, True, 26), (20, True, 19)])
def test_what_waits_of_an_earlier_period_is_asked_for_without_todays(
        day: int, waits: bool, until: int | None) -> None:
    tonight = date(2026, 7, day)
    found = asked_until(tonight, tonight + timedelta(1), "week", waits=waits)
    assert found == (None if until is None else date(2026, 7, until))

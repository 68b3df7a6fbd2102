"""Calendars of banks: TARGET against its published days, dates that follow from any calendar."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.days.calendars import (
    after_working_days,
    calendar,
    easter,
    modified_following,
    target,
    this_or_next,
    this_or_previous,
    value_date,
    weekdays,
)
from clearing.errors import ClearingError

# Good Friday and Easter Monday, as the European Central Bank has announced them year by year.
EASTERS = {
    2020: ((4, 10), (4, 13)), 2021: ((4, 2), (4, 5)), 2022: ((4, 15), (4, 18)),
    2023: ((4, 7), (4, 10)), 2024: ((3, 29), (4, 1)), 2025: ((4, 18), (4, 21)),
    2026: ((4, 3), (4, 6)), 2027: ((3, 26), (3, 29)), 2028: ((4, 14), (4, 17)),
    2029: ((3, 30), (4, 2)), 2030: ((4, 19), (4, 22))}
FIXED = ((1, 1), (5, 1), (12, 25), (12, 26))
NAMES = ("every_day", "weekdays", "TARGET", "SI", "DE-BY", "TARGET+SI", "AE")

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(("year", "month", "day"), [
    (1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31),
    (2025, 4, 20), (2026, 4, 5), (2038, 4, 25), (2285, 3, 22)])
def test_easter(year: int, month: int, day: int) -> None:
    assert easter(year) == date(year, month, day)


@pytest.mark.parametrize("year", EASTERS)
def test_the_closed_days_of_target(year: int) -> None:
    closed = {day for day in (date(year, 1, 1) + timedelta(days=n) for n in range(366))
              if day.year == year and not target(day)}
    expected = {date(year, month, day) for month, day in (*EASTERS[year], *FIXED)}
    assert {day for day in closed if day.weekday() < 5} == {
        day for day in expected if day.weekday() < 5}
    assert {day for day in closed if day.weekday() >= 5} == {
        date(year, 1, 1) + timedelta(days=n) for n in range(366)
        if (date(year, 1, 1) + timedelta(days=n)).weekday() >= 5
        and (date(year, 1, 1) + timedelta(days=n)).year == year}


@settings(deadline=None)  # the first look makes the package's table
@given(days)
def test_target_as_others_have_it(day: date) -> None:
    """Another table of the same days: that of a package we take countries from."""
    bank = holidays.financial_holidays("XECB")
    assert target(day) == (day.weekday() < 5 and day not in bank)


@pytest.mark.parametrize(("name", "day", "works"), [
    ("SI", date(2026, 2, 8), False), ("SI", date(2026, 2, 9), True),  # Prešeren's day, a Sunday
    ("SI", date(2028, 2, 8), False), ("TARGET", date(2028, 2, 8), True),
    ("TARGET+SI", date(2028, 2, 8), False), ("SI+TARGET", date(2027, 3, 26), False),
    ("SI", date(2027, 3, 26), True),  # Good Friday is none in Slovenia
    ("DE-BY", date(2026, 6, 4), False), ("DE", date(2026, 6, 4), True),  # Corpus Christi
    ("AE", date(2026, 7, 25), False), ("AE", date(2026, 7, 26), False),
    ("weekdays", date(2026, 12, 25), True), ("every_day", date(2026, 12, 27), True)])
def test_calendars_by_name(name: str, day: date, works: bool) -> None:
    assert calendar(name)(day) is works


@pytest.mark.parametrize("name", ["", "ZZ", "DE-XX", "target", "SI+", "TARGET+ZZ", "S", "../SI"])
def test_what_is_no_calendar_is_said(name: str) -> None:
    with pytest.raises(ClearingError, match="calendar"):
        calendar(name)


@given(days, st.sampled_from(NAMES))
def test_dates_that_follow(day: date, name: str) -> None:
    works = calendar(name)
    following, before = this_or_next(day, works), this_or_previous(day, works)
    assert works(following)
    assert works(before)
    assert before <= day <= following
    assert (before == following) == works(day)
    assert not any(works(day + timedelta(days=n)) for n in range((following - day).days))
    assert not any(works(day - timedelta(days=n)) for n in range((day - before).days))
    modified = modified_following(day, works)
    assert works(modified)
    assert modified.month == day.month
    assert modified in {following, before}
    assert after_working_days(day, 0, works) == day


@given(days, st.integers(1, 30), st.sampled_from(NAMES))
def test_so_many_working_days_later(day: date, count: int, name: str) -> None:
    works = calendar(name)
    found = after_working_days(day, count, works)
    passed = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert sum(map(works, passed)) == count
    assert works(found)


@pytest.mark.parametrize(("seen", "due"), [
    (date(2026, 11, 20), date(2026, 12, 18)),  # four plain weeks
    (date(2026, 11, 22), date(2026, 12, 18)),  # a Sunday: the first day is Monday
    (date(2026, 3, 20), date(2026, 4, 21)),  # over Good Friday and Easter Monday
    (date(2026, 12, 10), date(2027, 1, 11)),  # over Christmas and New Year
])
def test_twenty_working_days(seen: date, due: date) -> None:
    assert after_working_days(seen, 20, target) == due


def test_the_night_before_a_long_week_end() -> None:
    assert value_date(date(2026, 4, 2), target) == date(2026, 4, 7)
    assert value_date(date(2026, 4, 2), weekdays) == date(2026, 4, 3)


def test_a_calendar_that_always_rests_is_none() -> None:
    with pytest.raises(AssertionError):
        this_or_next(date(2026, 7, 23), lambda _: False)

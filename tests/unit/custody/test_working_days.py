"""TARGET days: known Easters, the fixed days, and deadlines over them."""

from datetime import date, timedelta

import pytest

from authhost.custody.working_days import after_working_days, easter, is_working_day


@pytest.mark.parametrize(("year", "month", "day"), [
    (1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31),
    (2025, 4, 20), (2026, 4, 5), (2038, 4, 25), (2285, 3, 22)])
def test_easter(year, month, day):
    assert easter(year) == date(year, month, day)


def test_the_closed_days_of_2026():
    closed = [day for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
              if day.weekday() < 5 and not is_working_day(day)]
    assert closed == [date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1),
                      date(2026, 12, 25)]  # 26 December is a Saturday


@pytest.mark.parametrize(("seen", "due"), [
    (date(2026, 11, 20), date(2026, 12, 18)),  # four plain weeks
    (date(2026, 11, 22), date(2026, 12, 18)),  # a Sunday: the first day is Monday
    (date(2026, 3, 20), date(2026, 4, 21)),  # over Good Friday and Easter Monday
    (date(2026, 12, 10), date(2027, 1, 11)),  # over Christmas and New Year
])
def test_twenty_working_days(seen, due):
    assert after_working_days(seen, 20) == due


def test_none_is_the_day_itself():
    assert after_working_days(date(2026, 11, 22), 0) == date(2026, 11, 22)

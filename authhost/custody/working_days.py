"""Working days of the euro's payment system (TARGET): the days that deadlines are counted in.

PURE. Closed on Saturday, Sunday, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December:
the calendar that the ECB decided in December 2000 for 2002 "until further notice". Easter is that
of the Gregorian calendar.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_FIXED: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
_SATURDAY: Final = 5


def easter(year: int) -> date:
    """Easter Sunday of a year, by the Gregorian computus in whole numbers."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leaps, off = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    sunday = (32 + 2 * off + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def is_working_day(day: date) -> bool:
    """Whether payments are settled on this day."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    sunday = easter(day.year)
    return day not in {sunday - timedelta(days=2), sunday + timedelta(days=1)}


def after_working_days(day: date, count: int) -> date:
    """The count-th working day after a day, which is not counted itself. count >= 0."""
    assert count >= 0, "deadlines lie ahead"
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day

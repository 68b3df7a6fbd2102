"""The days on which banks work, and the dates that follow from them.

PURE. A calendar is a function of a date. Its name is what an operator configures:

    every_day    each day of the year
    weekdays     all but Saturday and Sunday
    TARGET       the euro's payment system: closed on Saturday, Sunday, 1 January, Good Friday,
                 Easter Monday, 1 May, 25 and 26 December, as the European Central Bank decided in
                 December 2000 for 2002 "until further notice"
    SI, DE-BY    the public holidays and the week-end of a country, or of a part of it (ISO 3166)
    TARGET+SI    days on which both work

TARGET is computed here, for its rule is older than any table of days; what a country celebrates is
the `holidays` package's to know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays

from clearing.errors import ClearingError

Calendar = Callable[[date], bool]  # whether banks work on a day

_SATURDAY: Final = 5
_LONGEST_REST: Final = 31  # days: a calendar that rests longer is none
_TARGET_FIXED: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
_COUNTRY: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def every_day(_: date) -> bool:
    """A calendar without holidays."""
    return True


def weekdays(day: date) -> bool:
    """A calendar: banks work on all days but Saturday and Sunday."""
    return day.weekday() < _SATURDAY


def target(day: date) -> bool:
    """A calendar: the days on which TARGET settles."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _TARGET_FIXED:
        return False
    sunday = easter(day.year)
    return day not in {sunday - timedelta(days=2), sunday + timedelta(days=1)}


@cache
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


@cache
def calendar(name: str) -> Calendar:
    """The calendar of this name. ClearingError where there is none."""
    parts = tuple(_one(part) for part in name.split("+"))
    return parts[0] if len(parts) == 1 else lambda day: all(part(day) for part in parts)


_NAMED: Final[dict[str, Calendar]] = {
    "every_day": every_day, "weekdays": weekdays, "TARGET": target}


def _one(name: str) -> Calendar:
    if name in _NAMED:
        return _NAMED[name]
    if not _COUNTRY.fullmatch(name):
        raise ClearingError(f"calendar {name!r}: expected {', '.join(_NAMED)}, a country like SI, "
                            "or a part of one like DE-BY; two of them with a + between")
    country, _, part = name.partition("-")
    parts = holidays.list_supported_countries().get(country)
    if parts is None or (part and part not in parts):
        raise ClearingError(f"calendar {name!r}: nobody knows its public holidays")
    return holidays.country_holidays(country, subdiv=part or None).is_working_day


def this_or_next(day: date, works: Calendar) -> date:
    """The day itself where banks work, else the next on which they do ("following")."""
    return _found(day, works, 1)


def this_or_previous(day: date, works: Calendar) -> date:
    """The day itself where banks work, else the last before on which they did ("preceding")."""
    return _found(day, works, -1)


def modified_following(day: date, works: Calendar) -> date:
    """The next working day, but the one before where the next is in another month."""
    found = this_or_next(day, works)
    return found if found.month == day.month else this_or_previous(day, works)


def after_working_days(day: date, count: int, works: Calendar) -> date:
    """The count-th working day after a day, which is not counted itself. count >= 0."""
    assert count >= 0, "deadlines lie ahead"
    for _ in range(count):
        day = this_or_next(day + timedelta(days=1), works)
    return day


def value_date(business_date: date, works: Calendar) -> date:
    """When the banks execute what the night of a business date sends."""
    return after_working_days(business_date, 1, works)


def _found(day: date, works: Calendar, step: int) -> date:
    for _ in range(_LONGEST_REST):
        if works(day):
            return day
        day += timedelta(days=step)
    raise AssertionError("a calendar without working days")

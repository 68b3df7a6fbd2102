"""When lines are invoiced: at the end of the period that their business date is in.

PURE. Half months are the 1st to the 15th, and the rest.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from clearing.periods import period_of

PERIODS: Final = ("day", "week", "half_month", "month")
_BILLING: Final = {"day": "daily", "week": "weekly", "month": "monthly"}
_DAY: Final = timedelta(days=1)
_HALF: Final = 15


def invoice_period(day: date, period: str) -> tuple[date, date]:
    """First and last day of the period of a day."""
    if period != "half_month":
        return period_of(day, _BILLING[period])
    first, last = period_of(day, "monthly")
    if day.day <= _HALF:
        return first, first.replace(day=_HALF)
    return first.replace(day=_HALF + 1), last


def ended_by(day: date, period: str) -> date:
    """The last day whose period has ended with `day`: what is dated up to it is invoiced."""
    first, last = invoice_period(day, period)
    return day if day == last else first - _DAY

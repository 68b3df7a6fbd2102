"""When lines are invoiced: at the end of the period that their business date is in.

PURE.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from clearing.periods import period_of

PERIODS: Final = ("day", "week", "half_month", "month")


def ended_by(day: date, period: str) -> date:
    """The last day whose period has ended with `day`: what is dated up to it is invoiced."""
    first, last = period_of(day, period)
    return day if day == last else first - timedelta(days=1)

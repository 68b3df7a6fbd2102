"""The billing periods of parties: a day, a week from Monday, half a calendar month, a whole one.

PURE. A period ends with the last business date in it; that night makes the statement.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_HALF: Final = 15  # the day of a month that its first half ends with
# As master data says it: account.billing, account_tax.invoice_period.
_LENGTHS: Final = {"daily": "day", "weekly": "week", "monthly": "month"}


def period_of(day: date, billing: str) -> tuple[date, date]:
    """First and last day of the period that a day is in: 'daily' or 'day', 'weekly' or 'week'
    (ISO 8601), 'half_month', 'monthly' or 'month'."""
    length = _LENGTHS.get(billing, billing)
    if length == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    if length in {"month", "half_month"}:
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - _DAY
        if length == "month":
            return first, last
        middle = first.replace(day=_HALF)
        return (first, middle) if day <= middle else (middle + _DAY, last)
    assert length == "day", billing
    return day, day


def ends_with(day: date, following: date, billing: str) -> bool:
    """Whether a day is the last business date of its period. following: the next business date,
    which a calendar may put off beyond the period's last day."""
    return following > period_of(day, billing)[1]


def asked_until(day: date, following: date, billing: str, *, waits: bool) -> date | None:
    """The last day that a night asks for: its own, where it ends a period. Where something of an
    earlier period waits that period's end: today's is not over. None: it asks for nothing."""
    if ends_with(day, following, billing):
        return day
    return period_of(day, billing)[0] - _DAY if waits else None


def is_last_of_month(day: date) -> bool:
    """A month's own charges are made on its last day."""
    return (day + _DAY).day == 1

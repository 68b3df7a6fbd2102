"""The billing periods of clients: a day, a week from Monday, a calendar month.

PURE. A period ends with the business date that is its last day; that night makes the statement.
"""

from __future__ import annotations

from datetime import date, timedelta

_DAY = timedelta(days=1)


def period_of(day: date, billing: str) -> tuple[date, date]:
    """First and last day of the 'daily', 'weekly' (ISO 8601) or 'monthly' period of a day."""
    if billing == "weekly":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    if billing == "monthly":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - _DAY
    assert billing == "daily", billing
    return day, day


def is_last_of_month(day: date) -> bool:
    """A month's own charges are made on its last day."""
    return (day + _DAY).day == 1

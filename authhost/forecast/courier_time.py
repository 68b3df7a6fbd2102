"""When a courier can be there, and by when he has to be asked.

PURE. Hours pass on working days alone, all 24 of them: what is asked for on Friday at noon with a
lead of a day is there on Monday at noon. Instants are in the safe's own time zone; a day that is
longer or shorter by summer time shifts the result by that hour.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from clearing.days.calendars import after_working_days, target


def arrival(asked_at: datetime, lead_h: int) -> datetime:
    """When he is there, if he is asked at this instant."""
    at = asked_at
    if not target(at.date()):
        at = _begin(after_working_days(at.date(), 1, target), at)
    left = timedelta(hours=lead_h)
    while True:
        midnight = _begin(at.date() + timedelta(days=1), at)
        if left < midnight - at:
            return at + left
        left -= midnight - at
        at = _begin(after_working_days(at.date(), 1, target), at)


def last_chance(now: datetime, lead_h: int) -> date:
    """The day on which he comes who is asked on the next working day instead of now: a safe that
    is full by then has to be asked for now."""
    tomorrow = after_working_days(now.date(), 1, target)
    return arrival(_begin(tomorrow, now) + (now - _begin(now.date(), now)), lead_h).date()


def _begin(day: date, like: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=like.tzinfo)

"""When the business day of a stream ends: at its cut-off, on the clock of its time zone.

PURE. A cut-off in the afternoon ends the day on its own date; one in the morning, midnight among
them, on the date after: 22:00 is late on the day itself, 02:00 is the small hours that follow it.
Where summer time begins and the hour is left out, the day ends as much later; where it ends and the
hour comes twice, at the first of the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from authhost.streams import Stream

_NOON: Final = time(12)


class Schedule(msgspec.Struct, frozen=True):
    """How the days of a stream follow each other: a row of day_schedule."""

    stream: Stream
    time_zone: str
    cut_off: time
    calendar: str = "every_day"  # the days that may be a business date
    bank_calendar: str = "TARGET"  # the days on which banks settle


def open_at(instant: datetime, schedule: Schedule) -> date:
    """The business date that an aware instant is in, were each day of the year one."""
    day = instant.astimezone(ZoneInfo(schedule.time_zone)).date() - timedelta(days=1)
    while ends_at(day, schedule) <= instant:
        day += timedelta(days=1)
    return day


def ends_at(business_date: date, schedule: Schedule) -> datetime:
    """The instant (UTC) from which on nothing belongs to this day any more."""
    day = business_date if schedule.cut_off >= _NOON else business_date + timedelta(days=1)
    local = datetime.combine(day, schedule.cut_off, ZoneInfo(schedule.time_zone))
    return local.astimezone(UTC)

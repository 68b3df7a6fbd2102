"""The schedules of the streams: read, changed, and how far a day of each is.

Knows the tables day_schedule and closed_day; when a day ends is cut_off's to say.
"""

from __future__ import annotations

from datetime import date, time
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from authhost.streams import Stream
from clearing.days.calendars import calendar
from clearing.days.cut_off import Schedule
from clearing.errors import ClearingError
from clearing.queries import Connection, query

Standing = Literal["open", "closed", "posted", "verified", "done"]


class OpenDay(msgspec.Struct, frozen=True):
    """The day of a stream that is open, and how its days follow each other."""

    business_date: date
    schedule: Schedule


async def open_days(connection: Connection) -> dict[Stream, OpenDay]:
    """Of each stream. ClearingError: the host was never set up."""
    rows = await connection.fetch(query("schedules"))
    if not rows:
        raise ClearingError("there is no rules row: the host was never set up")
    return {row["stream"]: OpenDay(row["business_date"], Schedule(
        row["stream"], row["time_zone"], row["cut_off"], row["calendar"], row["bank_calendar"]))
        for row in rows}


async def change_schedule(connection: Connection, stream: Stream, who: str,
                          role: str = "operator", *, time_zone: str | None = None,
                          cut_off: time | None = None, days: str | None = None,
                          banks: str | None = None) -> None:
    """What is None stays; it holds for the day that is open, and is in the audit trail. days,
    banks: names of calendars.

    ClearingError: there is no such time zone or calendar.
    """
    for name in (days, banks):
        if name is not None:
            calendar(name)
    if time_zone is not None:
        _check_zone(time_zone)
    await connection.execute(query("schedule_new"), stream, time_zone, cut_off, days, banks, who,
                             role)


async def days_not_cleared(connection: Connection, stream: Stream) -> list[date]:
    """Closed days whose night is still to do, or to go on with; the oldest first."""
    return [row["business_date"]
            for row in await connection.fetch(query("days_not_cleared"), stream)]


async def standing(connection: Connection, stream: Stream, business_date: date) -> Standing:
    """How far a day is: 'open' where it was never closed."""
    found: Standing | None = await connection.fetchval(
        query("day_standing"), stream, business_date)
    return found or "open"


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ClearingError(f"there is no time zone {name!r}") from None

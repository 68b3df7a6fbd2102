"""When each stream's days end, told and changed by people; each change is audited.

Knows who may, and the form of the fields; what a schedule means is clearing's (clearing/days/).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from authhost.admin import checks
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database, tag_of
from authhost.admin.fields import Clock, Fields, Zone
from authhost.admin.refusals import Conflict, Invalid, Moved, Unknown
from authhost.journal.reads import Borrowed
from authhost.streams import STREAMS, Stream
from clearing.days.calendars import calendar
from clearing.days.cut_off import Schedule, ends_at
from clearing.days.schedules import OpenDay, change_schedule, days_not_cleared, open_days
from clearing.errors import ClearingError

CalendarName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Row = dict[str, Any]


class DaySchedule(Fields, frozen=True):
    """From noon on a cut-off ends the day itself, before noon the day after does; on time_zone's
    clock. calendar: the days that may be a business date; bank_calendar: those on which banks
    settle (every_day, weekdays, TARGET, SI, DE-BY, several with a +)."""

    time_zone: Zone | UnsetType = UNSET
    cut_off: Clock | UnsetType = UNSET
    calendar: CalendarName | UnsetType = UNSET
    bank_calendar: CalendarName | UnsetType = UNSET


class DaySchedules:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor) -> list[Row]:
        """Of each stream: its schedule, the day that is open, when it ends (UTC), and the days that
        are closed and not cleared."""
        allow(actor, "day_schedule.read")
        async with Borrowed(self._pool) as connection:
            return [{**_shown(day.schedule), "business_date": day.business_date,
                     "ends_at": ends_at(day.business_date, day.schedule),
                     "not_cleared": await days_not_cleared(connection, stream)}
                    for stream, day in (await _open_days(connection)).items()]

    async def read(self, actor: Actor, name: str) -> Row:
        """One stream's. Unknown."""
        allow(actor, "day_schedule.read")
        async with Borrowed(self._pool) as connection:
            return await _read(connection, _stream(name))

    async def change(self, actor: Actor, name: str, given: DaySchedule, tag: str) -> Row:
        """What is named, from the day on that is open; the schedule as it is then. tag: a desk's.

        Unknown, Invalid, Moved.
        """
        allow(actor, "day_schedule.change")
        stream, values = _stream(name), _checked(given.given())
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            await connection.execute("SELECT FROM day_schedule WHERE stream = $1 FOR UPDATE",
                                     stream)
            if tag not in {"*", tag_of(await _read(connection, stream))}:
                raise Moved("the schedule was changed since it was read", "If-Match")
            cut_off = values.get("cut_off")
            await change_schedule(
                connection, stream, actor.name, str(actor.role),
                cut_off=time.fromisoformat(cut_off) if cut_off else None,
                time_zone=values.get("time_zone"), days=values.get("calendar"),
                banks=values.get("bank_calendar"))
            return await _read(connection, stream)


def _checked(values: Mapping[str, Any]) -> Mapping[str, Any]:
    if not values:
        raise Invalid("no field is named")
    checks.check({name: values[name] for name in ("time_zone",) if name in values})
    for name in ("calendar", "bank_calendar"):
        if name in values:
            try:
                calendar(values[name])
            except ClearingError as error:
                raise Invalid(str(error), name) from None
    return values


def _stream(name: str) -> Stream:
    if name not in STREAMS:
        raise Unknown(f"one of {', '.join(STREAMS)}", "stream")
    return STREAMS[STREAMS.index(name)]


async def _open_days(connection: asyncpg.Connection) -> dict[Stream, OpenDay]:
    try:
        return await open_days(connection)
    except ClearingError as error:
        raise Conflict(str(error)) from None


async def _read(connection: asyncpg.Connection, stream: Stream) -> Row:
    return _shown((await _open_days(connection))[stream].schedule)


def _shown(schedule: Schedule) -> Row:
    return msgspec.structs.asdict(schedule) | {"cut_off": f"{schedule.cut_off:%H:%M}"}

"""Close a business day of a stream: from then on no row of the stream can be dated with it.

Knows the one rules row and how batches hold it; must not know what is in the day. Design, Redis
decides and PostgreSQL proves, rule 4. A closed day stays closed: what comes later is of the day
that is open then, and a correction too.
"""

from __future__ import annotations

import contextlib
from datetime import date, timedelta
from typing import Final

import asyncpg

from authhost.streams import Stream
from clearing.days.calendars import Calendar, calendar, this_or_next
from clearing.errors import ClearingError
from clearing.queries import Connection, query

_LOCK_TIMEOUT_MS: Final = 30_000  # a batch lives for milliseconds: this one is stuck


async def close_day(connection: Connection, business_date: date, stream: Stream,
                    who: str) -> None:
    """Move the open date of a stream past `business_date`; nothing to do when it is past already.

    ClearingError: the day is still to come or was never one of this stream's, the host was never
    set up, or a batch holds the rules row for 30 s.
    """
    ending = await _ending(connection, business_date, stream)
    if ending is None:
        return
    following, banks = ending
    # The partition first and by itself: making one locks the whole journal, and a batch that holds
    # the rules row may be waiting for it.
    with contextlib.suppress(asyncpg.DuplicateTableError):  # another host made it just now
        await connection.execute(query("make_month"), following)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}")
            # Share locks on a row are granted past a waiting UPDATE, so busy hosts could keep it
            # out for ever; a lock on the table stands in the same queue as they do.
            await connection.execute(query("lock_rules"))
            await connection.execute(query("close_day"), stream, business_date, following, who,
                                     banks)
    except asyncpg.LockNotAvailableError as error:
        raise ClearingError(
            f"{stream} of {business_date} cannot be closed: a batch holds the rules row for more "
            f"than {_LOCK_TIMEOUT_MS // 1000} s"
        ) from error


async def pretend_closed(connection: Connection, business_date: date, stream: Stream,
                         who: str) -> None:
    """Close a day for the caller's transaction alone, which is to be rolled back: no batch waits,
    and the day takes rows as before. ClearingError as for close_day."""
    ending = await _ending(connection, business_date, stream)
    if ending is not None:
        following, banks = ending
        await connection.execute(query("pretend_closed"), stream, business_date, following, who,
                                 banks)


async def _ending(connection: Connection, business_date: date,
                  stream: Stream) -> tuple[date, str] | None:
    """The day after, and the name of the banks' calendar; None where the day is past already."""
    opened = await connection.fetchrow(query("open_day"), stream)
    if opened is None:
        raise ClearingError("there is no rules row: the host was never set up")
    if opened["business_date"] < business_date:
        raise ClearingError(f"{business_date} is still to come: the open business date of "
                            f"{stream} is {opened['business_date']}")
    if opened["business_date"] > business_date:
        await _was_one(connection, business_date, stream)
        return None
    calendar(opened["bank_calendar"])  # one that nobody knows stops the night here, not half-way
    following = this_or_next(business_date + timedelta(days=1), calendar(opened["calendar"]))
    return following, opened["bank_calendar"]


async def _was_one(connection: Connection, business_date: date, stream: Stream) -> None:
    before = await connection.fetchval(query("day_before"), stream, business_date)
    if before is None:
        raise ClearingError(f"{business_date} was never a business date of {stream}: its days "
                            "begin later")
    if before != business_date:
        raise ClearingError(f"{business_date} is no business date of {stream}: its calendar went "
                            f"on from {before} over it")


async def bank_calendar(connection: Connection, business_date: date, stream: Stream) -> Calendar:
    """The days on which banks work, as they were known when the day was closed: a repeat of its
    night comes to the same value dates."""
    closed = await connection.fetchrow(query("closed_day"), stream, business_date)
    if closed is None:
        raise ClearingError(f"{stream} of {business_date} is not closed")
    return calendar(closed["bank_calendar"])

"""What is read of the journal for people: transactions, exceptions, fills of a vehicle.

Knows statements and scopes. Nothing here decides or changes anything.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.consumption import Fill
from authhost.admin.flags import explained
from authhost.admin.refusals import Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed

MOST_DAYS: Final = 366
_COUNTED: Final = ("account_id", "card_id", "vehicle_id", "driver_id")
_FILTERS: Final = (*_COUNTED, "site_id", "terminal_id", "kind")
_MOVES: Final = "(money <> 0 OR volume <> 0 OR count <> 0 OR products <> '')"
# A clock that was set back by less than this makes the feed miss nothing.
MARGIN: Final = timedelta(seconds=1)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which transactions. Business dates, both included; None and '' are any."""

    first: date
    last: date
    account_id: int | None = None
    site_id: str = ""
    terminal_id: str = ""
    card_id: int | None = None
    vehicle_id: int | None = None
    driver_id: int | None = None
    kind: str = ""
    declined: bool = False  # those too
    flagged: bool = False  # those alone


class JournalReads:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def transactions(self, actor: Actor, wanted: Wanted, after: str,
                           most: int) -> tuple[list[dict[str, Any]], str | None]:
        """A page, the newest first, and the cursor of the next. Refused."""
        allow(actor, "transaction.read")
        within_days(wanted.first, wanted.last)
        wanted = within(actor, wanted)
        place = pages.place_of(after, str, int)
        conditions, values = _conditions(wanted)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("transactions", conditions=conditions), wanted.first, wanted.last,
                day_of(place[0]) if place else None, place[1] if place else None, most, *values)
        return [_row(row) for row in rows], pages.following(rows, most, "business_date", "id")

    async def totals(self, actor: Actor, wanted: Wanted) -> list[dict[str, Any]]:
        """Count, money and volume by day, site, kind and currency of what was approved."""
        allow(actor, "total.read")
        within_days(wanted.first, wanted.last)
        wanted = within(actor, wanted)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("totals"), wanted.first, wanted.last,
                                          wanted.site_id, wanted.terminal_id)
        return [dict(row.items()) for row in rows]

    async def exceptions(self, actor: Actor, account_id: int | None, after: str,
                         most: int) -> tuple[list[dict[str, Any]], str]:
        """Flagged rows in the order of their recording, and where to go on. Misses none.

        Rows are committed out of order: one that was recorded earlier may appear later. So only
        those are told that were recorded before the oldest open writing transaction began
        (feed_horizon.sql); every row that is not seen yet was recorded after that.
        """
        allow(actor, "exception.read")
        place = pages.place_of(after, str, int)
        if actor.account_id is not None:
            account_id = actor.account_id
        async with Borrowed(self._pool) as connection:
            until = await horizon(connection)
            rows = await connection.fetch(
                statement("exceptions"), account_id, instant_of(place[0]) if place else None,
                place[1] if place else None, until, most)
        found = [_row(row) | {"flags": explained(row["flags"])} for row in rows]
        if rows:
            after = pages.cursor_of(rows[-1]["recorded_at"].isoformat(), rows[-1]["id"])
        return found, after

    async def fills(self, actor: Actor, vehicle_id: int | None, first: date,
                    last: date) -> list[Fill]:
        """A vehicle's purchases of fuel between two days, the oldest first. Refused."""
        allow(actor, "vehicle.consumption")
        within_days(first, last)
        async with Borrowed(self._pool) as connection:
            vehicle = await connection.fetchrow(statement("vehicle_meter"), vehicle_id,
                                                actor.account_id)
            if vehicle is None:
                raise Unknown("there is no such vehicle", "vehicle_id")
            rows = await connection.fetch(statement("fills"), vehicle_id, first, last,
                                          vehicle["meter_reset_fence"])
        return [Fill(**row) for row in rows]


async def horizon(connection: asyncpg.Connection) -> datetime:
    """Up to when a feed tells: every row that is not seen yet was recorded after that.

    In a statement of its own, before that of the rows, which then has a newer snapshot.
    JournalUnavailable: nobody lets us see others' transactions.
    """
    found = await connection.fetchrow(statement("feed_horizon"))
    assert found is not None, "an aggregate has one row"
    if found["hidden"]:
        raise JournalUnavailable("grant pg_read_all_stats: other users' transactions "
                                 "are not to be seen, so that the feed could miss rows")
    until: datetime = found["horizon"]
    return until - MARGIN


def within(actor: Actor, wanted: Wanted) -> Wanted:
    """What is wanted, inside what is the actor's to see; another's is Unknown."""
    if actor.account_id is not None:
        if wanted.account_id not in {None, actor.account_id}:
            raise Unknown("there is no such account", "account")
        wanted = msgspec.structs.replace(wanted, account_id=actor.account_id)
    if actor.site_id is not None:
        if wanted.site_id not in {"", actor.site_id}:
            raise Unknown("there is no such site", "site")
        wanted = msgspec.structs.replace(wanted, site_id=actor.site_id)
    return wanted


def within_days(first: date, last: date) -> None:
    """Invalid: a question about all the years would be the whole journal's to answer."""
    if last < first or (last - first).days >= MOST_DAYS:
        raise Invalid(f"from a day to a later one, at most {MOST_DAYS} days", "until")


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    """What was asked for as conditions, and their values from the sixth parameter on."""
    parts = [] if wanted.declined else ["approved"]
    values = []
    for column in _FILTERS:
        value = getattr(wanted, column)
        if value not in {None, ""}:
            values.append(value)
            parts.append(f"{column} = ${len(values) + 5}")
    if wanted.flagged:
        parts.append("flags <> ''")
    if not wanted.declined and any(getattr(wanted, name) is not None for name in _COUNTED):
        parts.append(_MOVES)  # as the indexes have it
    return " AND ".join(parts) or "true", values


def _row(row: asyncpg.Record) -> dict[str, Any]:
    found = dict(row.items())
    found["detail"] = msgspec.Raw(found["detail"].encode())
    found["flags"] = [flag for flag in found["flags"].split(",") if flag]
    return found


def day_of(text: str) -> date:
    """A date of a cursor. Invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("no cursor of ours: begin without one", "after") from None


def instant_of(text: str) -> datetime:
    """An instant of a cursor. Invalid."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("no cursor of ours: begin without one", "after") from None

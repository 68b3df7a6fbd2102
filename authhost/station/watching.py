"""Heartbeats taken, terminals shown, alarms raised and cleared.

Knows the tables of what terminals tell; what is an alarm says heartbeat.py. Any number of hosts may
watch at once: an alarm begins once and ends once, and each is one event.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station.heartbeat import Conditions, Heartbeat, Status, alarms
from authhost.station.statements import sql

HEARTBEATS_KEPT: Final = timedelta(days=14)
EVENTS_KEPT: Final = timedelta(days=400)
MOST_ROWS: Final = 1_000


class NoSuchTerminal(Exception):
    """A terminal that is nobody's, no POS, or belongs to no site."""


class Event(msgspec.Struct, frozen=True):
    """What somebody should know. state: 'raised', 'cleared', or 'happened' once. detail: JSON."""

    event_id: int
    at: datetime
    site_id: str
    terminal_id: str
    kind: str
    state: str
    detail: msgspec.Raw


class Terminal(msgspec.Struct, frozen=True):
    """A station's terminal. profile: whose codes of products it uses."""

    terminal_id: str
    site_id: str
    acquirer_id: str
    profile: str


class Watching:
    """Takes heartbeats and looks at them. The numbers are of the last look."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, conditions: Conditions) -> None:
        self._pool = pool
        self._clock = clock
        self._conditions = conditions
        self.heartbeats = 0
        self.terminals = 0
        self.alarmed = 0
        self.unsent = 0

    async def take(self, terminal_id: str, told: Heartbeat) -> bool:
        """Keep what a terminal tells; whether a shift of it waits for its transactions.

        NoSuchTerminal, JournalUnavailable.
        """
        await self.terminal(terminal_id)
        async with Borrowed(self._pool) as connection:
            await connection.execute(
                sql("heartbeat_put"), terminal_id, self._clock.now(), told.at, told.software,
                told.catalogue_version, told.catalogue_refused, told.unsent, told.oldest_unsent_at,
                told.shift.number, told.shift.state, told.link_age_s, told.last_sequence)
            self.heartbeats += 1
            upload: bool = await connection.fetchval(sql("wants_upload"), terminal_id)
        return upload

    async def terminal(self, terminal_id: str) -> Terminal:
        """A terminal by its id. NoSuchTerminal."""
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(sql("terminal_read"), terminal_id)
        if row is None:
            raise NoSuchTerminal(terminal_id)
        return Terminal(*row.values())

    async def status(self, site_id: str | None = None,
                     terminal_id: str | None = None) -> list[Status]:
        """Terminals as they look now; those of one site, or one alone."""
        now = self._clock.now()
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("status"), site_id, terminal_id)
        return [_status(row, now) for row in rows]

    async def heartbeats_of(self, terminal_id: str, most: int = 100) -> list[dict[str, object]]:
        """What a terminal told, newest first, as its columns say it."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("heartbeats"), terminal_id, min(most, MOST_ROWS))
        return [dict(row.items()) for row in rows]

    async def events(self, after: int = 0, site_id: str | None = None,
                     most: int = MOST_ROWS) -> list[Event]:
        """What has happened since the event `after`, in order. Misses none.

        Ids are given before they are committed: who writes at this moment is waited for, so that
        no smaller id appears behind one that was told.
        """
        async with Borrowed(self._pool) as connection, connection.transaction():
            await connection.execute("LOCK TABLE station_event IN SHARE MODE")
            rows = await connection.fetch(sql("events"), after, site_id, min(most, MOST_ROWS))
        return [Event(**{**row, "detail": msgspec.Raw(row["detail"].encode())})
                for row in map(dict, rows)]

    async def look(self) -> None:
        """Raise and clear alarms, and forget what is old: a chore, every minute or so."""
        now = self._clock.now()
        seen = await self.status()
        self.terminals = sum(one.received_at is not None for one in seen)
        self.unsent = sum(one.unsent or 0 for one in seen)
        self.alarmed = 0
        async with Borrowed(self._pool) as connection:
            for one in seen:
                found = {alarm.kind: alarm for alarm in alarms(one, self._conditions, now)}
                self.alarmed += bool(found)
                for kind in found.keys() - set(one.alarms):
                    await connection.execute(
                        sql("alarm_raise"), one.terminal_id, one.site_id, kind, now,
                        msgspec.json.encode(found[kind].detail).decode())
                for kind in set(one.alarms) - found.keys():
                    await connection.execute(sql("alarm_clear"), one.terminal_id, one.site_id,
                                             kind, now)
            await connection.execute(sql("heartbeat_forget"), now - HEARTBEATS_KEPT,
                                     now - EVENTS_KEPT)


def _status(row: asyncpg.Record, now: datetime) -> Status:
    newest = max(row["newest_for_all"], row["newest_for_site"])
    named = {name: row[name] for name in Status.__struct_fields__ if name in row.keys()}  # noqa: SIM118  # a Record is no dict
    named["alarms"] = tuple(row["alarms"])
    if row["received_at"] is None:
        return Status(**named, catalogue_newest=newest)
    return Status(
        **named, catalogue_newest=newest, catalogue_old=row["catalogue_version"] < newest,
        silent_s=round((now - row["received_at"]).total_seconds()),
        clock_s=round((row["at"] - row["received_at"]).total_seconds()))

"""What a station's terminals booked on a business date, by card type, product and kind.

Knows the journal through one statement that reads a whole date, for all terminals at once. A date
that is over never changes, and is counted once for good; the open one is counted anew when what is
at hand is older than a moment.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station.building import BUILD_TIMEOUT_S
from authhost.station.shifts import Line
from authhost.station.statements import sql

FRESH_US: Final = 5_000_000
_NONE_KEPT: Final = b"[]"


class DayTotals(msgspec.Struct, frozen=True):
    """The host's totals of a terminal. closed: nothing is dated so any more. as_of: UTC."""

    terminal_id: str
    site_id: str
    business_date: date
    closed: bool
    as_of: datetime
    lines: tuple[Line, ...]


class Days:
    """Counts dates."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, fresh_us: int = FRESH_US) -> None:
        self._pool = pool
        self._clock = clock
        self._fresh_us = fresh_us
        self._one_at_a_time = asyncio.Lock()
        self._open: tuple[date, int, dict[str, tuple[Line, ...]], datetime] | None = None

    async def of(self, terminal_id: str, site_id: str, day: date) -> DayTotals:
        """A terminal's totals of a business date. JournalUnavailable."""
        async with self._one_at_a_time, Borrowed(self._pool) as connection:
            # Asked for first: what is counted afterwards of an earlier date is all of it.
            today = await connection.fetchval(sql("day_open"))
            is_open = day >= today
            if day > today:  # nothing is dated so yet
                found: tuple[Line, ...] = ()
                as_of = self._clock.now()
            elif is_open:
                lines, as_of = await self._counted_lately(connection, day)
                found = lines.get(terminal_id, ())
            else:
                found, as_of = await self._closed(connection, day, terminal_id)
        return DayTotals(terminal_id, site_id, day, not is_open, as_of, found)

    async def _counted_lately(self, connection: asyncpg.Connection, day: date,
                              ) -> tuple[dict[str, tuple[Line, ...]], datetime]:
        now_us = self._clock.real_now_us()
        if self._open is None or self._open[0] != day \
                or now_us - self._open[1] >= self._fresh_us:
            as_of = self._clock.now()
            self._open = (day, now_us, await _count(connection, day), as_of)
        return self._open[2], self._open[3]

    async def _closed(self, connection: asyncpg.Connection, day: date,
                      terminal_id: str) -> tuple[tuple[Line, ...], datetime]:
        row = await connection.fetchrow(sql("day_kept"), day, terminal_id)
        if row is None:
            lines = await _count(connection, day)
            texts = {"": _NONE_KEPT.decode()} | {
                name: msgspec.json.encode(some).decode() for name, some in lines.items()}
            await connection.execute(sql("day_keep"), day, list(texts), list(texts.values()),
                                     self._clock.now())
            row = await connection.fetchrow(sql("day_kept"), day, terminal_id)
            assert row is not None, "it was kept now"
        return msgspec.json.decode(row["lines"], type=tuple[Line, ...]), row["as_of"]


async def _count(connection: asyncpg.Connection, day: date) -> dict[str, tuple[Line, ...]]:
    rows = await connection.fetch(sql("day_totals"), day, timeout=BUILD_TIMEOUT_S)
    lines: dict[str, list[Line]] = {}
    for row in rows:
        lines.setdefault(row["terminal_id"], []).append(Line(
            row["card_type"], row["product"], row["kind"], row["count"], row["amount_minor"],
            row["volume_ml"]))
    return {name: tuple(some) for name, some in lines.items()}

"""Forecasts of all safes over the database, and the courier who is asked in time.

Knows the tables, the clock and a port to ask for a pick-up. Closed business dates are rolled up
once from the journal, for they never change; a safe's pattern is made once a day of its own clock
and kept. Any number of hosts may look: a safe has one request that is not over at most.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import structlog

from authhost.admin.access import Actor
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.forecast.average import WEEK, WEEKS, Pattern
from authhost.forecast.statements import statement
from authhost.forecast.status import KINDS, Filling, Forecast, Kind, forecast, patterns
from authhost.journal.reads import Borrowed

DAYS: Final = WEEKS * WEEK
PAGE: Final = 200  # safes that are looked at together
PATTERNS: Final = 20_000  # safes whose pattern is kept
ROLL_UP_S: Final = 300  # a day of a million deposits takes some seconds
QUIET: Final = timedelta(hours=24)  # after a request was cancelled
_OPEN: Final = timedelta(days=7)  # stays of the days that may not be rolled up yet
_WHO: Final = "forecast"
_log = structlog.get_logger()

Days = dict[date, dict[Kind, int]]


class Ask(Protocol):
    """Asks for a pick-up; a request that is not over stays the one that there is."""

    async def __call__(self, terminal_id: str, reason: Any, needed_by: datetime | None, *,
                       who: str, **more: Any) -> object:
        """reason: 'threshold' or 'forecast'. more: what the request's content has besides."""


class Forecasts:
    """One a host."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, ask: Ask) -> None:
        self._pool = pool
        self._clock = clock
        self._ask = ask
        self._known: Bounded[str, tuple[date, int, dict[Kind, Pattern]]] = Bounded(PATTERNS)
        self._rolled = 0  # raised when what was rolled up changes every pattern

    async def roll_up(self) -> int:
        """Business dates that were closed since: how many. JournalUnavailable."""
        async with Borrowed(self._pool) as connection:
            due = [row["day"] for row in await connection.fetch(statement("days_due"), DAYS)]
            for day in due:
                async with connection.transaction():
                    if await connection.fetchval(statement("day_done"), day) is not None:
                        await connection.execute(statement("day_roll_up"), day, timeout=ROLL_UP_S)
        self._rolled += bool(due)
        return len(due)

    async def look(self) -> int:
        """Look at every safe, and ask for the pick-ups that are wanted; how many. A safe that
        cannot be asked for is told in the log, and does not keep the others waiting."""
        asked = 0
        after = ""
        while True:
            found = await self._page(after, PAGE, None, None, None)
            for safe, one in found:
                if one.wanted is not None and not safe.asked and not safe.quiet:
                    asked += await self._asked(one)
            if len(found) < PAGE:
                return asked
            after = found[-1][0].terminal_id

    async def page(self, actor: Actor, after: str, most: int) -> list[Forecast]:
        """Safes by their number, those that are an actor's to see."""
        found = await self._page(after, min(most, PAGE), None, actor.account_id, actor.courier_id)
        return [one for _, one in found]

    async def of(self, terminal_id: str, actor: Actor) -> Forecast | None:
        """One safe; None where there is none, or it is another's."""
        found = await self._page("", 1, terminal_id, actor.account_id, actor.courier_id)
        return found[0][1] if found else None

    async def _asked(self, one: Forecast) -> bool:
        full = {} if one.full is None else msgspec.to_builtins(one.full)
        try:
            await self._ask(one.terminal_id, one.wanted, one.needed_by, who=_WHO,
                            forecast={"percent": one.percent, "full": full})
        except Exception:
            _log.exception("no pick-up was asked for", terminal_id=one.terminal_id)
            return False
        return True

    async def _page(self, after: str, most: int, only: str | None, account_id: int | None,
                    courier_id: str | None) -> list[tuple[Filling, Forecast]]:
        now = self._clock.now()
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("safes_filling"), after, most, only,
                                          account_id, courier_id, now - QUIET)
            local = {row["terminal_id"]: now.astimezone(ZoneInfo(row["time_zone"]))
                     for row in rows}
            opened = _by_safe(await connection.fetch(statement("days_open"), list(local),
                                                     now - _OPEN))
            known = await self._patterns(connection, local, opened)
        result = []
        for safe in map(_filling, rows):
            at = local[safe.terminal_id]
            today = opened[safe.terminal_id].get(at.date(), {})
            result.append((safe, forecast(safe, known[safe.terminal_id], today, at)))
        return result

    async def _patterns(self, connection: asyncpg.Connection, local: Mapping[str, datetime],
                        opened: dict[str, Days]) -> dict[str, dict[Kind, Pattern]]:
        """Of each safe up to its own yesterday: kept, or made now. local: now, by its clock."""
        found: dict[str, dict[Kind, Pattern]] = {}
        wanted: dict[str, date] = {}
        for name, now in local.items():
            yesterday = now.date() - timedelta(days=1)
            kept = self._known.get(name)
            if kept is not None and kept[:2] == (yesterday, self._rolled):
                found[name] = kept[2]
            else:
                wanted[name] = yesterday
        if wanted:
            rolled = self._rolled
            first = min(wanted.values()) - timedelta(days=DAYS)
            before = _by_safe(await connection.fetch(statement("days_before"), list(wanted), first))
            for name, yesterday in wanted.items():
                days = before[name]
                for day, pieces in opened[name].items():
                    known = days.setdefault(day, dict.fromkeys(KINDS, 0))
                    for kind in KINDS:
                        known[kind] += pieces[kind]
                found[name] = patterns(days, yesterday)
                self._known.put(name, (yesterday, rolled, found[name]))
        return found


def _by_safe(rows: Sequence[asyncpg.Record]) -> dict[str, Days]:
    found: dict[str, Days] = defaultdict(dict)
    for row in rows:
        found[row["terminal_id"]][row["local_day"]] = {kind: row[kind] for kind in KINDS}
    return found


def _filling(row: asyncpg.Record) -> Filling:
    return Filling(
        row["terminal_id"], row["cassette_id"],
        {"notes": row["note_capacity"], "coins": row["coin_capacity"]},
        {kind: row[kind] for kind in KINDS}, _told(row["told"]), row["fill_percent"],
        row["lead_h"], row["asked"], row["quiet"])


def _told(text: str | None) -> dict[Kind, int]:
    """A device's own word; what is no number of pieces is nothing."""
    said = json.loads(text) if text else None
    told: dict[Kind, int] = dict.fromkeys(KINDS, 0)
    for kind in KINDS:
        value = said.get(kind) if isinstance(said, dict) else None
        if isinstance(value, int) and value > 0:
            told[kind] = value
    return told

"""The nights without anybody: each stream's day is closed at its cut-off, then cleared.

Knows the order of things and the pauses between tries; what a night does is its caller's. A day
ends when it ends, whatever became of the nights before it: closing and clearing are apart, and
days are cleared one after the other, the oldest first. Of several hosts one looks after a stream
at a time, by a lock that goes with its connection: whoever dies is followed by the next, which
goes on where the dead one was. Nothing is remembered here that the database does not know, but how
long to wait after a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
import structlog

from authhost.streams import STREAMS, Stream
from clearing.days.closing import close_day
from clearing.days.cut_off import ends_at
from clearing.days.schedules import days_not_cleared, open_days
from clearing.errors import ClearingError
from clearing.exceptions import close_explained, open_exception
from clearing.queries import Connection, connect, query
from clearing.run_id import RunId

WHO: Final = "schedule"
LOOK_S: Final = 30  # between two looks, in real seconds: a cut-off that was moved is seen then
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)

Clear = Callable[[date, Stream], Awaitable[None]]
_log = structlog.get_logger()
# What stops a night and not this program: what it says itself, the database, the disk.
_STOPS: Final = (ClearingError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class Nights:
    """One process's. clear: closes and clears a day of a stream, again and again until it is done;
    now: the time of business, aware."""

    def __init__(self, database_url: str, clear: Clear, now: Callable[[], datetime]) -> None:
        self._url = database_url
        self._clear = clear
        self._now = now
        self._failures: dict[str, int] = {}  # one after the other, by what has failed
        self._not_before: dict[str, datetime] = {}

    async def run(self, also: Callable[[datetime], Awaitable[object]],
                  sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look and look again, until cancelled. also: what is done at each look besides."""
        while True:
            try:
                await self.look()
                await also(self._now())
            except _STOPS as error:
                _log.error("look_failed", why=str(error))
            await sleep(LOOK_S)

    async def look(self) -> None:
        """Close what has ended, clear what is closed: all streams, each by itself."""
        connection = await connect(self._url)
        try:
            for stream in STREAMS:
                if not await connection.fetchval(query("lock_nights"), stream):
                    continue  # another host is at it
                try:
                    await self._stream(connection, stream)
                finally:
                    await connection.execute(query("unlock_nights"), stream)
        finally:
            await connection.close()

    async def _stream(self, connection: Connection, stream: Stream) -> None:
        if self._may_try(stream):
            try:
                await self._close_ended(connection, stream)
            except ClearingError as error:
                await self._failed(connection, stream, stream, error)
            else:
                await self._went_well(connection, stream)
        for business_date in await days_not_cleared(connection, stream):
            if not await self._night(connection, RunId(business_date, stream)):
                return  # what follows stands on it

    async def _close_ended(self, connection: Connection, stream: Stream) -> None:
        """Days whose time has passed, in order; of those that nobody has closed while this was
        down all but the first are empty."""
        while True:
            day = (await open_days(connection))[stream]
            if self._now() < ends_at(day.business_date, day.schedule):
                return
            await close_day(connection, day.business_date, stream, WHO)
            _log.info("day_closed", stream=stream, business_date=str(day.business_date))

    async def _night(self, connection: Connection, run_id: RunId) -> bool:
        run = str(run_id)
        if not self._may_try(run):
            return False
        _log.info("night_begins", run_id=run)
        try:
            await self._clear(run_id.business_date, run_id.stream)
        except _STOPS as error:
            await self._failed(connection, run_id.stream, run, error)
            return False
        await self._went_well(connection, run)
        _log.info("night_done", run_id=run)
        return True

    def _may_try(self, what: str) -> bool:
        return what not in self._not_before or self._now() >= self._not_before[what]

    async def _went_well(self, connection: Connection, what: str) -> None:
        self._failures.pop(what, None)
        self._not_before.pop(what, None)
        await close_explained(connection, reason="night_stopped", subject_kind="run",
                              subjects=[what], why="it was done after all")

    async def _failed(self, connection: Connection, stream: Stream, what: str,
                      error: Exception) -> None:
        """Put off, each time longer, and tell a person. what: a run, or the stream that would not
        close."""
        failures = self._failures.get(what, 0)
        self._failures[what] = failures + 1
        self._not_before[what] = self._now() + min(FIRST_PAUSE * 2 ** min(failures, 10),
                                                   LONGEST_PAUSE)
        _log.error("night_stopped", what=what, why=str(error),
                   again_at=self._not_before[what].isoformat())
        await open_exception(connection, stream=stream, reason="night_stopped",
                             subject_kind="run", subject=what, content={"said": str(error)})

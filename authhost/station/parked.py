"""What could not be posted, and what became of it: listed, tried again, settled; never deleted.

Knows the table of parked rows and the work on them. How one is posted again is the port's, which
goes through the one write path: a message that was posted meanwhile is known there by its key, so
a second try, or one that died half-way, posts nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station.statements import sql

MOST_ROWS: Final = 1_000
MOST_WHY: Final = 500
_WAITS: Final = "waits"


class NoSuchParked(Exception):
    """An id that no parked row has."""


class ParkedBusy(Exception):
    """Somebody else works on this row at this moment."""


class ParkedDone(Exception):
    """A row that was posted or settled already: nothing more is done about it."""


class WhyMissing(Exception):
    """A row is not settled without a reason."""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A parked row. why: what spoke against it; content: what it said, JSON as it was kept."""

    id: int
    parked_at: datetime
    key: str
    fingerprint: bytes
    why: str
    content: str
    terminal_id: str
    state: str = _WAITS  # 'waits', 'posted', 'settled'
    tries: int = 0
    outcome: str = ""  # of the last try
    changed_at: datetime | None = None
    age_s: int = 0


class Step(msgspec.Struct, frozen=True):
    """Something that was done about a row."""

    at: datetime
    who: str
    what: str  # 'tried', 'posted', 'settled'
    why: str


class Posted(msgspec.Struct, frozen=True):
    """What the port says. posted: it is in the journal, now or since before; why: in words."""

    posted: bool
    why: str


Post = Callable[[Parked], Awaitable[Posted]]


class ParkedRows:
    """Lists and works off."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, post: Post) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def listed(self, *, site_id: str | None = None, terminal_id: str | None = None,
                     states: Sequence[str] | None = (_WAITS,), after: int = 0,
                     most: int = MOST_ROWS) -> list[Parked]:
        """Rows in the order that they were parked; of one site or terminal, in these states (None:
        in any), after an id."""
        async with Borrowed(self._pool) as connection:
            names: list[str] | None = None
            if site_id is not None:
                names = [row["name"] for row in await connection.fetch(sql("parked_site"), site_id)]
            if terminal_id is not None:
                own = terminal_id.replace("%", "%25").replace("/", "%2F")
                names = [own] if names is None or own in names else []
            rows = await connection.fetch(
                sql("parked_list"), after, names, list(states) if states is not None else None,
                min(most, MOST_ROWS))
        now = self._clock.now()
        return [_parked(row, now) for row in rows]

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and since when the first of them."""
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(sql("parked_waiting"))
        assert row is not None, "an aggregate has one row"
        return row["waiting"], row["oldest"]

    async def steps(self, parked_id: int) -> list[Step]:
        """What was done about a row, in order."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("parked_steps"), parked_id)
        return [Step(*row.values()) for row in rows]

    async def retry(self, parked_id: int, who: str) -> Posted:
        """Post it again. Where the port fails its outcome is not known: the row waits, and says so.

        NoSuchParked, ParkedBusy, ParkedDone.
        """
        async with Borrowed(self._pool) as connection:
            row = await self._begin(connection, parked_id)
            async with connection.transaction():
                await self._lock(connection, parked_id)
                try:
                    outcome = await self._post(row)
                except Exception as error:
                    # Its outcome is not known: it waits, and is known by its key if it stands.
                    outcome = Posted(False, f"no outcome: {type(error).__name__}")
                state, what = ("posted", "posted") if outcome.posted else (_WAITS, "tried")
                await connection.execute(
                    sql("parked_move"), parked_id, state, outcome.why[:MOST_WHY], 1,
                    self._clock.now(), who, what, outcome.why[:MOST_WHY])
        return outcome

    async def settle(self, parked_id: int, who: str, why: str) -> None:
        """A person has settled it otherwise, and says how.

        NoSuchParked, ParkedBusy, ParkedDone, WhyMissing.
        """
        if not why.strip():
            raise WhyMissing("say why it is settled without being posted")
        async with Borrowed(self._pool) as connection:
            await self._begin(connection, parked_id)
            async with connection.transaction():
                await self._lock(connection, parked_id)
                await connection.execute(
                    sql("parked_move"), parked_id, "settled", "settled", 0, self._clock.now(), who,
                    "settled", why[:MOST_WHY])

    async def _begin(self, connection: asyncpg.Connection, parked_id: int) -> Parked:
        row = await connection.fetchrow(sql("parked_read"), parked_id)
        if row is None:
            raise NoSuchParked(str(parked_id))
        return Parked(**dict(row.items()))

    @staticmethod
    async def _lock(connection: asyncpg.Connection, parked_id: int) -> None:
        try:
            row = await connection.fetchrow(sql("parked_lock"), parked_id)
        except asyncpg.LockNotAvailableError:
            raise ParkedBusy(str(parked_id)) from None
        assert row is not None, "it was begun"
        if row["state"] != _WAITS:
            raise ParkedDone(f"{parked_id} is {row['state']} already")


def _parked(row: asyncpg.Record, now: datetime) -> Parked:
    age_s = round((now - row["parked_at"]).total_seconds())
    return Parked(**dict(row.items()), age_s=age_s)

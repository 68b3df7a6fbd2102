"""The room as the host holds it: counts, cases, counterfeits, pick-ups, comparing, and two sweeps.

Knows how its parts fit together. `settle_open` goes on with what was decided, and is cheap where
nothing is; `look_again` finds what came too late for a count.
"""

from __future__ import annotations

import asyncpg

from authhost.clock import Clock
from authhost.custody import opening
from authhost.custody.cases import Cases
from authhost.custody.comparing import Comparing
from authhost.custody.counterfeits import Counterfeits
from authhost.custody.counts import Counts, link_again
from authhost.custody.outbox import AT_ONCE, Outbox, Post
from authhost.custody.pickups import Pickups
from authhost.custody.settling import match_stay
from authhost.custody.statements import statement
from authhost.custody.stays import Stays
from authhost.journal.reads import Borrowed


class Custody:
    """One host's custody. Any number of hosts may run the sweeps at once."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, post: Post) -> None:
        self._pool = pool
        self._clock = clock
        self._outbox = Outbox(pool, clock, post)
        self.counts = Counts(pool, clock)
        self.cases = Cases(pool, clock)
        self.counterfeits = Counterfeits(pool, clock)
        self.pickups = Pickups(pool, clock)
        self.comparing = Comparing(pool, clock)
        self.stays = Stays(pool)

    async def settle_open(self) -> int:
        """Post what was decided, close its cases, compare their stays again; how many posted.

        JournalUnavailable: the next sweep goes on.
        """
        async with Borrowed(self._pool) as connection, connection.transaction():
            await opening.note_suspects(connection)
        posted = await self._outbox.post()
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("cases_booked"), self._clock.now())
        for row in rows:
            await self.match(row["stay_id"])
        return posted

    async def look_again(self) -> int:
        """Deposits and swaps that came after the count; how many stays are compared again."""
        now = self._clock.now()
        async with Borrowed(self._pool) as connection:
            async with connection.transaction():
                linked = await link_again(connection, now, AT_ONCE)
            late = await connection.fetch(statement("stays_late"), AT_ONCE)
        for row in late:
            await self.match(row["stay_id"])
        return len(linked) + len(late)

    async def match(self, stay_id: int) -> str:
        """Compare a stay with its count, now; its state after it."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            return await match_stay(connection, stay_id, self._clock.now())

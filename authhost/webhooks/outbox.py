"""What is to be told, as the table has it: taken under a lease, and written down after a try.

Knows statements and a pool. Who takes a row may die: its lease ends, and another host tells it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.webhooks import bounds
from authhost.webhooks.pauses import Tried, Verdict
from authhost.webhooks.statements import statement


class Taken(msgspec.Struct, frozen=True, gc=False):
    """One webhook that is ours until the lease ends. place: the merchant and its server; tries:
    before this one; secrets: keys in force; ended: its URL has said that it is gone."""

    webhook_id: int
    merchant_id: str
    url: str
    content: str
    tries: int
    place: str
    secrets: list[bytes]
    ended: bool
    lease: datetime

    def __repr__(self) -> str:
        return f"Taken({self.webhook_id})"  # without its secrets


class Note(msgspec.Struct, frozen=True, gc=False):
    """What a try came to."""

    taken: Taken
    tried: Tried
    verdict: Verdict


class Outbox:
    """Over a pool. JournalUnavailable where the database is away.

    Leases and pauses are seconds of the machine's clock, also where business time runs faster.
    """

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(self, most: int, merchants: Collection[str], places: Collection[str],
                   quick: Collection[str]) -> list[Taken]:
        """What is due, at most so many, of none of these merchants and places. quick: places that
        may have several at once."""
        now = self._clock.now()
        lease = now + timedelta(seconds=bounds.LEASE_S) * self._clock.rate
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("take"), now, lease, bounds.TAKEN_PER_PLACE, most, bounds.LOOKED_AT,
                list(merchants), list(places), list(quick))
        return [Taken(**dict(row), lease=lease) for row in rows]

    async def forget(self) -> None:
        """Rows that were told long ago go; those that are dead stay. Many at a time, not all."""
        before = self._clock.now() - timedelta(days=bounds.KEPT_DAYS)
        async with Borrowed(self._pool) as connection:
            await connection.execute(statement("forget"), before, bounds.FORGOTTEN_ROWS)

    async def note(self, notes: Sequence[Note]) -> None:
        """Write down. The same notes again do nothing."""
        now = self._clock.now()
        pauses = [timedelta(milliseconds=note.verdict.pause_ms) * self._clock.rate
                  for note in notes]
        async with Borrowed(self._pool) as connection:
            await connection.execute(
                statement("note"), [note.taken.webhook_id for note in notes],
                [note.taken.lease for note in notes], [note.verdict.state for note in notes],
                [now + pause if note.verdict.state == "waiting" else None
                 for note, pause in zip(notes, pauses, strict=True)],
                [note.tried.said for note in notes], now)

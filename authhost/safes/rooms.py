"""The room of safes, put together: views, numbers, messages. Knows who needs whom."""

from __future__ import annotations

import asyncpg

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.safes import balancing, status
from authhost.safes.balancing import Balance
from authhost.safes.messages import Messages, NoSuchSafe
from authhost.safes.sequences import Sequences
from authhost.safes.views import SafeViews
from authhost.safes.watching import Watching
from authhost.translate.safe_bodies import Depositors


class Safes:
    """What doors and the bootstrap are given."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, fingerprint_key: bytes) -> None:
        self._pool = pool
        self.views = SafeViews(pool, clock)
        self.sequences = Sequences(pool, clock)
        self.watching = Watching(pool, clock)
        self.messages = Messages(pool, clock, self.sequences, self.views, fingerprint_key)

    async def depositors(self, terminal_id: str) -> Depositors:
        """Who may put money in. NoSuchSafe, JournalUnavailable."""
        await self._known(terminal_id)
        async with Borrowed(self._pool) as connection:
            return await status.depositors(connection, terminal_id)

    async def balance(self, terminal_id: str) -> Balance | None:
        """What the cassette inside should hold now; None where none is inside.

        NoSuchSafe, JournalUnavailable.
        """
        await self._known(terminal_id)
        async with Borrowed(self._pool) as connection:
            return await balancing.inside(connection, terminal_id)

    async def _known(self, terminal_id: str) -> None:
        if await self.views.at_hand(terminal_id) is None:
            raise NoSuchSafe(terminal_id)

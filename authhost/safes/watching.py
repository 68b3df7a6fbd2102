"""What the host itself sees at safes: one that says nothing, one whose numbers are full of gaps.

Knows the tables of alarms and their events; who hears of them is the administration's. Any number
of hosts may look at once: an alarm begins once and ends once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import asyncpg

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.safes.statements import statement

_EVENTS_KEPT: Final = timedelta(days=400)
_IN_ORDER: Final = timedelta(days=1)  # without a gap given up: the alarm of numbers ends
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtext('authhost.safe_watching'))"
_FORGET: Final = "DELETE FROM safe_event WHERE at < $1"


class Watching:
    """Looks at all safes. silent: how many were, at the last look."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.silent = 0

    async def look(self) -> None:
        """Raise and clear alarms, and forget what is old: a chore, every minute or so.

        Another host that looks at this moment does it for this one. JournalUnavailable.
        """
        now = self._clock.now()
        async with Borrowed(self._pool) as connection, connection.transaction():
            if not await connection.fetchval(_LOCK):
                return
            self.silent = await connection.fetchval(statement("watch_silent"), now)
            await connection.execute(statement("watch_numbers"), now, now - _IN_ORDER)
            await connection.execute(_FORGET, now - _EVENTS_KEPT)

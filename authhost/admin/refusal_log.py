"""Who was refused what: written into the audit trail, bounded, so that a flood cannot fill it.

Knows a statement and a monotonic clock. 1. A refusal is a row at once, while there are places: a
host has so many, and gets so many again each minute; callers whom nobody knows have places of
their own, so that they take nobody else's. 2. The same refusal again within a minute, and any
beyond the places, is counted. 3. What was counted is one row a minute, by who, what and why: the
first kinds by name, the others as a sum. So each refusal is in the trail, in a row or in a sum,
and a host adds at most PLACES rows and two a minute from then on, whatever is thrown at it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec
import structlog

from authhost.admin.access import Actor
from authhost.admin.raising import audit
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed

_log = structlog.get_logger()
PLACES: Final = 1_000
PLACES_A_MINUTE: Final = 10
KINDS: Final = 32  # in a sum; the others are one number
SUM_S: Final = 60
_LONGEST: Final = 200
# Roles of those who have no access of their own.
NOBODY: Final = "nobody"
DEVICE: Final = "device"


class Refusal(msgspec.Struct, frozen=True):
    """One kind of refusal. subject: the route, or the terminal; why: status and part."""

    who: str
    role: str
    subject: str
    why: str

    def __str__(self) -> str:
        return f"{self.who} {self.subject}: {self.why}"


class Places:
    """A bucket: `most` at the beginning, so many again each minute."""

    def __init__(self, most: int, a_minute: int, now: Callable[[], float]) -> None:
        self._left = float(most)
        self._most = most
        self._a_minute = a_minute
        self._now = now
        self._at = now()

    def take(self) -> bool:
        """One place, where there is one."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._at) * self._a_minute / 60)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RefusalLog:
    """One host's. It writes its sum a minute after the first that was counted, and when closed."""

    def __init__(self, pool: asyncpg.Pool, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._known = Places(PLACES, PLACES_A_MINUTE, now)
        self._unknown = Places(PLACES, PLACES_A_MINUTE, now)
        self._seen: dict[Refusal, float] = {}
        self._counted: Counter[Refusal] = Counter()
        self._others = 0
        self._task: asyncio.Task[None] | None = None

    async def note(self, refusal: Refusal) -> None:
        """Write it, or count it. A database that is away loses no answer: it is counted then."""
        refusal = Refusal(*map(_plain, msgspec.structs.astuple(refusal)))
        if self._is_new(refusal):
            try:
                await self._write(refusal.who, refusal.role, refusal.subject,
                                  f"refused: {refusal.why}", {})
                return
            except (JournalUnavailable, asyncpg.PostgresError) as error:
                _log.warning("a refusal waits for its row", why=str(error))
        if refusal in self._counted or len(self._counted) < KINDS:
            self._counted[refusal] += 1
        else:
            self._others += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._later())

    async def of_device(self, terminal_id: str, why: str) -> None:
        """A device's certificate was refused at a door."""
        await self.note(Refusal(terminal_id, DEVICE, f"terminal/{terminal_id}",
                                f"certificate {why}"))

    async def close(self) -> None:
        """Write what was counted."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.sum_up()

    async def sum_up(self) -> None:
        """One row of what was counted since the last; it waits where the database is away."""
        counted, others = self._counted, self._others
        if not counted and not others:
            return
        self._counted, self._others = Counter(), 0
        change: dict[str, tuple[None, int]] = {
            str(refusal): (None, number) for refusal, number in counted.most_common()}
        if others:
            change["others"] = (None, others)
        total = counted.total() + others
        try:
            await self._write("authhost", "host", "refusals", f"{total} more were refused", change)
        except (JournalUnavailable, asyncpg.PostgresError) as error:
            _log.warning("refusals wait for their row", why=str(error), counted=total)
            self._others += total

    def _is_new(self, refusal: Refusal) -> bool:
        now = self._now()
        if len(self._seen) >= PLACES:
            self._seen = {one: at for one, at in self._seen.items() if now - at < SUM_S}
        at = self._seen.get(refusal)
        if at is not None and now - at < SUM_S:
            return False
        places = self._unknown if refusal.role == NOBODY else self._known
        if len(self._seen) >= 2 * PLACES or not places.take():
            return False
        self._seen[refusal] = now
        return True

    async def _later(self) -> None:
        await asyncio.sleep(SUM_S)
        await self.sum_up()

    async def _write(self, who: str, role: str, subject: str, what: str,
                     change: dict[str, tuple[None, int]]) -> None:
        async with Borrowed(self._pool) as connection:
            await audit(connection, Actor(who, role), subject, what, change)


def _plain(part: str) -> str:
    """As a column takes it: what a peer has called itself may be anything."""
    return "".join(sign if sign.isprintable() else "?" for sign in part[:_LONGEST])

"""How many requests of one merchant may wait for one phone: it hides no other's from a payer.

Knows the ids of requests that were let in here, and one read. Requests are counted where they are
asked for, without a read, until there are MOST: then the rows say what still waits, whoever has
ended it and at whatever host it was asked for. So the bound is a little higher for a moment, where
requests come at once at several hosts; the phone's list has MOST of each merchant all the same
(moves_of_phone.sql).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import asyncpg

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.payments import names
from authhost.payments.life import OPEN
from authhost.payments.model import Caller, NewPayment, Refused
from authhost.payments.ports import Told
from authhost.payments.statements import statement

MOST: Final = 10
KEPT: Final = 50_000  # pairs of merchant and phone that a process remembers
_ON_ITS_WAY_S: Final = limits.DEADLINE_MS / 1000  # a request that was let in, and has no row yet


class Crowd:
    """Of one host. secret: of ids."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, secret: bytes,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._secret = secret
        self._now = now
        # By merchant and phone: ids, and when each was let in.
        self._waiting: Bounded[tuple[str, str], dict[str, float]] = Bounded(KEPT)

    async def admit(self, caller: Caller, new: NewPayment, idempotency_key: str) -> None:
        """Refused where too many wait; a repeat never is. JournalUnavailable."""
        if new.payer_phone is None:
            return
        payment_id = names.payment_id(self._secret, caller.merchant_id, caller.user_id,
                                      idempotency_key)
        pair = caller.merchant_id, new.payer_phone
        there = self._waiting.get(pair, {})
        if len(there) >= MOST:
            there = await self._read(pair, payment_id)
            if payment_id not in there and len(there) >= MOST:
                raise Refused(409, "Too many wait", f"{MOST} requests of yours wait for this "
                              "phone: cancel one, or wait until one has ended", "payer_phone")
        there[payment_id] = self._now()
        self._waiting.put(pair, there)

    def tell(self, told: Told) -> None:
        """A payment has changed here."""
        asked = told.asked
        if told.state in OPEN or asked.payer_phone is None:
            return
        there = self._waiting.get((asked.merchant_id, asked.payer_phone), {})
        there.pop(asked.payment_id, None)
        if not there:
            self._waiting.pop((asked.merchant_id, asked.payer_phone), None)

    async def _read(self, pair: tuple[str, str], payment_id: str) -> dict[str, float]:
        """What waits, by the rows; with what is on its way there, and this id if it has a row."""
        before = list(self._waiting.get(pair, {}))
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("crowd_read"), *pair, self._clock.now(),
                                          [payment_id, *before], MOST)
        now = self._now()
        found = {row["payment_id"]: row["waits"] for row in rows}
        there = {one: now for one, waits in found.items() if waits or one == payment_id}
        there |= {one: at for one, at in self._waiting.get(pair, {}).items()
                  if one not in found and now - at < _ON_ITS_WAY_S}
        self._waiting.put(pair, there)
        return there

"""Phones that a merchant takes nothing from: blocked, listed, taken from again.

Knows one table and the payer's fence: what is blocked is compared at the commit of the payer's yes
(payments/parties.py), on every host, however old its view. A phone that is no payer's yet has no
fence, and is blocked from its first day on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.raising import audit, raise_fence
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.merchants.statements import statement
from authhost.payments.bodies import said_at
from authhost.payments.model import Caller, Refused

MOST: Final = 10_000  # phones of one merchant
_ROLE: Final = "merchant"


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """A phone (E.164) that a merchant blocks, by whom and why."""

    phone: str
    reason: str
    blocked_by: str
    blocked_at: str


class Blocking:
    """Over a pool of connections. JournalUnavailable where the database is away."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def block(self, caller: Caller, phone: str, reason: str) -> Blocked:
        """From this commit on the phone's yes is declined. Blocked before: as it was. Refused."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            count = await connection.fetchval(statement("blocked_count"), caller.merchant_id)
            made = await connection.fetchval(
                statement("blocked_put"), caller.merchant_id, phone, reason, caller.user_id,
                self._clock.now())
            if made is not None:
                if count >= MOST:
                    raise Refused(409, "Too many", f"{MOST} phones are blocked already", "phone")
                await self._moved(connection, caller, phone, "is blocked", (None, reason))
            row = await connection.fetchrow(statement("blocked_list"), caller.merchant_id, "", 1,
                                            phone)
        assert row is not None, "it is there now"
        return _shown(row)

    async def unblock(self, caller: Caller, phone: str) -> None:
        """It may pay this merchant again. Refused where it was not blocked."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            gone = await connection.fetchval(statement("blocked_drop"), caller.merchant_id, phone)
            if gone is None:
                raise Refused(404, "Not found", "the phone is not blocked", "phone")
            await self._moved(connection, caller, phone, "is blocked no more", ("blocked", None))

    async def listed(self, caller: Caller, after: str, most: int) -> list[Blocked]:
        """By number."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("blocked_list"), caller.merchant_id, after,
                                          most, None)
        return [_shown(row) for row in rows]

    @staticmethod
    async def _moved(connection: asyncpg.Connection, caller: Caller, phone: str, what: str,
                     reason: tuple[str | None, str | None]) -> None:
        """Audited, and the payer's fence raised: the last thing in its transaction."""
        await audit(connection, Actor(caller.user_id, _ROLE),
                    f"merchant/{caller.merchant_id}/blocked/{phone}",
                    f"phone {phone} {what} by {caller.merchant_id}", {"reason": reason})
        account_id = await connection.fetchval(
            "SELECT account_id FROM payer WHERE phone = $1", phone)
        if account_id is not None:
            await raise_fence(connection, account_id)


def _shown(row: asyncpg.Record) -> Blocked:
    at: datetime = row["blocked_at"]
    return Blocked(phone=row["phone"], reason=row["reason"], blocked_by=row["blocked_by"],
                   blocked_at=said_at(at))

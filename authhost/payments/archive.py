"""What is read of payments. Knows statements and a pool; a read never decides."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from authhost.journal.reads import Borrowed
from authhost.payments.life import State
from authhost.payments.model import Asked, Payment, Standing
from authhost.payments.names import word_key
from authhost.payments.statements import statement
from authhost.standing import Whose, Windows


class Archive:
    """Over a pool of connections. JournalUnavailable where the database is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def payment(self, payment_id: str) -> Payment | None:
        """A payment, as it is."""
        rows = await self._rows("payment_read", payment_id)
        return payment_of(rows[0]) if rows else None

    async def standing(self, payment_id: str) -> Standing:
        """What a payment, which there is, is by now."""
        found = await self.payment(payment_id)
        assert found is not None, "there is one"
        return found.now

    async def waiting(self, phone: str, now: datetime) -> list[Payment]:
        """What waits for a payer's word, oldest first; at most 100."""
        return [payment_of(row) for row in await self._rows("payments_waiting", phone, now)]

    async def expired(self, now: datetime, most: int) -> list[str]:
        """Ids of those whose time is over and that nobody has ended."""
        return [row["payment_id"] for row in await self._rows("payments_expired", now, most)]

    async def signed(self, payment_id: str) -> list[tuple[Whose, Windows, int, int]]:
        """What the payer's yes has counted: (whose, windows, money, count)."""
        return [(Whose(row["account_id"]),
                 Windows(row["day"], row["week"], row["month"], row["minute"]),
                 row["money"], row["count"])
                for row in await self._rows("signed_legs", word_key(payment_id))]

    async def _rows(self, name: str, *values: object) -> list[asyncpg.Record]:
        async with Borrowed(self._pool) as connection:
            return await connection.fetch(statement(name), *values)


def payment_of(row: asyncpg.Record) -> Payment:
    """A payment of its row."""
    return Payment(
        Asked(**{name: row[name] for name in Asked.__struct_fields__}),
        Standing(state=State(row["state"]), **{
            name: row[name] for name in Standing.__struct_fields__ if name != "state"}))

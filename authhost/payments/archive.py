"""What is read of payments. Knows statements and a pool; a read never decides."""

from __future__ import annotations

import json
from datetime import datetime

import asyncpg
import msgspec

from authhost.journal.reads import Borrowed
from authhost.payments.life import State
from authhost.payments.model import Asked, Payment, Standing
from authhost.payments.names import word_key
from authhost.payments.statements import statement
from authhost.standing import Whose, Windows


class Search(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Which of a merchant's payments: what is None is not asked. after: where the page before this
    one ended. state: lower case; begin, end: of the request's time, the end not included."""

    merchant_id: str
    states: tuple[str, ...] | None = None
    begin: datetime | None = None
    end: datetime | None = None
    amount_minor: int | None = None
    reference: str | None = None
    phone: str | None = None
    after: tuple[datetime, str] | None = None


class Change(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One change of a payment, who made it and why."""

    version: int
    event: str
    before: str
    after: str
    at: datetime
    who: str
    why: str


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What proves a payer's word: the text as it was signed, the signature in base64, and the
    certificate (DER) of its serial."""

    text: str
    signature: str
    serial: str
    certificate: bytes


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

    async def search(self, wanted: Search, most: int) -> list[Payment]:
        """A merchant's payments, newest first."""
        after = wanted.after or (None, None)
        return [payment_of(row) for row in await self._rows(
            "payments_search", wanted.merchant_id, wanted.states, wanted.begin, wanted.end,
            wanted.amount_minor, wanted.reference, wanted.phone, *after, most)]

    async def changes(self, payment_id: str) -> list[Change]:
        """All that became of a payment, in its order."""
        return [Change(**dict(row)) for row in await self._rows("payment_changes", payment_id)]

    async def evidence(self, payment_id: str) -> Evidence | None:
        """What the payer has signed; None where nobody has."""
        rows = await self._rows("payment_evidence", word_key(payment_id))
        if not rows:
            return None
        said = json.loads(rows[0]["detail"])
        return Evidence(text=said["text"], signature=said["signature"], serial=said["serial"],
                        certificate=rows[0]["certificate"])

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

"""A refund: what it is, what is said of it, how it is read. Knows rows; decides nothing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from authhost.journal.reads import Borrowed
from authhost.payments.bodies import said_at
from authhost.payments.model import Caller, Refused
from authhost.payments.names import is_id
from authhost.payments.statements import statement


class RefundState(StrEnum):
    """What a refund is."""

    CREATED = "created"  # off the payment; the payer's bank is being asked
    UNKNOWN = "unknown"  # the bank has not said what became of it
    PAID = "paid"
    DECLINED = "declined"  # the bank would not: the payment is what it was without it


BY_BANK: Final = frozenset({RefundState.PAID, RefundState.DECLINED})  # the bank has spoken


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund. number: of the payment's, from 1; why: of a bank that would not."""

    refund_id: str
    payment_id: str
    number: int
    amount_minor: int
    currency: str
    state: RefundState
    reason: str
    reference: str
    created_at: datetime
    changed_at: datetime
    why: str = ""


class RefundBody(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as its merchant reads it."""

    id: str
    payment: str
    number: int
    amount_minor: int
    currency: str
    state: str
    reason: str
    reference: str
    why: str
    created_at: str
    changed_at: str


class RefundList(msgspec.Struct, frozen=True):
    """All refunds of a payment, in their order."""

    data: list[RefundBody]


class Refunds:
    """Reads of a merchant's refunds. JournalUnavailable where the database is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def one(self, caller: Caller, refund_id: str) -> bytes:
        """A refund's body. Refused where it is not there, or another's."""
        rows = await self._rows("refund_read", refund_id)
        if not rows or rows[0]["merchant_id"] != caller.merchant_id:
            raise no_refund()
        return body_of(refund_of(rows[0]))

    async def of_payment(self, caller: Caller, payment_id: str) -> bytes:
        """{"data": [...]}, in their order. Refused where the payment is not there, or another's."""
        rows = await self._rows("refund_list", payment_id)
        if rows and rows[0]["merchant_id"] != caller.merchant_id:
            raise Refused(404, "Not found", "there is no such payment", "id")
        if not rows:
            owner = await self._rows("payment_read", payment_id)
            if not owner or owner[0]["merchant_id"] != caller.merchant_id:
                raise Refused(404, "Not found", "there is no such payment", "id")
        return msgspec.json.encode(RefundList([_shown(refund_of(row)) for row in rows]))

    async def _rows(self, name: str, subject: str) -> list[asyncpg.Record]:
        if not is_id(subject):
            return []
        async with Borrowed(self._pool) as connection:
            return await connection.fetch(statement(name), subject)


def refund_of(row: asyncpg.Record) -> Refund:
    """A refund of its row."""
    return Refund(state=RefundState(row["state"]), **{
        name: row[name] for name in Refund.__struct_fields__ if name != "state"})


def body_of(refund: Refund) -> bytes:
    """As JSON."""
    return msgspec.json.encode(_shown(refund))


def no_refund() -> Refused:
    """Not there, or another's."""
    return Refused(404, "Not found", "there is no such refund", "id")


def _shown(refund: Refund) -> RefundBody:
    return RefundBody(
        id=refund.refund_id, payment=refund.payment_id, number=refund.number,
        amount_minor=refund.amount_minor, currency=refund.currency, state=refund.state.upper(),
        reason=refund.reason, reference=refund.reference, why=refund.why,
        created_at=said_at(refund.created_at), changed_at=said_at(refund.changed_at))

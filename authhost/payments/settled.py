"""What nights have settled with a merchant, as they stored it. Knows statements; decides nothing.

A settlement is read from the rows of the night alone: plan, fees and payout of that night, whatever
has changed since.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import msgspec

from authhost.journal.reads import Borrowed
from authhost.payments.bodies import said_at
from authhost.payments.model import Caller, Refused
from authhost.payments.statements import statement


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """The fees of one kind: 'phone', 'qr' or 'refund'. base_minor: what they are of."""

    kind: str
    count: int
    base_minor: int
    amount_minor: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, a capture or a refund in a settlement; a refund is negative."""

    id: int
    key: str
    kind: str
    payment: str
    reference: str
    at: str
    amount_minor: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement: one a merchant, account, currency and night. opening + net = payout + closing;
    net = gross - refunds - fees - VAT (of a plan by net) - held back + released."""

    number: str
    business_date: date = msgspec.field(name="date")
    currency: str
    plan: str
    by: str
    gross_minor: int
    refunds_minor: int
    fees_minor: int
    vat_minor: int
    held_back_minor: int
    released_minor: int
    net_minor: int
    opening_minor: int
    payout_minor: int
    closing_minor: int
    payout_date: date
    end_to_end_id: str | None
    not_paid_because: str


class SettlementPage(msgspec.Struct, frozen=True):
    """Settlements, newest first. next: ?after= of the next page, null at the end."""

    data: list[Listed]
    next: str | None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement with its fees by kind, and a page of what is in it."""

    settlement: Listed
    fees: list[Fee]
    lines: list[Line]
    next: str | None


class Settled:
    """Over a pool of connections. JournalUnavailable where the database is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, caller: Caller, first: date | None, last: date | None, after: str,
                     most: int) -> SettlementPage:
        """Settlements of business days first to last, newest first; after: the last number seen."""
        rows = await self._rows("settled_list", caller.merchant_id, first, last, after, most)
        found = [_listed(row) for row in rows]
        return SettlementPage(found, found[-1].number if len(found) == most else None)

    async def one(self, caller: Caller, number: str, after: str, most: int) -> Whole:
        """One of them. after: the id of the last line seen. Refused where it is not there."""
        rows = await self._rows("settled_one", caller.merchant_id, number)
        if not rows:
            raise Refused(404, "Not found", "there is no such settlement", "number")
        if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
            raise Refused(422, "Invalid", "the id of a line", "after")
        fees = await self._rows("settled_fees", number)
        lines = await self._rows("settled_lines", number, int(after or 0), most)
        return Whole(
            settlement=_listed(rows[0]), fees=[Fee(**dict(row.items())) for row in fees],
            lines=[_line(row) for row in lines],
            next=str(lines[-1]["id"]) if len(lines) == most else None)

    async def _rows(self, name: str, *values: Any) -> list[asyncpg.Record]:
        async with Borrowed(self._pool) as connection:
            return await connection.fetch(statement(name), *values)


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(**dict(row.items()))


def _line(row: asyncpg.Record) -> Line:
    return Line(id=row["id"], key=row["key"], kind=row["kind"], payment=row["payment"],
                reference=row["reference"], at=said_at(row["decided_at"]),
                amount_minor=row["posted_minor"])

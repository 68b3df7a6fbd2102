"""What the head office asks of invoices: those that were made, what waits, one before its time.

Knows the tables; an invoice is made by the next night alone.
"""

from __future__ import annotations

from datetime import date

import msgspec

from clearing.invoices.statements import statement
from clearing.queries import Connection


class Told(msgspec.Struct, frozen=True):
    """An invoice. Money in minor units, negative where it is given back."""

    number: str
    kind: str
    account_id: int | None
    party_id: str
    currency: str
    issued_on: date
    due_on: date
    gross_minor: int
    corrects: str | None


class Open(msgspec.Struct, frozen=True):
    """What no invoice has yet, of an account and currency."""

    account_id: int
    currency: str
    first_day: date
    last_day: date
    lines: int
    amount_minor: int


async def invoices_of(connection: Connection, account_id: int | None,
                      days: tuple[date | None, date | None]) -> tuple[Told, ...]:
    """By day and number. account_id None: of all; days: of issue, None where they are open."""
    rows = await connection.fetch(statement("told"), account_id, *days)
    return tuple(Told(**dict(row)) for row in rows)


async def open_lines(connection: Connection, account_id: int | None) -> tuple[Open, ...]:
    """By account and currency."""
    rows = await connection.fetch(statement("open"), account_id)
    return tuple(Open(**dict(row)) for row in rows)


async def ask(connection: Connection, account_id: int | None, up_to: date, who: str) -> int:
    """Have the next night invoice what is open up to a day; how many accounts that concerns."""
    asked: int = await connection.fetchval(statement("ask"), account_id, up_to, who)
    return asked

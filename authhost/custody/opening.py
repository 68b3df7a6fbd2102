"""Opens cases: the one place where a row of cash_case is made, but for those that append.sql makes.

Knows statements and counterfeits' deadlines; decides nothing. Everything is done in the caller's
transaction, and once: a second opening of the same case does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import asyncpg
import msgspec

from authhost.custody.statements import statement
from clearing.days.calendars import after_working_days, target

HOST: Final = "host"
REPORT_WITHIN: Final = 20  # working days, ECB/2010/14 annex IIa with its national rules
SUSPECT: Final = "2"
_AT_ONCE: Final = 200


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is about. amount_minor of a difference: counted less told."""

    kind: str
    terminal_id: str | None = None
    stay_id: int | None = None
    deposit_key: str | None = None
    account_id: int | None = None
    currency: str = ""
    amount_minor: int = 0
    content: Mapping[str, Any] = {}
    due_at: datetime | None = None


async def open_case(connection: asyncpg.Connection, case: NewCase, now: datetime, *,
                    closed_by: str = "", why: str = "") -> int | None:
    """Its number; None where it is open already. closed_by: it is told, and closed at once."""
    number: int | None = await connection.fetchval(
        statement("case_open"), case.kind, case.terminal_id, case.stay_id, case.deposit_key,
        case.account_id, case.currency, case.amount_minor, "closed" if closed_by else "open",
        closed_by, why, now, case.due_at, msgspec.json.encode(case.content).decode())
    return number


async def open_refused(connection: asyncpg.Connection, keys: Sequence[str], reason: str,
                       now: datetime) -> None:
    """A case for each deposit that its bank has refused. reason: the bank's code (ISO 20022)."""
    for row in await connection.fetch(statement("deposits_named"), sorted(keys)):
        await open_case(connection, NewCase(
            kind="refused_by_bank", terminal_id=row["terminal_id"], stay_id=row["stay_id"],
            deposit_key=row["key"], account_id=row["account_id"], currency=row["currency"],
            amount_minor=row["amount_minor"],
            content={"bank_id": row["bank_id"], "reason": reason}), now)


async def note_suspects(connection: asyncpg.Connection) -> int:
    """The pieces and the deadline of each case that a safe's suspects have opened; how many."""
    rows = await connection.fetch(statement("suspects_waiting"), _AT_ONCE)
    for row in rows:
        suspects = json.loads(row["suspects"])
        due_on = due(row["recorded_at"])
        content = msgspec.json.encode({"counterfeits": suspects}).decode()
        await connection.execute(statement("case_due"), row["case_id"], end_of(due_on), content)
        for one in suspects:
            await connection.execute(
                statement("counterfeit_put"), row["case_id"], row["key"], row["account_id"],
                one["currency"], one["value_minor"], one["serial"], one["category"],
                row["recorded_at"], due_on)
    return len(rows)


async def put_counterfeits(connection: asyncpg.Connection, case_id: int, account_id: int | None,
                           pieces: Iterable[tuple[str, int, str]], seen_at: datetime) -> None:
    """Pieces of a count: (currency, value in minor units, serial number)."""
    for currency, value_minor, serial in pieces:
        await connection.execute(
            statement("counterfeit_put"), case_id, None, account_id, currency, value_minor, serial,
            SUSPECT, seen_at, due(seen_at))


def due(seen_at: datetime) -> date:
    """The day by which a piece must be with the authorities."""
    return after_working_days(seen_at.date(), REPORT_WITHIN, target)


def end_of(day: date) -> datetime:
    """The last second of a day, UTC."""
    return datetime.fromisoformat(f"{day}T23:59:59+00:00")

"""The journal as the judge reads it: all its rows. Knows three tables, computes nothing."""

from __future__ import annotations

from typing import Final

import asyncpg
import msgspec

_ROWS: Final = """
SELECT key, leg, kind, approved, action, reason, approval_code, amount_minor, posted_minor,
       original_key, account_id, card_id, vehicle_id, driver_id, day, week, month, money, volume,
       count, recorded_at
FROM journal ORDER BY recorded_at, money, id"""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A journal row; rows that give back come first where two have the same time."""

    key: str
    leg: int
    kind: str
    approved: bool
    action: str
    reason: str
    approval_code: str
    amount_minor: int
    posted_minor: int
    original_key: str
    account_id: int | None
    card_id: int | None
    vehicle_id: int | None
    driver_id: int | None
    day: int
    week: int
    month: int
    money: int
    volume: int
    count: int


class Journal(msgspec.Struct, frozen=True):
    """rows: in the order of their recording; answers: what each claim holds; parked: keys."""

    rows: tuple[Row, ...]
    answers: dict[str, bytes | None]
    parked: frozenset[str]


async def read_journal(database_url: str) -> Journal:
    """Everything, once nothing moves any more."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(_ROWS)
        claims = await connection.fetch("SELECT key, answer FROM claim")
        parked = await connection.fetch("SELECT key FROM parked")
    finally:
        await connection.close()
    names = Row.__struct_fields__
    return Journal(tuple(Row(*(row[name] for name in names)) for row in rows),
                   {row["key"]: row["answer"] for row in claims},
                   frozenset(row["key"] for row in parked))

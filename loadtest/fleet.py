"""One fleet of a hundred thousand cards and ten million journal rows, made set by set in SQL.

Knows the sizes and the limits; the statements are in sql/. A purchase is a journal row alone,
without its claim: no sum reads claims.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from loadtest.portfolio import MATRIX, statement

ACCOUNT: Final = 1
TERMINAL: Final = "P0000001"
DAYS: Final = 110
_ROWS_AT_ONCE: Final = 500_000
_FENCE: Final = 2_000
_DETAIL: Final = json.dumps({
    "stan": "000001", "odometer": "120500", "entry": "chip", "items": [
        {"product": "012", "unit": "L", "quantity": "20.125", "unit_price": "1.55",
         "amount_minor": 3119}]})

SITE_LIMITS: Final = [{"window": "day", "measure": "money", "maximum": 10**14}]


def pan_hmac(card: int) -> bytes:
    """The keyed hash that the n-th card has here."""
    return card.to_bytes(32, "big")


async def seed(database_url: str, cards: int, rows: int, tail: int) -> None:
    """Insert the fleet and its purchases up to now. tail: so many have the newest fence."""
    now = datetime.now(UTC)
    connection = await asyncpg.connect(database_url, timeout=60)
    try:
        await connection.execute(
            statement("hydrate_fleet"), cards, now.date(),
            json.dumps({**MATRIX, "site": SITE_LIMITS}))
        await connection.execute(statement("hydrate_terminal"), TERMINAL)
        for month in _months(now.date()):
            await connection.execute("SELECT journal_month($1)", month)
        # A wide table is filled faster bare; the indexes come back as they were.
        indexes = await connection.fetch(statement("hydrate_indexes"))
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        closed = rows - tail
        for start, end, fence in _stretches(closed, rows):
            await connection.execute(statement("hydrate_rows"), start, end, rows, DAYS, now, cards,
                                     fence, _DETAIL, timeout=600)
        for index in indexes:
            await connection.execute(index["definition"], timeout=900)
        await connection.execute("UPDATE fence SET fence = $1", _FENCE)
        await connection.execute("VACUUM ANALYZE", timeout=900)
        await connection.execute("CHECKPOINT", timeout=300)
    finally:
        await connection.close()


def _stretches(closed: int, rows: int) -> list[tuple[int, int, int]]:
    """(first, last, fence of the newest): a statement each; the tail has the present fence."""
    found = [(start, min(start + _ROWS_AT_ONCE - 1, closed), _FENCE - 1)
             for start in range(1, closed + 1, _ROWS_AT_ONCE)]
    return [*found, (closed + 1, rows, _FENCE)] if rows > closed else found


def _months(today: date) -> list[date]:
    first = today - timedelta(days=DAYS + 1)
    months = {(first + timedelta(days=day)).replace(day=1) for day in range(DAYS + 3)}
    return sorted(months)

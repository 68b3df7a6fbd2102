"""The one way that a deposit's state or credit changes: by an event of life.py, with its rows.

Knows the statements; the caller's transaction is what makes a move last. Keys are locked in
their order, so that two who move the same deposits wait and do not lock each other out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from authhost.safes.life import steps
from authhost.safes.statements import statement

_STATEMENTS: Final = {"state": "moves_state", "credit": "moves_credit"}
_COLUMNS: Final = {
    "state": frozenset({"run_id"}),
    "credit": frozenset({"account_id", "bank_id", "rail", "next_at", "sent_at", "answered_at",
                         "bank_reason", "run_id"}),
}


async def move(connection: asyncpg.Connection, keys: Sequence[str], event: str, *, who: str,
               why: str = "", at: datetime | None = None, **columns: Any) -> list[str]:
    """Move these deposits by an event; the keys that moved, sorted. At most one row a key.

    columns: what else is written with a credit's event: account_id, bank_id, rail, next_at,
    sent_at, answered_at, bank_reason, run_id (with an event of custody: run_id alone). None is
    NULL. `send` and `resend` count `tries` themselves. at: the instant of the change; the
    server's where it is None. KeyError: no such event.
    """
    column, pairs = steps(event)
    assert columns.keys() <= _COLUMNS[column], f"{event} does not write {sorted(columns)}"
    rows = await connection.fetch(
        statement(_STATEMENTS[column]), list(keys), event, list(pairs), list(pairs.values()),
        who, why, msgspec.json.encode(columns).decode(), at)
    return [row["key"] for row in rows]


async def accepted(connection: asyncpg.Connection, keys: Sequence[str], *, who: str, why: str,
                   at: datetime) -> list[str]:
    """`accept`, and `credited` of what lies in its safe still: the keys that moved, sorted.

    why: the bank's word.
    """
    return await _both(connection, keys, "accept", who, why, why, at, None)


async def filed(connection: asyncpg.Connection, keys: Sequence[str], *, who: str,
                run_id: str) -> list[str]:
    """`file`, and `credited` of what lies in its safe still: the keys that moved, sorted."""
    return await _both(connection, keys, "file", who, "", None, None, run_id)


async def _both(connection: asyncpg.Connection, keys: Sequence[str], event: str, who: str,
                why: str, bank_reason: str | None, answered_at: datetime | None,
                run_id: str | None) -> list[str]:
    """Both in one write, for this is what happens to nearly every deposit."""
    _, credits_ = steps(event)
    _, states = steps("credited")
    [credit], [state] = set(credits_.values()), set(states.values())
    rows = await connection.fetch(
        statement("moves_both"), list(keys), event, list(credits_), credit, "credited",
        list(states), state, who, why, bank_reason, answered_at, run_id)
    return [row["key"] for row in rows]


async def move_stay(connection: asyncpg.Connection, stay_id: int, event: str, *, who: str,
                    why: str = "", at: datetime | None = None) -> list[str]:
    """Move all deposits of a stay by an event; the keys that moved."""
    rows = await connection.fetch(statement("moves_of_stay"), stay_id)
    return await move(connection, [row["key"] for row in rows], event, who=who, why=why, at=at)

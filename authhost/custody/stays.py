"""Stays of cassettes: what each should hold by what was told, what was found, what is open.

Knows statements and who may see what: a client his own part, a courier and whoever watches no
amounts, and whoever watches no names.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from authhost.admin.access import Actor, may
from authhost.admin.refusals import Unknown
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed

Row = dict[str, Any]


class Stays:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, actor: Actor, *, state: str, terminal_id: str, cassette: str,
                     before: int | None, most: int) -> list[Row]:
        """Stays, the newest first; a client's and a bank's are those with a deposit of theirs."""
        async with Borrowed(self._pool) as connection:
            rows = await self._rows(connection, actor, None, state, terminal_id, cassette, before,
                                    most)
        return [_seen_by(actor, row) for row in rows]

    async def read(self, actor: Actor, stay_id: int | None) -> Row:
        """One stay with its deposits' sums by account, currency, kind, state and credit."""
        async with Borrowed(self._pool) as connection:
            rows = await self._rows(connection, actor, stay_id, "", "", "", None, 1) \
                if stay_id is not None else []
            if not rows:
                raise Unknown("there is no such stay", "id")
            sums = await connection.fetch(statement("stay_sums"), stay_id, actor.account_id,
                                          actor.bank_id)
            cases = await connection.fetch(statement("stay_cases_open"), stay_id,
                                           actor.account_id, actor.bank_id)
        hidden = set() if may(actor, "deposit.amounts") else {"amount_minor", "account_id"}
        return {**_seen_by(actor, rows[0]), **{name: [
            {column: value for column, value in row.items() if column not in hidden}
            for row in found] for name, found in (("deposits", sums), ("cases", cases))}}

    async def _rows(self, connection: asyncpg.Connection, actor: Actor, stay_id: int | None,
                    *filters: Any) -> list[asyncpg.Record]:
        return list(await connection.fetch(statement("stays_read"), stay_id, *filters,
                                           actor.account_id, actor.bank_id, actor.courier_id))


def _seen_by(actor: Actor, row: asyncpg.Record) -> Row:
    """Whoever watches has no name, the guard's neither."""
    hidden = {"guard"} if actor.scope is None and not may(actor, "deposit.amounts") else set()
    return {name: value for name, value in row.items() if name not in hidden}

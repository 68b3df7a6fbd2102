"""Banks' statements told by people and banks: read, compared with what was sent, and audited.

Knows who may tell of which account; what a statement is, and what differs, is clearing's. A bank
tells of the accounts that its own rails debit, and of no other's.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg

from authhost.admin import pages
from authhost.admin.access import Actor, allow, operator
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from clearing.camt053 import StatementError
from clearing.queries import connect
from clearing.statements import Compared, Told, ToldOtherwise, compare_statements, read_told

_AT_ONCE: Final = 2  # files that are read: a tree takes ten times the room of its file


class BankStatements:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._reading = asyncio.Semaphore(_AT_ONCE)

    async def tell(self, actor: Actor, content: bytes) -> tuple[Compared, ...]:
        """A camt.053 file, stored and compared, whole or not at all. Refused says where."""
        allow(actor, "statement.tell")
        async with self._reading:
            try:
                # Apart from the loop: it has deposits to answer meanwhile.
                told = await asyncio.to_thread(read_told, content)
            except StatementError as error:
                raise Invalid(error.what, error.where) from None
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await _told(connection, actor, told)

    async def listed(self, actor: Actor, iban: str, after: str,
                     most: int) -> tuple[list[dict[str, Any]], str | None]:
        """Statements, the newest first, and what became of their entries; the next cursor."""
        allow(actor, "statement.read")
        place = pages.place_of(after, int)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("bank_statements"), place[0] if place else None, iban,
                await accounts_of(connection, actor), most)
        return [dict(row.items()) for row in rows], pages.following(rows, most, "statement_id")


async def tell_file(database_url: str, content: bytes) -> tuple[Compared, ...]:
    """The same by the operator at his machine. StatementError."""
    told = read_told(content)
    connection = await connect(database_url)
    try:
        async with connection.transaction():
            return await _compared(connection, operator("operator"), told)
    finally:
        await connection.close()


async def _told(connection: asyncpg.Connection, actor: Actor, told: Told) -> tuple[Compared, ...]:
    own = await accounts_of(connection, actor)
    for one in told.statements:
        if own is not None and one.iban not in own:
            raise Unknown("there is no such account of this bank", f"Stmt {one.reference}, Acct")
    try:
        return await _compared(connection, actor, told)
    except ToldOtherwise as error:
        raise Conflict(error.what, error.where) from None


async def _compared(connection: asyncpg.Connection, actor: Actor,
                    told: Told) -> tuple[Compared, ...]:
    """Compare, and write down who told it; what is known already is told for nothing."""
    found = await compare_statements(connection, told, actor.name)
    for one in found:
        if not one.known:
            await audit(connection, actor, f"statement/{one.iban}/{one.reference}/{one.page}",
                        f"a statement was told: {one.cases} cases",
                        {"sha256": (None, told.digest.hex()), "outcomes": (None, one.outcomes),
                         "missing": (None, one.missing)})
    return found


async def accounts_of(connection: asyncpg.Connection, actor: Actor) -> list[str] | None:
    """The accounts that a bank may tell of; None: all."""
    if actor.bank_id is None:
        return None
    rows = await connection.fetch(statement("bank_debtors"), actor.bank_id)
    return [row["iban"] for row in rows]

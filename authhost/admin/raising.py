"""What a change moves on with it: fences, the rules version, the audit trail.

Knows statements; each function is called within the transaction of the change, as late in it as
can be, for every batch of the moment waits for what is locked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.statements import statement
from authhost.journal.fences import patiently
from authhost.journal.statements import statement as journal_statement
from authhost.safes.raising import raise_clients

Changes = Mapping[str, tuple[Any, Any]]


async def raise_fence(connection: asyncpg.Connection, account_id: int) -> int:
    """Raise one account's fence; the new one."""
    fence = await patiently(connection, lambda: connection.fetchval(
        journal_statement("raise_fence"), account_id))
    assert fence is not None, "an account is made with its fence"
    return int(fence)


async def raise_fences(connection: asyncpg.Connection, accounts: Iterable[int]) -> None:
    """Raise many accounts' fences, each by one."""
    await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
    await connection.execute(statement("fences_raise"), sorted(set(accounts)))


async def raise_group(connection: asyncpg.Connection, name: str) -> None:
    """Raise the fences of all accounts whose lists or limits name a product group."""
    await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
    await connection.execute(statement("fences_raise_group"), name)


async def raise_program(connection: asyncpg.Connection, program_id: str) -> None:
    """Raise the fences of all accounts that have a card of a program.

    They are looked for under the lock: a card that joins meanwhile waits, or is seen.
    """
    await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
    await connection.execute(statement("fences_raise_program"), program_id)


async def raise_tanks(connection: asyncpg.Connection) -> None:
    """Raise the fences of all accounts that have a vehicle with a tank."""
    await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
    await connection.execute(statement("fences_raise_tanks"))


async def raise_all_clients(connection: asyncpg.Connection) -> None:
    """Raise the fences of all clients of all safes."""
    await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
    await connection.execute(statement("fences_raise_clients"))


async def raise_cassette(connection: asyncpg.Connection, cassette_id: str) -> None:
    """Raise the fences of all clients of the safe that has this cassette in it."""
    rows = await connection.fetch("SELECT terminal_id FROM safe WHERE cassette_id = $1",
                                  cassette_id)
    for row in rows:
        await raise_clients(connection, row["terminal_id"])


async def raise_rules(connection: asyncpg.Connection) -> None:
    """Raise the rules version. Every batch share-locks its row, hence the table's fair queue."""
    await connection.execute("LOCK TABLE rules IN EXCLUSIVE MODE")
    await connection.execute(statement("rules_raise"))


async def audit(connection: asyncpg.Connection, actor: Actor, subject: str, what: str,
                changes: Changes | None = None) -> None:
    """Who did it, in which role, to what, and how it was before."""
    await connection.execute(statement("audit_put"), actor.name, str(actor.role), subject, what,
                             encoded(changes or {}))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not the same, by field: (before, after)."""
    return {name: (before.get(name), value) for name, value in after.items()
            if before.get(name) != value}


def encoded(changes: Changes) -> str:
    """Changes as the column has them."""
    return msgspec.json.encode(changes).decode()

"""The fences of a safe's clients, raised with what changes at the safe.

Knows two statements; called within the transaction of the change. Where deposits are moved in it,
it comes first: then every deposit of before is there to be moved, and every later one sees the
change. Where not, as late as can be.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from authhost.safes.statements import statement

_PATIENCE: Final = "200ms"


async def raise_clients(connection: asyncpg.Connection, terminal_id: str) -> list[int]:
    """Raise the fence of each client of a safe; whose it was.

    Share locks pass a waiting update by. Where they starve it, the table's fair queue helps.
    """
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            rows = await connection.fetch(statement("raise_clients"), terminal_id)
            await connection.execute("SET LOCAL lock_timeout = 0")
    except asyncpg.LockNotAvailableError:
        await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
        rows = await connection.fetch(statement("raise_clients"), terminal_id)
    return sorted(row["account_id"] for row in rows)

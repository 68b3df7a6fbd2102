"""The fences of a safe's clients, raised with what changes at the safe.

Called within the transaction of the change. Where deposits are moved in it, it comes first: then
every deposit of before is there to be moved, and every later one sees the change. Where not, as
late as can be.
"""

from __future__ import annotations

import asyncpg

from authhost.journal.fences import patiently
from authhost.safes.statements import statement


async def raise_clients(connection: asyncpg.Connection, terminal_id: str) -> None:
    """Raise the fence of each client of a safe."""
    await patiently(connection,
                    lambda: connection.execute(statement("raise_clients"), terminal_id))

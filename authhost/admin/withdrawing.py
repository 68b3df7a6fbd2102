"""What may be withdrawn: what two people have let be collected again, and no night has collected.

Knows what waits for a night; must not know what the next run makes of it (clearing.answers).
"""

from __future__ import annotations

import asyncpg

from authhost.admin.refusals import Conflict
from authhost.admin.statements import statement


async def check_withdrawal(connection: asyncpg.Connection, row: asyncpg.Record,
                           decision: str) -> None:
    """Conflict: the exception is about an invoice of which nothing waits to be collected again,
    because nothing came back of it, or because a night has collected it since."""
    if decision == "withdraw" and not await connection.fetchval(
            statement("collection_waits"), row["subject"]):
        raise Conflict(f"of {row['subject']} nothing waits to be collected again", "decision")

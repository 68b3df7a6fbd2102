"""A night that is tried out: the same steps in one transaction, of which nothing stays.

Knows transactions; must not know what is in a night. All of it sees one moment of the database, for
the day may be open still and take rows meanwhile. What a night locks is locked until the end of
the trial: deposits that it would pay wait for it, authorizations do not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from clearing.errors import ClearingError
from clearing.queries import Connection


@asynccontextmanager
async def tried_out(connection: Connection, dry_run: bool) -> AsyncIterator[str]:
    """Where it is a trial, a transaction around it that is rolled back, whatever becomes of it; the
    name of the moment that it sees, for whoever reads beside it. '' where it is none.

    ClearingError: somebody has changed what the trial looks at, which another one will see.
    """
    if not dry_run:
        yield ""
        return
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        yield await connection.fetchval("SELECT pg_export_snapshot()")
    except asyncpg.SerializationError as error:
        raise ClearingError("what this looks at was changed meanwhile: try again") from error
    finally:
        await transaction.rollback()

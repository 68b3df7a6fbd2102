"""How a fence is raised though others hold it: every batch in flight share-locks its accounts' own.

Knows the lock and its patience; what is raised is the caller's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

_PATIENCE: Final = "200ms"
T = TypeVar("T")


async def patiently(connection: asyncpg.Connection, work: Callable[[], Awaitable[T]]) -> T:
    """What the work returns, which raises fences over this connection and may be done twice.

    Share locks pass a waiting update by. Where they starve it, the table's fair queue helps.
    """
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            done = await work()
            await connection.execute("SET LOCAL lock_timeout = 0")
            return done
    except asyncpg.LockNotAvailableError:
        async with connection.transaction():
            await connection.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
            return await work()

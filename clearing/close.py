"""Close a business day: from then on no row can be dated with it.

Knows the one rules row and how batches hold it; must not know what is in the day. Design, Redis
decides and PostgreSQL proves, rule 4.
"""

from __future__ import annotations

import contextlib
from datetime import date, timedelta

import asyncpg

from clearing.errors import ClearingError
from clearing.queries import Connection, query

_LOCK_TIMEOUT_MS = 30_000  # a batch lives for milliseconds: this one is stuck


async def close_day(connection: Connection, business_date: date) -> None:
    """Move the open business date past `business_date`; nothing to do when it is past already.

    ClearingError: the day is still to come, there is no rules row, or a batch holds it for 30 s.
    """
    following = business_date + timedelta(days=1)
    if await _is_closed(connection, business_date):
        return
    # The partition first and by itself: making one locks the whole journal, and a batch that holds
    # the rules row may be waiting for it.
    with contextlib.suppress(asyncpg.DuplicateTableError):  # another host made it just now
        await connection.execute(query("make_month"), following)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}")
            # Share locks on a row are granted past a waiting UPDATE, so busy hosts could keep it
            # out for ever; a lock on the table stands in the same queue as they do.
            await connection.execute(query("lock_rules"))
            await connection.execute(query("close_day"), business_date, following)
    except asyncpg.LockNotAvailableError as error:
        raise ClearingError(
            f"{business_date} cannot be closed: a batch holds the rules row for more than "
            f"{_LOCK_TIMEOUT_MS // 1000} s"
        ) from error


async def _is_closed(connection: Connection, business_date: date) -> bool:
    open_date = await connection.fetchval(query("open_date"))
    if open_date is None:
        raise ClearingError("there is no rules row: the host was never set up")
    if open_date < business_date:
        raise ClearingError(
            f"{business_date} is still to come: the open business date is {open_date}")
    return bool(open_date > business_date)

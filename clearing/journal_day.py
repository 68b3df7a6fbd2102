"""The digest of a day: whether the journal is still what was cleared.

Knows the order of keys; must not know what a row means. Streams: memory does not grow with the day.
"""

from __future__ import annotations

import hashlib
from datetime import date

from clearing.queries import Connection, query
from clearing.rows import ROWS_AT_A_TIME


async def digest_day(connection: Connection, business_date: date) -> tuple[str, int]:
    """SHA-256 over the day's rows in key order, and how many there are."""
    digest = hashlib.sha256()
    count = 0
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(query("journal_day"), business_date,
                                           prefetch=ROWS_AT_A_TIME):
            digest.update(row["line"].encode())
            digest.update(b"\n")
            count += 1
    return digest.hexdigest(), count

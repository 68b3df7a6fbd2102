"""The digest of a stream's day: whether the journal is still what was cleared.

Knows nothing of what a row means. Computed where the rows are, so that none of them travels.
"""

from __future__ import annotations

from clearing.queries import Connection, query
from clearing.run_id import RunId


async def digest_day(connection: Connection, run_id: RunId) -> tuple[str, int]:
    """SHA-256 over the rows of the run's day, whatever order they came in, and how many they are.
    """
    row = await connection.fetchrow(query("journal_day"), run_id.business_date, run_id.stream)
    assert row is not None
    return row["digest"], row["count"]

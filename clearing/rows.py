"""Rows of a query as a stream, so that memory does not grow with the day.

Knows the order that the query gives; must not know what a row means.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import groupby

import asyncpg

from clearing.queries import Connection, query

ROWS_AT_A_TIME = 5_000


async def grouped(connection: Connection, key: Callable[[asyncpg.Record], object], name: str,
                  *values: object) -> AsyncIterator[list[asyncpg.Record]]:
    """The rows of sql/<name>.sql, those of one key together: the query has them in its order."""
    rows: list[asyncpg.Record] = []
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(query(name), *values)
        while fetched := await cursor.fetch(ROWS_AT_A_TIME):
            for group, some in groupby(fetched, key):
                if rows and key(rows[0]) != group:
                    yield rows
                    rows = []
                rows += some
    if rows:
        yield rows

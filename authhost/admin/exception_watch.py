"""How many exceptions of the clearing wait, and the oldest for how long: for who watches the host.

Knows the queue's sums by reason, read now and then; must not know what a reason means.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from authhost.metrics import Metrics


class ExceptionWatch:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._counts: Mapping[str, float] = {}
        self._oldest: Mapping[str, float] = {}

    async def look(self) -> None:
        """Read the sums again."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("clearing_exceptions_age"))
        self._counts = {row["reason"]: row["count"] for row in rows}
        self._oldest = {row["reason"]: row["oldest_s"] for row in rows}

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        metrics.gauges("authhost_clearing_exceptions", "Exceptions of the clearing that wait.",
                       "reason", lambda: self._counts)
        metrics.gauges("authhost_clearing_exception_oldest_seconds",
                       "For how long the oldest one waits.", "reason", lambda: self._oldest)

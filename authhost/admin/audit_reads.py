"""Who changed what: the audit trail, read. It is append-only by a trigger of the database.

Knows a statement.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed


class AuditReads:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(self, actor: Actor, subject: str, who: str, since: datetime | None,
                   until: datetime | None, after: str, most: int, *,
                   refused: bool = False) -> tuple[list[dict[str, Any]], str | None]:
        """A page, the newest first, and the cursor of the next. refused: what was, alone."""
        allow(actor, "audit.read")
        place = pages.place_of(after, int)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("audit_read"), subject, who, since, until,
                                          place[0] if place else None, most, refused)
        found = [dict(row.items()) | {"change": msgspec.Raw(row["change"].encode())}
                 for row in rows]
        return found, pages.following(rows, most, "id")

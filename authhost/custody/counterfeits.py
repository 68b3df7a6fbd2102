"""Suspected counterfeits: what is to be reported to the authorities, until when, and that it was.

Knows the table of pieces and whose account they were put into. A report has the account holder's
data, the safe, the time and the piece; where a count cannot say whose piece it is, it names all
clients who put in that denomination. Source: ECB/2010/14, annex IIa, category 2.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Unknown
from authhost.clock import Clock
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed

Row = dict[str, Any]


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The authority's own reference of a report."""

    report: Annotated[str, msgspec.Meta(min_length=1, max_length=140)]


class Counterfeits:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def listed(self, actor: Actor, *, unreported: bool, due_until: date | None, after: int,
                     most: int) -> list[Row]:
        """Pieces by number, with the day by which each is to be reported."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("counterfeits_read"), None, unreported, due_until, actor.bank_id, after,
                most)
        today = self._clock.now().date()
        return [{**row, "overdue": row["reported_at"] is None and row["due_on"] < today}
                for row in map(dict, rows)]

    async def document(self, actor: Actor, counterfeit_id: int | None) -> Row:
        """All that a report of a piece says. Unknown."""
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(
                statement("counterfeit_report"), counterfeit_id, actor.bank_id) \
                if counterfeit_id is not None else None
        if row is None:
            raise Unknown("there is no such piece", "id")
        return {**row, "holders": json.loads(row["holders"]),
                "placement": json.loads(row["placement"])}

    async def report(self, actor: Actor, counterfeit_id: int | None, told: Reported) -> Row:
        """It was reported. Conflict: under another reference before."""
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(
                statement("counterfeit_reported"), counterfeit_id, told.report,
                self._clock.now()) if counterfeit_id is not None else None
            if row is None:
                raise Unknown("there is no such piece", "id")
            if row["report"] != told.report:
                raise Conflict(f"it was reported as {row['report']}", "report")
            await audit(connection, actor, f"counterfeit/{counterfeit_id}",
                        f"counterfeit {counterfeit_id} is reported as {told.report}")
        return await self.document(actor, counterfeit_id)

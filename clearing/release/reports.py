"""What is told of runs and of their files: how far each is, who let it out, where it went.

Knows two statements; who may see it is the door's business.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec

from clearing.release.statements import statement

RUN_STATES: Final = ("posted", "waiting", "released")
FILE_STATES: Final = ("generated", "verified", "released", "delivered", "acknowledged", "accepted",
                      "partly_rejected", "rejected", "booked", "reconciled")
PARTS: Final = ("documents",)  # of a run, besides its night's files
Row = dict[str, Any]


class RunsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A filter; '' and None: any. before: the number of a run."""

    first: date | None = None
    last: date | None = None
    stream: str = ""
    state: str = ""
    before: int | None = None
    run_id: str = ""


class FilesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A filter; '' and None: any. recipient: with wildcards. after: a run and a path of it."""

    run_id: str = ""
    state: str = ""
    since: date | None = None
    recipient: str = ""
    after: tuple[str, str] = ("", "")


async def list_runs(connection: asyncpg.Connection, wanted: RunsWanted, most: int) -> list[Row]:
    """The newest first, each with what was made after its night (addenda); of one run that is
    named, the totals at every hop."""
    rows = await connection.fetch(statement("runs"), wanted.first, wanted.last, wanted.stream,
                                  wanted.state, wanted.before, wanted.run_id, most)
    return [{**row, "totals": json.loads(row["totals"]), "addenda": json.loads(row["addenda"])}
            for row in rows]


async def list_files(connection: asyncpg.Connection, wanted: FilesWanted, most: int) -> list[Row]:
    """By run and path; each with its life and its deliveries."""
    rows = await connection.fetch(statement("files_listed"), wanted.run_id, wanted.state,
                                  wanted.since, wanted.recipient, *wanted.after, most)
    return [{**row, "life": json.loads(row["life"]), "deliveries": json.loads(row["deliveries"])}
            for row in rows]

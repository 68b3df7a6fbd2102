"""The clearing's runs and files for people: how far each is, and the second person's word.

Knows who may; what an approval lets out, and how far a file is, is clearing's to say.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Forbidden, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed
from clearing.errors import ClearingError
from clearing.release.people import approve
from clearing.release.reports import FilesWanted, RunsWanted, list_files, list_runs
from clearing.release.route import run_of

Row = dict[str, Any]


class Runs:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, actor: Actor, wanted: RunsWanted, after: str,
                     most: int) -> tuple[list[Row], str | None]:
        """A page of runs, the newest first, and the cursor of the next one."""
        allow(actor, "run.read")
        place = pages.place_of(after, int)
        wanted = msgspec.structs.replace(wanted, before=place[0] if place else None)
        async with Borrowed(self._pool) as connection:
            rows = await list_runs(connection, wanted, most)
        return rows, pages.following(rows, most, "run_no")

    async def read(self, actor: Actor, text: str) -> Row:
        """One run, with its totals at every hop. Unknown."""
        allow(actor, "run.read")
        async with Borrowed(self._pool) as connection:
            return await _read(connection, text)

    async def approve(self, actor: Actor, text: str, part: str = "") -> Row:
        """Let its files out: the next delivery shows them. The same person again does nothing.
        part: '' is the night's files, else what was made after it.

        Forbidden: who started it, or somebody whom he has let in. Conflict: there is nothing to
        approve.
        """
        allow(actor, "run.approve")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            run = await _read(connection, text)
            wanted = _part(run, part)
            for starter in wanted["started_by"]:
                if starter == actor.name or await connection.fetchval(
                        statement("let_in"), actor.name, starter):
                    raise Forbidden("who started a run, or was let in by him, does not approve it",
                                    "run.approve")
            try:
                await approve(connection, run_of(run["run_id"]), actor.name, part)
            except ClearingError as error:
                raise Conflict(str(error), "id") from None
            after = await _read(connection, text)
            if wanted["approved_by"] is None:
                await audit(connection, actor, f"run/{run['run_id']}",
                            f"the {part or 'files'} of {run['run_id']} may go out",
                            {"approved_by": (None, actor.name),
                             "manifest_digest": (None, wanted["manifest_digest"])})
            return after

    async def files(self, actor: Actor, wanted: FilesWanted, after: str,
                    most: int) -> tuple[list[Row], str | None]:
        """A page of files by run and path, and the cursor of the next one."""
        allow(actor, "clearing_file.read")
        place = pages.place_of(after, str, str)
        if place:
            wanted = msgspec.structs.replace(wanted, after=(place[0], place[1]))
        async with Borrowed(self._pool) as connection:
            rows = await list_files(connection, wanted, most)
        return rows, pages.following(rows, most, "run_id", "path")


def _part(run: Row, part: str) -> Row:
    """Who has started and approved it. Conflict."""
    if not part:
        return run
    found: Row | None = next((one for one in run["addenda"] if one["part"] == part), None)
    if found is None:
        raise Conflict(f"{run['run_id']} has no {part}", "part")
    return found


async def _read(connection: asyncpg.Connection, text: str) -> Row:
    try:
        run_id = run_of(text)
    except ClearingError as error:
        raise Unknown(str(error), "id") from None
    rows = await list_runs(connection, RunsWanted(run_id=str(run_id)), 1)
    if not rows:
        raise Unknown(f"there is no run {run_id}", "id")
    return rows[0]

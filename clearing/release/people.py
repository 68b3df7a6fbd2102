"""Four eyes: who started a run, and the other person who let its files out.

Knows names and what exactly was approved; must not know what is in the files. A name is one
person's, however it is written: `Ann` does not approve what `ann` has started. part: '' is the
files of the night; what is made later is another part, and approved by itself.
"""

from __future__ import annotations

import asyncpg

from clearing.errors import ClearingError
from clearing.queries import Connection
from clearing.release.statements import statement
from clearing.run_id import RunId


async def note_started(connection: Connection, run_id: RunId, who: str, part: str = "") -> None:
    """Whoever starts a run, or starts it again, does not approve it."""
    await connection.execute(statement("started"), str(run_id), part, who)


async def approve(connection: Connection, run_id: RunId, who: str, part: str = "") -> None:
    """Let a run's files out, exactly as they were verified. The same person again does nothing.

    ClearingError: there is no such run, nothing to approve yet or any more, or no second person.
    """
    name = part_name(run_id, part)
    async with connection.transaction():
        run = await connection.fetchrow(statement("run_to_approve"), str(run_id), part)
        if run is None:
            raise ClearingError(f"{run_id} has no {part}" if part else f"there is no run {run_id}")
        if run["approved_by"] is not None:
            if _same(run["approved_by"], who):
                return
            raise ClearingError(f"{name} was approved by {run['approved_by']}")
        if run["status"] == "posted":
            raise ClearingError(f"{name} is not verified yet: nobody knows what to approve")
        if run["status"] == "done":
            raise ClearingError(f"{name} is released: it needed nobody's approval")
        if any(_same(starter, who) for starter in run["started_by"]):
            raise ClearingError(f"{name} was started by {who}: a second person has to approve it")
        try:
            await connection.execute(statement("approved"), str(run_id), part, who,
                                     run["manifest_digest"])
        except asyncpg.UniqueViolationError:
            raise ClearingError(f"{name} was approved by someone else just now") from None


async def is_approved(connection: Connection, run_id: RunId, part: str = "") -> bool:
    """Whether a second person has approved what is in the manifest now."""
    return bool(await connection.fetchval(statement("is_approved"), str(run_id), part))


def part_name(run_id: RunId, part: str) -> str:
    """A part of a run in words: `2026-07-23/fuel/1`, `2026-07-23/fuel/1 documents`."""
    return f"{run_id} {part}" if part else str(run_id)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()

"""The life of a file, from generated to reconciled: the one place that writes it.

Knows nothing of which state follows which: that is data (table file_step), and the database holds
it. A file is (run, path below the run's folder), as the manifest names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from clearing.errors import ClearingError
from clearing.queries import Connection
from clearing.release.statements import statement
from clearing.run_id import RunId

NIGHT: Final = "night"  # who, where no person did it


async def note(connection: Connection, run_id: RunId | str, path: str, state: str, who: str,
               detail: Mapping[str, object] = {}) -> bool:  # nobody changes it
    """Write down that a file has come to a state; whether that is new.

    A state that it is in, or has passed, changes nothing: answers are repeated, and come late.
    ClearingError where no step leads to it, or no such file was made.
    """
    encoded = msgspec.json.encode(detail).decode()
    try:
        async with connection.transaction():
            # Of two who speak at once one is first, and the other sees what he has said.
            await connection.execute(statement("lock_file"), str(run_id), path)
            done = await connection.execute(statement("note"), str(run_id), path, state, who,
                                            encoded)
    except asyncpg.CheckViolationError as error:
        raise ClearingError(str(error)) from None
    return done != "INSERT 0 0"


async def note_run(connection: Connection, run_id: RunId, state: str, who: str,
                   part: str = "") -> None:
    """The same of all files of a part of a run at once; of those that are there already, nothing.
    part: '' is the night's."""
    try:
        await connection.execute(statement("note_run"), str(run_id), state, who, part)
    except asyncpg.CheckViolationError as error:
        raise ClearingError(str(error)) from None

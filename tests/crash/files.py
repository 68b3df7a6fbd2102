"""The last word is the files': the night's control totals against the client's own record.

The first day is closed and cleared while the terminals sell and the servers die; a night that dies
is started again. Knows the clearing's summary; the files are read back by the clearing's control.
"""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg

from clearing.errors import ClearingError
from clearing.night import Night
from clearing.outages import DatabaseAwayError
from clearing.run import clear

_KIND: Final = "invoice_ubl_xml"
_TRIES: Final = 40
_PAUSE_S: Final = 0.25


async def night(database_url: str, day: date, out_dir: Path) -> tuple[int, str]:
    """Close the day, clear it, and add up what the fleets' invoices say: (minor units, '').

    Where the night refuses to release anything: (0, why).
    """
    try:
        # In a loop of its own: its pages take the time that the terminals need.
        summary = await asyncio.to_thread(asyncio.run, _until_done(database_url, day, out_dir))
    except ClearingError as error:
        return 0, str(error)
    assert summary.balanced, "debits are not credits"
    return sum(file.sum_minor for file in summary.files if file.kind == _KIND), ""


async def _until_done(database_url: str, day: date, out_dir: Path) -> Night:
    for _ in range(_TRIES):
        try:
            return await clear(database_url, day, out_dir)
        except (DatabaseAwayError, OSError, asyncpg.InterfaceError,
                asyncpg.InternalClientError):
            await asyncio.sleep(_PAUSE_S)
    raise ClearingError(f"{day} could not be cleared in {_TRIES} tries")

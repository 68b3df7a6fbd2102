"""The night of payments: what merchants are paid.

Knows the order; what a settlement comes to is clearing.settling's.
"""

from __future__ import annotations

from typing import Final

from clearing.bankfiles.night import write_bank_files
from clearing.credits import store_credits
from clearing.folder import DayFolder
from clearing.nights.work import Work, files_of
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.settlements import write_settlements
from clearing.settling import settle_merchants
from clearing.summary import FileRecord


async def decide(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Decide the settlements of a run once and book the payouts that go."""
    await store_credits(connection, await settle_merchants(connection, run_id, settings))
    await connection.execute(query("post_credits"), str(run_id))


async def _settlements(connection: Connection, run_id: RunId, _: Settings,
                       folder: DayFolder) -> list[FileRecord]:
    return await write_settlements(connection, run_id, folder)


WORK: Final = Work(decide, (
    ("settlements", files_of(_settlements)), ("bank", files_of(write_bank_files))))

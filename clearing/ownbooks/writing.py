"""The files of the parties' own books: papers, and booking records.

Knows both; each file names the party that it is for, and is delivered where that wants it.
"""

from __future__ import annotations

from clearing.folder import DayFolder
from clearing.ownbooks.bookings import write_booking_records
from clearing.ownbooks.paper_files import write_papers
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord


async def write_own_books(connection: Connection, run_id: RunId, _: Settings,
                          folder: DayFolder) -> list[FileRecord]:
    """From what was decided when the day was posted: a repeat writes the same bytes."""
    return [*await write_papers(connection, run_id, folder),
            *await write_booking_records(connection, run_id, folder)]

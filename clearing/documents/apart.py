"""The pages of a run that was released without them: made later, in a folder beside its own.

Knows the run's record and its settings; the pages are night.py's, the same bytes as the night would
have made. What was released is not touched: <date>/<stream>-documents has a manifest of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from authhost.streams import STREAMS, Stream
from clearing.control import check_files, check_totals
from clearing.documents.night import typeset_run
from clearing.errors import ClearingError
from clearing.folder import MANIFEST, DayFolder
from clearing.queries import connect, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord


async def write_apart(database_url: str, business_date: date, out_dir: Path,
                      streams: Sequence[Stream] = STREAMS) -> tuple[FileRecord, ...]:
    """The pages of these streams of a day, each read back; their records, by path below the day.

    ClearingError: a stream is not released yet, or a page does not say what was decided.
    """
    made: list[FileRecord] = []
    connection = await connect(database_url)
    try:
        for stream in streams:
            run_id = RunId(business_date, stream)
            run = await connection.fetchrow(query("run"), str(run_id))
            if run is None or run["status"] != "done":
                raise ClearingError(f"{run_id} is not released: its pages are made after that")
            folder = DayFolder(out_dir / business_date.isoformat(), f"{stream}-documents")
            folder.begin()
            settings = msgspec.json.decode(run["settings"], type=Settings)
            pages = await typeset_run(connection, run_id, settings, folder)
            records = check_files(folder.staging, pages)
            await check_totals(connection, run_id, records, only_pages=True)
            folder.write(MANIFEST, msgspec.json.format(msgspec.json.encode(
                {"run_id": str(run_id), "files": records})) + b"\n")
            folder.release()
            made += [msgspec.structs.replace(record, path=f"{folder.target.name}/{record.path}")
                     for record in records]
    finally:
        await connection.close()
    return tuple(made)

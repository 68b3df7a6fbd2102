"""The pages of a run that was released without them: made later, in a folder beside its own.

Knows the run's record and its settings; the pages are night.py's, the same bytes as the night would
have made. What was released is not touched: the pages are a part of the run with a manifest, an
approval and a release of their own, in <date>/<stream>-documents. Each step may die and be done
again, as the night's may: what is verified is kept once, what is shown is shown at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from authhost.streams import STREAMS, Stream
from clearing.control import check_night, check_totals
from clearing.documents.night import typeset_run
from clearing.errors import ClearingError
from clearing.folder import MANIFEST, DayFolder, folder_of
from clearing.queries import Connection, connect, query
from clearing.release.hops import file_hops
from clearing.release.life import NIGHT
from clearing.release.manifest import Addendum, is_addendum, write_addendum
from clearing.release.people import note_started
from clearing.release.releasing import keep_addendum, let_out
from clearing.release.statements import statement
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

PART: Final = "documents"
Progress = Callable[[str], None]  # told "fuel pages" ...


class Pages(msgspec.Struct, frozen=True):
    """The pages of one run. released: False until a second person approves them."""

    run_id: RunId
    files: tuple[FileRecord, ...]
    released: bool


async def write_apart(database_url: str, business_date: date, out_dir: Path,
                      streams: Sequence[Stream] = STREAMS, who: str = NIGHT,
                      progress: Progress = lambda _: None) -> tuple[Pages, ...]:
    """The pages of these streams of a day, each read back, kept and shown.

    A second time makes the same bytes, and mends what is missing. ClearingError: the stream that
    it names is not released yet, has its pages from the night or from an earlier version, or a page
    does not say what was decided; nothing of that stream is shown.
    """
    connection = await connect(database_url)
    try:
        return tuple([await _write_stream(connection, RunId(business_date, stream), out_dir, who,
                                          progress) for stream in streams])
    finally:
        await connection.close()


async def _write_stream(connection: Connection, run_id: RunId, out_dir: Path, who: str,
                        progress: Progress) -> Pages:
    # The night's own lock: a run that is cleared again meanwhile would not be the one read here.
    if not await connection.fetchval(query("lock_run"), str(run_id)):
        raise ClearingError(f"{run_id} is being cleared by someone else")
    try:
        run = await connection.fetchrow(query("run"), str(run_id))
        if run is None or run["status"] != "done":
            raise ClearingError(f"{run_id} is not released: its pages are made after that")
        settings = msgspec.json.decode(run["settings"], type=Settings)
        if settings.documents.made:
            raise ClearingError(f"{run_id} has its pages among its files: its night has made them")
        folder = folder_of(out_dir, run_id, PART)
        _check_form(folder)
        await note_started(connection, run_id, who, PART)
        folder.begin()
        progress(f"{run_id.stream} pages")
        pages = await typeset_run(connection, run_id, settings, folder)
        progress(f"{run_id.stream} control")
        files = await check_night(folder.staging, pages)
        await check_totals(connection, run_id, files, only_pages=True)
        hops = tuple(file_hops(files))
        digest = write_addendum(
            folder, Addendum(str(run_id), PART, run["manifest_digest"], files, hops),
            settings.release.signing_key)
        await keep_addendum(connection, run_id, PART, files, hops, digest)
        progress(f"{run_id.stream} release")
        return Pages(run_id, files,
                     await let_out(connection, run_id, folder, settings.release, PART))
    finally:
        await connection.execute(statement("unlock_run"), str(run_id))


def _check_form(folder: DayFolder) -> None:
    """Before anything is kept that could not be shown then. ClearingError: what stands where the
    pages go is of another form, and no run knows of it."""
    manifest = folder.target / MANIFEST
    if manifest.exists() and not is_addendum(manifest.read_bytes()):
        raise ClearingError(f"{folder.target} has pages of an earlier version, which no run knows "
                            "of, or what is no page of ours: move it away, and make them again")

"""The night of a day, stream by stream, top to bottom: close, read, post, write, check, release.

Knows the order of the steps and nothing of what is in them; what a stream decides and writes is
clearing.nights'. Each step can die and the whole be started again: what is posted is not posted
twice, what is written is written again from the same rows, and a folder is shown only when every
file of it agrees with the ledger.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from authhost.streams import STREAMS, Stream
from clearing.control import check_night, check_totals
from clearing.days.closing import close_day, pretend_closed
from clearing.days.trying import tried_out
from clearing.engine.posting import Placer
from clearing.errors import ClearingError
from clearing.folder import disk_errors, folder_of
from clearing.journal_day import digest_day
from clearing.lists import held_cases, write_cases, write_open_holds
from clearing.night import Night
from clearing.nights import WORK
from clearing.outages import outages
from clearing.post import post_day
from clearing.queries import Connection, connect, query
from clearing.release.hops import control_hops
from clearing.release.life import NIGHT
from clearing.release.manifest import load_key, write_manifest
from clearing.release.people import note_started
from clearing.release.releasing import keep_verified, let_out
from clearing.run_id import RunId
from clearing.settings import Settings, check_settings, load_settings
from clearing.summary import Case, FileRecord, Summary

Progress = Callable[[str], None]
Counted = Callable[[str, int, float], None]  # step, how many, seconds

_BEFORE: Final = ("close", "read", "post")
_AFTER: Final = ("lists", "control", "release")
# What progress is told of each stream, in this order: "fuel close" ... "fuel done".
STEPS: Final[dict[Stream, tuple[str, ...]]] = {
    stream: (*_BEFORE, *(name for name, _ in WORK[stream].writers), *_AFTER) for stream in STREAMS}


class _Steps:
    """Tells who watches which step begins and what it came to, and remembers how long each took."""

    def __init__(self, stream: str, progress: Progress | None, counted: Counted | None) -> None:
        self._stream = stream
        self._progress = progress
        self._counted = counted
        self.seconds: dict[str, float] = {}
        self.count = 0  # of the step that runs: rows that it read, files that it wrote

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(name)
        self.count = 0
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun
        if self._counted is not None:
            self._counted(f"{self._stream} {name}", self.count, self.seconds[name])

    def tell(self, name: str) -> None:
        if self._progress is not None:
            self._progress(f"{self._stream} {name}")


async def clear(database_url: str, business_date: date, out_dir: Path,
                settings: Settings | None = None, progress: Progress | None = None,
                streams: Sequence[Stream] = STREAMS, who: str = NIGHT,
                counted: Counted | None = None, dry_run: bool = False,
                engine: str | None = None) -> Night:
    """Close and clear one business day; the files of each stream are in out_dir/<date>/<stream>
    when this returns.

    A second run makes the same bytes, with the settings and the master data of the first.
    `progress` is told each of STEPS as it begins, `counted` as it ends. ClearingError: the stream
    that it names was not released, nor were those after it, and why. `who` starts the run: where
    the settings want four eyes its files stay hidden until another person approves them. A
    `dry_run` closes, posts and releases nothing: what it wrote is in the hidden folders of out_dir.
    `engine` places the rows (clearing.engine.opening): None is DuckDB, in this process.
    """
    settings = load_settings() if settings is None else check_settings(settings)
    if settings.release.signing_key:
        load_key(settings.release.signing_key)  # before anything is posted that would keep its name
    with outages(f"{business_date}, {' and '.join(streams)}"):
        connection = await connect(database_url)
        try:
            async with tried_out(connection, dry_run) as snapshot:
                return Night(business_date, tuple([
                    await _clear_stream(connection, RunId(business_date, stream), out_dir,
                                        settings, Placer(database_url, engine, snapshot),
                                        _Steps(stream, progress, counted), who, dry_run)
                    for stream in streams]))
        finally:
            await connection.close()


async def _clear_stream(connection: Connection, run_id: RunId, out_dir: Path, settings: Settings,
                        placer: Placer, steps: _Steps, who: str, dry_run: bool) -> Summary:
    # One run of a day at a time; the lock goes with the connection, however it ends.
    if not await connection.fetchval(query("lock_run"), str(run_id)):
        raise ClearingError(f"{run_id} is being cleared by someone else")
    work, folder = WORK[run_id.stream], folder_of(out_dir, run_id)
    with steps.step("close"):
        await (pretend_closed if dry_run else close_day)(
            connection, run_id.business_date, run_id.stream, who)
    with steps.step("read"):
        journal_digest, journal_count = await digest_day(connection, run_id)
        steps.count = journal_count
    # An engine lays its tables down where temporary files are.
    with steps.step("post"), disk_errors(Path(tempfile.gettempdir(), "clearing-stage")):
        settings = await post_day(connection, run_id, settings, placer, work.decide,
                                  journal_digest, journal_count)
    await note_started(connection, run_id, who)
    folder.begin()
    records: list[FileRecord] = []
    cases: list[Case] = []
    for name, write in work.writers:
        with steps.step(name):
            written = await write(connection, run_id, settings, folder)
            steps.count = len(written.files)
            records += written.files
            cases += written.cases
    with steps.step("lists"):
        cases = [*await held_cases(connection, run_id), *cases]
        records.append(write_cases(folder, tuple(cases)))
        records.append(await write_open_holds(connection, run_id, folder))
    with steps.step("control"):
        files = await check_night(folder.staging, records)
        steps.count = len(files)
        await check_totals(connection, run_id, files, pages=settings.documents.made)
        summary = await _summary(connection, run_id, files, tuple(cases), journal_digest)
        hops = await control_hops(connection, run_id, files)
        digest = write_manifest(folder, summary, hops, settings.release.signing_key)
        await keep_verified(connection, run_id, files, hops, digest)
    with steps.step("release"):
        released = not dry_run and await let_out(connection, run_id, folder, settings.release)
    steps.tell("done")
    return msgspec.structs.replace(summary, digest=digest, seconds=steps.seconds,
                                   released=released)


async def _summary(connection: Connection, run_id: RunId, files: tuple[FileRecord, ...],
                   cases: tuple[Case, ...], journal_digest: str) -> Summary:
    balance = await connection.fetch(query("trial_balance"), str(run_id))
    debits = {row["currency"]: row["debits_minor"] for row in balance}
    given = {row["currency"]: row["credits_minor"] for row in balance}
    places = dict.fromkeys(("cleared", "reversed", "open"), 0)
    for row in await connection.fetch(query("places"), str(run_id), run_id.business_date,
                                      run_id.stream):
        places[row["place"]] = row["count"]
    return Summary(run_id=str(run_id), files=files, cases=cases, debits_minor=debits,
                   credits_minor=given, balanced=debits == given, places=places,
                   journal_digest=journal_digest, digest="", seconds={})

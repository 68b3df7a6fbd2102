"""The night, top to bottom: close, read, post, write, check, release.

Knows the order of the steps and nothing of what is in them. Each step can die and the whole be
started again: what is posted is not posted twice, what is written is written again from the same
rows, and a folder is shown only when every file of it agrees with the ledger.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from clearing.bank_files import write_bank_files
from clearing.bookings import write_bookings
from clearing.close import close_day
from clearing.control import check_files, check_totals
from clearing.errors import ClearingError
from clearing.fee_files import write_fee_statements
from clearing.folder import MANIFEST, DayFolder
from clearing.invoices import write_invoices
from clearing.journal_day import digest_day
from clearing.lists import held_cases, write_cases, write_open_holds
from clearing.post import check_books, post_day
from clearing.queries import Connection, connect, query
from clearing.run_id import RunId
from clearing.safe_totals import write_safe_totals
from clearing.settings import Settings, check_settings, load_settings
from clearing.settlements import write_settlements
from clearing.summary import Case, FileRecord, Summary

Progress = Callable[[str], None]

STEPS: Final = ("close", "read", "post", "invoices", "settlements", "fees", "bookings", "bank",
                "safes", "lists", "control", "release", "done")


class _Steps:
    """Tells who watches which step begins, and remembers how long each took."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(name)
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun

    def tell(self, name: str) -> None:
        assert name in STEPS, name
        if self._progress is not None:
            self._progress(name)


async def clear(database_url: str, business_date: date, out_dir: Path,
                settings: Settings | None = None, progress: Progress | None = None) -> Summary:
    """Close and clear one business day; its files are in out_dir/<date> when this returns.

    A second run makes the same bytes, with the settings and the master data of the first.
    `progress` is told each of STEPS as it begins. ClearingError: nothing was released, and why.
    """
    settings = load_settings() if settings is None else check_settings(settings)
    connection = await connect(database_url)
    try:
        run_id = RunId(business_date)
        # One run of a day at a time; the lock goes with the connection, however it ends.
        if not await connection.fetchval(query("lock_run"), str(run_id)):
            raise ClearingError(f"{run_id} is being cleared by someone else")
        return await _clear(connection, run_id, DayFolder(out_dir, business_date.isoformat()),
                            settings, _Steps(progress))
    finally:
        await connection.close()


async def _clear(connection: Connection, run_id: RunId, folder: DayFolder, settings: Settings,
                 steps: _Steps) -> Summary:
    with steps.step("close"):
        await close_day(connection, run_id.business_date)
    with steps.step("read"):
        journal_digest, journal_count = await digest_day(connection, run_id.business_date)
    with steps.step("post"):
        settings = await post_day(connection, run_id, settings, journal_digest, journal_count)
    folder.begin()
    with steps.step("invoices"):
        records, cases = await write_invoices(connection, run_id, settings, folder)
    with steps.step("settlements"):
        records += await write_settlements(connection, run_id, folder)
    with steps.step("fees"):
        records += await write_fee_statements(connection, run_id, settings, folder)
    with steps.step("bookings"):
        records += await write_bookings(connection, run_id, settings, folder)
    with steps.step("bank"):
        records += await write_bank_files(connection, run_id, settings, folder)
    with steps.step("safes"):
        records += await write_safe_totals(connection, run_id, folder)
    with steps.step("lists"):
        cases = [*await held_cases(connection, run_id), *cases]
        records.append(write_cases(folder, tuple(cases)))
        records.append(await write_open_holds(connection, run_id, folder))
    with steps.step("control"):
        await check_books(connection, run_id)
        files = check_files(folder.staging, records)
        await check_totals(connection, run_id, files)
        summary = await _summary(connection, run_id, files, tuple(cases), journal_digest)
        manifest = _manifest(summary)
        folder.write(MANIFEST, manifest)
        digest = hashlib.sha256(manifest).hexdigest()
        await _verified(connection, run_id, files, digest)
    with steps.step("release"):
        folder.release()
        await connection.execute(query("done"), str(run_id))
    steps.tell("done")
    return msgspec.structs.replace(summary, digest=digest, seconds=steps.seconds)


async def _summary(connection: Connection, run_id: RunId, files: tuple[FileRecord, ...],
                   cases: tuple[Case, ...], journal_digest: str) -> Summary:
    balance = await connection.fetch(query("trial_balance"), str(run_id))
    debits = {row["currency"]: row["debits_minor"] for row in balance}
    given = {row["currency"]: row["credits_minor"] for row in balance}
    places = dict.fromkeys(("cleared", "reversed", "open"), 0)
    for row in await connection.fetch(query("places"), str(run_id)):
        places[row["place"]] = row["count"]
    return Summary(run_id=str(run_id), files=files, cases=cases, debits_minor=debits,
                   credits_minor=given, balanced=debits == given, places=places,
                   journal_digest=journal_digest, digest="", seconds={})


def _manifest(summary: Summary) -> bytes:
    """manifest.json: the summary without its times, and without its own digest."""
    values = msgspec.to_builtins(summary)
    del values["seconds"], values["digest"], values["cases"]
    return msgspec.json.format(msgspec.json.encode(values)) + b"\n"


async def _verified(connection: Connection, run_id: RunId, files: tuple[FileRecord, ...],
                    digest: str) -> None:
    """Keep the manifest in the database, or find it there. ClearingError when it is another."""
    async with connection.transaction():
        run = await connection.fetchrow(query("run"), str(run_id))
        assert run is not None  # posted above
        if run["status"] == "posted":
            await connection.copy_records_to_table(
                "clearing_file", columns=("run_id", *FileRecord.__struct_fields__),
                records=[(str(run_id), *msgspec.structs.astuple(file)) for file in files])
            await connection.execute(query("verified"), str(run_id), digest)
            return
    if run["manifest_digest"] != digest:
        stored = {row["path"]: row["sha256"]
                  for row in await connection.fetch(query("files"), str(run_id))}
        changed = sorted(path for path, _ in stored.items() ^ {f.path: f.sha256 for f in files}
                         .items())
        raise ClearingError(f"{run_id} would change files that were released: "
                            f"{', '.join(dict.fromkeys(changed)) or MANIFEST}")

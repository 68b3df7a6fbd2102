"""The end of a run: prove and keep what was written, and show it when it may be shown.

Knows the run's record, its folder and who has to agree; what is in a file was proved before.
Every step may die and be done again: what is kept is kept once, what is shown is shown at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from clearing.errors import ClearingError
from clearing.exceptions import close_explained, open_exception
from clearing.folder import MANIFEST, DayFolder, folder_of
from clearing.queries import Connection, query
from clearing.release.hops import Hop
from clearing.release.life import NIGHT, note_run
from clearing.release.manifest import SIGNATURE, SUMS
from clearing.release.people import is_approved, part_name
from clearing.release.route import run_of
from clearing.release.settings import Release
from clearing.release.statements import statement
from clearing.run_id import RunId
from clearing.summary import FileRecord


async def keep_verified(connection: Connection, run_id: RunId, files: Sequence[FileRecord],
                        hops: Sequence[Hop], digest: str) -> None:
    """Keep manifest and totals in the database, or find them there.

    ClearingError when what is there is another: files that were verified do not change.
    """
    async with connection.transaction():
        run = await connection.fetchrow(query("run"), str(run_id))
        assert run is not None  # it was posted
        if run["status"] == "posted":
            await _keep(connection, run_id, "", files, hops)
            await connection.execute(query("verified"), str(run_id), digest)
            return
    if run["manifest_digest"] != digest:
        raise await _would_change(connection, run_id, "", files)


async def keep_addendum(connection: Connection, run_id: RunId, part: str,
                        files: Sequence[FileRecord], hops: Sequence[Hop], digest: str) -> None:
    """The same of a part that is made after the night, under the run's lock."""
    async with connection.transaction():
        kept = await connection.fetchrow(statement("addendum"), str(run_id), part)
        if kept is None:
            await _keep(connection, run_id, part, files, hops)
            await connection.execute(statement("addendum_new"), str(run_id), part, digest)
        elif kept["manifest_digest"] != digest:
            raise await _would_change(connection, run_id, part, files)


async def _keep(connection: Connection, run_id: RunId, part: str, files: Sequence[FileRecord],
                hops: Sequence[Hop]) -> None:
    await connection.copy_records_to_table(
        "clearing_file", columns=("run_id", "part", *FileRecord.__struct_fields__),
        records=[(str(run_id), part, *msgspec.structs.astuple(file)) for file in files])
    await connection.copy_records_to_table(
        "run_control", columns=("run_id", *Hop.__struct_fields__),
        records=[(str(run_id), *msgspec.structs.astuple(hop)) for hop in hops])
    await note_run(connection, run_id, "generated", NIGHT, part)
    await note_run(connection, run_id, "verified", NIGHT, part)


async def _would_change(connection: Connection, run_id: RunId, part: str,
                        files: Sequence[FileRecord]) -> ClearingError:
    stored = {row["path"]: row["sha256"]
              for row in await connection.fetch(query("files"), str(run_id), part)}
    changed = sorted(path for path, _ in stored.items() ^ {f.path: f.sha256 for f in files}.items())
    return ClearingError(f"{part_name(run_id, part)} would change files that were released: "
                         f"{', '.join(dict.fromkeys(changed)) or MANIFEST}")


async def let_out(connection: Connection, run_id: RunId, folder: DayFolder,
                  settings: Release, part: str = "") -> bool:
    """Show the folder of a run's part; False where a second person has not approved it yet."""
    if settings.four_eyes and not await is_approved(connection, run_id, part):
        return False
    folder.release()
    await _done(connection, run_id, part)
    return True


async def _done(connection: Connection, run_id: RunId, part: str) -> None:
    async with connection.transaction():
        await connection.execute(query("done"), str(run_id), part)
        await note_run(connection, run_id, "released", NIGHT, part)


async def release_run(connection: Connection, run_id: RunId, out_dir: Path,
                      part: str = "") -> None:
    """Show what an approved run has written aside, byte for byte as it was verified.

    ClearingError: it may not be shown yet, its files are not here, or are not those any more.
    """
    if not await connection.fetchval(query("lock_run"), str(run_id)):
        raise ClearingError(f"{run_id} is being cleared by someone else")
    name = part_name(run_id, part)
    try:
        run = await connection.fetchrow(statement("run_to_release"), str(run_id), part)
        if run is None:
            raise ClearingError(f"{run_id} has no {part}" if part else f"there is no run {run_id}")
        if run["status"] == "posted":
            raise ClearingError(f"{name} is not verified yet")
        if run["needs_approval"] and not await is_approved(connection, run_id, part):
            raise ClearingError(f"{name} waits for the approval of a second person")
        folder = folder_of(out_dir, run_id, part)
        files = await connection.fetch(query("files"), str(run_id), part)
        if folder.staging.is_dir():
            _check_bytes(folder.staging, {row["path"]: row["sha256"] for row in files}
                         | {MANIFEST: run["manifest_digest"]})
            folder.release()
        elif not (folder.target / MANIFEST).exists():
            again = "make the pages again" if part else "clear the day again"
            raise ClearingError(f"the files of {name} are not in {out_dir}: {again}, which writes "
                                "the same, where no upgrade has changed a form, and shows them")
        await _done(connection, run_id, part)
    finally:
        await connection.execute(statement("unlock_run"), str(run_id))


async def release_approved(connection: Connection, out_dir: Path) -> None:
    """Show every run that was approved meanwhile; what hinders one goes to the queue."""
    for row in await connection.fetch(statement("approved_runs")):
        run_id, part = run_of(row["run_id"]), row["part"]
        name = part_name(run_id, part)
        try:
            await release_run(connection, run_id, out_dir, part)
        except ClearingError as error:
            await open_exception(connection, stream=run_id.stream, reason="not_released",
                                 subject_kind="run", subject=name, run_id=str(run_id),
                                 content={"said": str(error)})
        else:
            await close_explained(connection, reason="not_released", subject_kind="run",
                                  subjects=[name], why="it was released after all")


def _check_bytes(folder: Path, digests: dict[str, str]) -> None:
    for path, sha256 in digests.items():
        try:
            with (folder / path).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ClearingError(f"{folder / path} cannot be read: {error.strerror}") from None
        if found != sha256:
            raise ClearingError(f"{folder / path} is not what was verified: {found}, not {sha256}")
    known = digests.keys() | {SUMS, SIGNATURE}
    for there in sorted(folder.rglob("*")):
        if not there.is_dir() and there.relative_to(folder).as_posix() not in known:
            raise ClearingError(f"{there} is not what was verified: nobody has written it")

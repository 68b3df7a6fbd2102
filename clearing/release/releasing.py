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
from clearing.release.people import is_approved
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
            await connection.copy_records_to_table(
                "clearing_file", columns=("run_id", *FileRecord.__struct_fields__),
                records=[(str(run_id), *msgspec.structs.astuple(file)) for file in files])
            await connection.copy_records_to_table(
                "run_control", columns=("run_id", *Hop.__struct_fields__),
                records=[(str(run_id), *msgspec.structs.astuple(hop)) for hop in hops])
            await note_run(connection, run_id, "generated", NIGHT)
            await note_run(connection, run_id, "verified", NIGHT)
            await connection.execute(query("verified"), str(run_id), digest)
            return
    if run["manifest_digest"] != digest:
        stored = {row["path"]: row["sha256"]
                  for row in await connection.fetch(query("files"), str(run_id))}
        changed = sorted(path for path, _ in stored.items() ^ {f.path: f.sha256 for f in files}
                         .items())
        raise ClearingError(f"{run_id} would change files that were released: "
                            f"{', '.join(dict.fromkeys(changed)) or MANIFEST}")


async def let_out(connection: Connection, run_id: RunId, folder: DayFolder,
                  settings: Release) -> bool:
    """Show the run's folder; False where a second person has not approved it yet."""
    if settings.four_eyes and not await is_approved(connection, run_id):
        return False
    folder.release()
    async with connection.transaction():
        await connection.execute(query("done"), str(run_id))
        await note_run(connection, run_id, "released", NIGHT)
    return True


async def release_run(connection: Connection, run_id: RunId, out_dir: Path) -> None:
    """Show what an approved run has written aside, byte for byte as it was verified.

    ClearingError: it may not be shown yet, its files are not here, or are not those any more.
    """
    if not await connection.fetchval(query("lock_run"), str(run_id)):
        raise ClearingError(f"{run_id} is being cleared by someone else")
    try:
        run = await connection.fetchrow(statement("run_to_release"), str(run_id))
        if run is None or run["status"] == "posted":
            raise ClearingError(f"{run_id} is not verified yet")
        if run["needs_approval"] and not await is_approved(connection, run_id):
            raise ClearingError(f"{run_id} waits for the approval of a second person")
        folder = folder_of(out_dir, run_id)
        files = await connection.fetch(query("files"), str(run_id))
        if folder.staging.is_dir():
            _check_bytes(folder.staging, {row["path"]: row["sha256"] for row in files}
                         | {MANIFEST: run["manifest_digest"]})
            folder.release()
        elif not (folder.target / MANIFEST).exists():
            raise ClearingError(f"the files of {run_id} are not in {out_dir}: clear the day again, "
                                "which writes the same and shows them")
        async with connection.transaction():
            await connection.execute(query("done"), str(run_id))
            await note_run(connection, run_id, "released", NIGHT)
    finally:
        await connection.execute(statement("unlock_run"), str(run_id))


async def release_approved(connection: Connection, out_dir: Path) -> None:
    """Show every run that was approved meanwhile; what hinders one goes to the queue."""
    for row in await connection.fetch(statement("approved_runs")):
        run_id = run_of(row["run_id"])
        try:
            await release_run(connection, run_id, out_dir)
        except ClearingError as error:
            await open_exception(connection, stream=run_id.stream, reason="not_released",
                                 subject_kind="run", subject=str(run_id), run_id=str(run_id),
                                 content={"said": str(error)})
        else:
            await close_explained(connection, reason="not_released", subject_kind="run",
                                  subjects=[str(run_id)], why="it was released after all")


def _check_bytes(folder: Path, digests: dict[str, str]) -> None:
    for path, sha256 in digests.items():
        try:
            with (folder / path).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ClearingError(f"{folder / path} cannot be read: {error.strerror}") from None
        if found != sha256:
            raise ClearingError(f"{folder / path} is not what was verified: {found}, not {sha256}")

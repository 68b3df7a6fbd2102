"""What the deliverer shows by itself: runs that were approved as they are, once, and no other."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from clearing.errors import ClearingError
from clearing.queries import connect, query
from clearing.release.releasing import release_approved, release_run
from clearing.run_id import RunId
from tests.e2e.clearing_day import sql, wait
from tests.support.release_scene import DAY, make_run

pytestmark = pytest.mark.invariant(11)

MANIFEST = hashlib.sha256(b"{}\n").hexdigest()
APPROVED = ("INSERT INTO run_person (run_id, act, who, manifest_digest) "
            "VALUES ($1, 'approved', 'bob', $2)")


def look(database_url: str, out: Path) -> None:
    """One round of the deliverer."""
    async def run() -> None:
        connection = await connect(database_url)
        try:
            await release_approved(connection, out)
        finally:
            await connection.close()

    wait(run())


def released(database_url: str) -> list[str]:
    """Run by run, as often as it was said."""
    return [row[0] for row in sql(
        database_url, "SELECT DISTINCT ON (run_id, event_id) run_id FROM file_event "
                      "WHERE state = 'released' AND path = 'cases.json' ORDER BY run_id, event_id")]


def test_only_what_was_approved_as_it_is(database_url: str, tmp_path: Path) -> None:
    runs = {stream: RunId(DAY, stream) for stream in ("fuel", "cash", "payments")}
    for run_id in runs.values():
        wait(make_run(database_url, tmp_path, "verified", run_id=run_id, four_eyes=True))
    sql(database_url, APPROVED, str(runs["cash"]), MANIFEST)
    sql(database_url, APPROVED, str(runs["payments"]), "of-other-files")
    sql(database_url, "INSERT INTO run_person (run_id, act, who) VALUES ($1, 'started', 'ann')",
        str(runs["fuel"]))
    for _ in range(2):
        look(database_url, tmp_path)
        assert released(database_url) == [str(runs["cash"])]
        assert sorted(path.name for path in (tmp_path / DAY.isoformat()).iterdir()) == ["cash"]
        # What waits for a person's word is no fault of a run: nobody is called for it.
        assert sql(database_url, "SELECT subject FROM clearing_exception") == []
    sql(database_url, APPROVED, str(runs["fuel"]), MANIFEST)
    look(database_url, tmp_path)
    assert released(database_url) == [str(runs["cash"]), str(runs["fuel"])]
    # What was shown is asked for no more, wherever its files have been taken since.
    shutil.rmtree(tmp_path / DAY.isoformat())
    look(database_url, tmp_path)
    assert sql(database_url, "SELECT subject FROM clearing_exception") == []


def test_what_was_approved_and_cannot_be_shown_is_said_once(database_url: str,
                                                           tmp_path: Path) -> None:
    """Its bytes are others by now; after the mend it is shown, and the exception is gone."""
    wait(make_run(database_url, tmp_path, "verified", four_eyes=True))
    run = str(RunId(DAY, "cash"))
    sql(database_url, APPROVED, run, MANIFEST)
    path = tmp_path / f".{DAY}.cash.staging" / "cases.json"
    good = path.read_bytes()
    path.write_bytes(b"[1]\n")
    for _ in range(2):
        look(database_url, tmp_path)
        assert [tuple(row) for row in sql(
            database_url, "SELECT reason, subject, state FROM clearing_exception")] == [
            ("not_released", run, "open")]
    assert released(database_url) == []
    path.write_bytes(good)
    look(database_url, tmp_path)
    assert released(database_url) == [run]
    assert sql(database_url, "SELECT state FROM clearing_exception")[0][0] == "closed"


def test_a_run_that_somebody_is_clearing_is_not_shown_meanwhile(database_url: str,
                                                               tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path, "verified", four_eyes=True))
    run = str(RunId(DAY, "cash"))
    sql(database_url, APPROVED, run, MANIFEST)

    async def beside() -> None:
        connection, other = await connect(database_url), await connect(database_url)
        try:
            assert await connection.fetchval(query("lock_run"), run)
            with pytest.raises(ClearingError, match="is being cleared by someone else"):
                await release_run(other, RunId(DAY, "cash"), tmp_path)
        finally:
            await other.close()
            await connection.close()

    wait(beside())
    assert released(database_url) == []
    look(database_url, tmp_path)
    assert released(database_url) == [run]

"""Pages made apart from the night have the life that its files have: recorded once, approved,
delivered, and after a kill at any step the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from authhost.cli import main
from clearing.documents.apart import write_apart
from clearing.documents.settings import Documents
from clearing.errors import ClearingError
from clearing.release.deliver import deliver_due
from clearing.release.settings import Release
from clearing.run import clear
from clearing.settings import load_settings
from tests.e2e.clearing_day import DAY, FLEET, full_day, make_day, sql, tree, wait
from tests.support.release_scene import add_route

pytestmark = pytest.mark.invariant(11)
LATER = msgspec.structs.replace(load_settings(), documents=Documents(made=False))
EYES = msgspec.structs.replace(LATER, release=Release(four_eyes=True))
NOW = datetime(2026, 7, 24, 6, 0, tzinfo=UTC)
RUN = "2026-07-23/fuel/1"


def released(database_url: str, out: Path) -> None:
    """The fuel of a day, without pages."""
    wait(make_day(database_url, full_day()))
    sql(database_url, "INSERT INTO account_tax (account_id, forms) VALUES ($1, '{ubl,pdf}') "
        "ON CONFLICT (account_id) DO UPDATE SET forms = excluded.forms", FLEET)
    wait(clear(database_url, DAY, out, settings=LATER, streams=["fuel"]))


def kept(database_url: str) -> list[tuple[str, str, str]]:
    """Path, recipient and states of each page that is recorded."""
    return [tuple(row) for row in sql(
        database_url, "SELECT path, recipient, (SELECT string_agg(state, ' ' ORDER BY event_id) "
        "FROM file_event e WHERE (e.run_id, e.path) = (f.run_id, f.path)) FROM clearing_file f "
        "WHERE part = 'documents' ORDER BY path")]


def test_pages_are_recorded_and_delivered_as_the_nights_files(database_url: str,
                                                              tmp_path: Path) -> None:
    out, bank = tmp_path / "out", tmp_path / "bank"
    bank.mkdir()
    released(database_url, out)
    wait(add_route(database_url, {"type": "folder", "folder": str(bank), "name": "{path}"},
                   recipient=f"account/{FLEET}"))
    wait(deliver_due(database_url, out, NOW))
    before = tree(bank)
    assert before
    assert not any(path.endswith(".pdf") for path in before)
    [made] = wait(write_apart(database_url, DAY, out, ["fuel"]))
    paths = [file.path for file in made.files]
    assert made.released
    assert paths
    assert kept(database_url) == [
        (path, f"account/{FLEET}", "generated verified released") for path in paths]
    folder = out / "2026-07-23" / "fuel-documents"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    [night] = sql(database_url, "SELECT manifest_digest FROM clearing_run")
    assert (manifest["run_id"], manifest["part"], manifest["manifest_digest"]) == (
        RUN, "documents", night[0])
    assert [file["sha256"] for file in manifest["files"]] == [
        row[0] for row in sql(database_url, "SELECT sha256 FROM clearing_file WHERE "
                              "part = 'documents' ORDER BY path")]
    assert {hop["kind"] for hop in manifest["hops"]} == {"invoice_pdf_pdf"}
    assert sum(hop["count"] for hop in manifest["hops"]) == sum(file.count for file in made.files)
    assert subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder,
                          check=False, capture_output=True).returncode == 0
    # Once more: found as they are, and nothing is written down twice.
    assert wait(write_apart(database_url, DAY, out, ["fuel"])) == (made,)
    assert len(kept(database_url)) == len(paths)
    wait(deliver_due(database_url, out, NOW))
    assert {name for name in tree(bank) if name not in before} == {
        path.replace("/", "-") for path in paths}
    assert {states for *_, states in kept(database_url)} == {
        "generated verified released delivered"}
    wait(clear(database_url, DAY, out, settings=LATER, streams=["fuel"]))


# Dies at a step, before it or after it.
_KILLED = """
import asyncio, os, signal, sys
from datetime import date
from pathlib import Path
from clearing.documents import apart

url, out, where = sys.argv[1:]
name, _, when = where.partition(" ")
real = getattr(apart, name)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

async def dying(*values, **named):
    if when == "before":
        die()
    await real(*values, **named)
    die()

setattr(apart, name, dying)
asyncio.run(apart.write_apart(url, date(2026, 7, 23), Path(out), ["fuel"]))
"""


def test_a_kill_at_any_step_leaves_the_same_bytes(database_url: str, tmp_path: Path) -> None:
    released(database_url, tmp_path / "out")
    target = tmp_path / "out" / "2026-07-23" / "fuel-documents"
    for step in ("typeset_run", "check_totals", "keep_addendum", "let_out"):
        for when in ("before", "after"):
            done = subprocess.run(
                [sys.executable, "-c", _KILLED, database_url, str(tmp_path / "out"),
                 f"{step} {when}"], env=os.environ, capture_output=True, check=False)
            assert done.returncode == -signal.SIGKILL, done.stderr.decode()
            assert target.exists() == (f"{step} {when}" == "let_out after")
    first = tree(target)
    [made] = wait(write_apart(database_url, DAY, tmp_path / "out", ["fuel"]))
    assert tree(target) == first
    assert [states for *_, states in kept(database_url)] == (
        ["generated verified released"] * len(made.files))
    assert sql(database_url, "SELECT count(*) FROM run_addendum WHERE status = 'done'")[0][0] == 1
    assert not list((tmp_path / "out").glob(".*"))


def test_a_second_person_approves_the_pages_too(database_url: str, tmp_path: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path, settings=EYES, streams=["fuel"], who="ann"))
    to_run = ["--out", str(tmp_path), "--database-url", database_url]
    release = ["release", RUN, "--approve", *to_run]
    assert main([*release, "--part", "documents", "--who", "bob"]) == 1
    assert f"{RUN} has no documents" in capsys.readouterr().err
    assert main([*release, "--who", "bob"]) == 0
    [made] = wait(write_apart(database_url, DAY, tmp_path, ["fuel"], who="bob"))
    folder = tmp_path / "2026-07-23" / "fuel-documents"
    assert not made.released
    assert not folder.exists()
    # Whoever has approved the night's files has not approved these, and these he has started.
    assert main([*release, "--part", "documents", "--who", "Bob"]) == 1
    assert "was started by Bob: a second person" in capsys.readouterr().err
    page, *_ = sorted((tmp_path / ".2026-07-23.fuel-documents.staging").rglob("*.pdf"))
    content = page.read_bytes()
    page.write_bytes(content + b" ")
    assert main([*release, "--part", "documents", "--who", "ann"]) == 1
    assert "is not what was verified" in capsys.readouterr().err
    assert not folder.exists()
    page.write_bytes(content)
    wait(deliver_due(database_url, tmp_path, NOW))  # shows what was approved
    assert {path.suffix for path in folder.rglob("F*")} == {".pdf"}
    assert {states for *_, states in kept(database_url)} == {"generated verified released"}


def test_pages_that_the_night_has_made_are_not_made_twice(database_url: str,
                                                          tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path, streams=["fuel"]))
    with pytest.raises(ClearingError, match="fuel/1 has its pages among its files"):
        wait(write_apart(database_url, DAY, tmp_path, ["fuel"]))
    assert kept(database_url) == []


@pytest.mark.parametrize("manifest", [
    json.dumps({"run_id": RUN, "files": []}).encode() + b"\n", b"", b"no JSON", b"[1]"])
def test_pages_of_an_earlier_version_are_in_the_way_before_anything_is_kept(
        database_url: str, tmp_path: Path, manifest: bytes) -> None:
    released(database_url, tmp_path)
    folder = tmp_path / "2026-07-23" / "fuel-documents"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(manifest)
    before = tree(tmp_path)
    with pytest.raises(ClearingError, match="fuel-documents has pages of an earlier version"):
        wait(write_apart(database_url, DAY, tmp_path, ["fuel"]))
    assert (kept(database_url), tree(tmp_path)) == ([], before)
    assert sql(database_url, "SELECT FROM run_person WHERE part = 'documents'") == []
    folder.rename(tmp_path / "aside")
    [made] = wait(write_apart(database_url, DAY, tmp_path, ["fuel"]))
    assert made.released
    assert (folder / "SHA256SUMS").exists()


def test_pages_that_would_change_are_refused(database_url: str, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    released(database_url, tmp_path)
    wait(write_apart(database_url, DAY, tmp_path, ["fuel"]))
    shown = tree(tmp_path)
    monkeypatch.setattr("clearing.documents.apart.file_hops", lambda _: [])
    changed = r"fuel/1 documents would change files .*manifest\.json"
    with pytest.raises(ClearingError, match=changed):
        wait(write_apart(database_url, DAY, tmp_path, ["fuel"]))
    assert {path: digest for path, digest in tree(tmp_path).items()
            if not path.startswith(".")} == shown
    with pytest.raises(Exception, match="only go forward"):
        sql(database_url, "UPDATE run_addendum SET manifest_digest = repeat('0', 64)")

"""The end of a night: totals at every hop, the lists beside the files, two people, any death."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clearing import folder as folders
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.queries import connect
from clearing.release.people import approve
from clearing.release.releasing import release_run
from clearing.release.settings import Release
from clearing.run import STEPS, clear
from clearing.run_id import RunId
from clearing.settings import Settings, load_settings
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, tree, wait

pytestmark = pytest.mark.invariant(11)

SHOWN = ("fuel", "cash", "payments")
CASH = RunId(DAY, "cash")


def folder(out: Path, stream: str) -> Path:
    """Of a stream, as it is shown."""
    return out / DAY.isoformat() / stream


def elsewhere(database_url: str, *statements: str) -> None:
    """Somebody else's statements, in the middle of a night."""
    with ThreadPoolExecutor(1) as other:
        for statement in statements:
            other.submit(sql, database_url, statement).result()


def test_every_hop_is_kept_and_told(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    kept = {(row["run_id"], row["hop"], row["kind"], row["currency"]):
            (row["count"], row["sum_minor"], row["digest"])
            for row in sql(database_url, "SELECT * FROM run_control")}
    assert {key[1] for key in kept} == {"journal", "placed", "ledger", "credits", "files"}
    journal = {key[:1] + key[2:]: value for key, value in kept.items() if key[1] == "journal"}
    assert journal == {key[:1] + key[2:]: value for key, value in kept.items()
                       if key[1] == "placed"}
    assert journal[str(RunId(DAY, "fuel")), "sale", "EUR"][:2] == (4, 52_857)
    for stream in SHOWN:
        manifest = json.loads((folder(tmp_path, stream) / "manifest.json").read_text())
        assert manifest["schema"] == "authhost/manifest/2"
        assert {(str(RunId(DAY, stream)), hop["hop"], hop["kind"], hop["currency"]):
                (hop["count"], hop["sum_minor"], hop["digest"]) for hop in manifest["hops"]} == {
            key: value for key, value in kept.items() if key[0] == str(RunId(DAY, stream))}


# What somebody changes behind the night's back -> what it says.
_TAMPERED = {
    "cash": [
        ("ledger_balance", ("UPDATE ledger_balance SET debits_minor = debits_minor + 5 "
                            "WHERE code = '1200' AND currency = 'EUR'"),
         "from placed to ledger: 1200 in EUR: .* of .* are not .* of .*"),
        ("ledger_transfer", ("DELETE FROM ledger_transfer WHERE credit = '1300' AND "
                             "amount_minor = 8800"), "in USD"),
        ("clearing_credit", ("UPDATE clearing_credit SET amount_minor = 8801 "
                             "WHERE amount_minor = 8800"), "from ledger to credits: .* in USD"),
    ],
    # A sale's amount to the off-line sale, and the other way round: the sum of both stays.
    "fuel": [("placement_fuel", ("UPDATE placement_fuel SET amount_minor = 43190 - amount_minor "
                                 "WHERE amount_minor IN (41357, 1833)"),
              "from journal to placed: offline_sale in EUR: 2 of 2633 are not 2 of 42157")],
}


@pytest.mark.parametrize(("stream", "table", "statement", "message"), [
    (stream, *one) for stream, those in _TAMPERED.items() for one in those])
def test_a_hop_that_does_not_agree_releases_nothing(
        stream: str, table: str, statement: str, message: str, database_url: str,
        tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))

    def tamper(step: str) -> None:
        if step == f"{stream} control":
            elsewhere(database_url, f"ALTER TABLE {table} DISABLE TRIGGER ALL", statement)

    with pytest.raises(ClearingError, match=message):
        wait(clear(database_url, DAY, tmp_path, progress=tamper))
    assert not folder(tmp_path, stream).exists()
    assert sql(database_url, "SELECT status FROM clearing_run WHERE stream = $1",
               stream)[0][0] == "posted"


def test_rows_that_changed_places_are_noticed(database_url: str, tmp_path: Path) -> None:
    """Count and sum are the same, the rows are not: the digest says so."""
    wait(make_day(database_url, full_day()))

    def swap(step: str) -> None:
        if step == "cash control":
            elsewhere(database_url, "ALTER TABLE placement DISABLE TRIGGER ALL",
                      "ALTER TABLE placement_cash DISABLE TRIGGER ALL",
                      "UPDATE placement SET amount_minor = 150050 - amount_minor "
                      "WHERE stream = 'cash' AND amount_minor IN (120000, 30050)")

    with pytest.raises(ClearingError, match=r"from journal to placed: deposit in EUR: the 5 rows "
                                            r"of \d+ are not the same rows"):
        wait(clear(database_url, DAY, tmp_path, progress=swap))


def test_a_person_can_check_the_list(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = msgspec.structs.replace(load_settings(), release=Release(signing_key=str(path)))
    wait(clear(database_url, DAY, tmp_path / "out", settings))
    for stream in SHOWN:
        here = folder(tmp_path / "out", stream)
        done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=here,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        listed = {line[66:] for line in (here / "SHA256SUMS").read_text().splitlines()}
        assert listed == tree(here).keys() - {"SHA256SUMS", "SHA256SUMS.sig"}
        key.public_key().verify((here / "SHA256SUMS.sig").read_bytes(),
                                (here / "SHA256SUMS").read_bytes())
    before = tree(tmp_path / "out")
    wait(clear(database_url, DAY, tmp_path / "again"))  # with the settings of the first
    assert tree(tmp_path / "again") == before


@pytest.mark.parametrize("content", [None, b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_signing_key_that_is_none_stops_before_anything(
        content: bytes | None, database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    settings = msgspec.structs.replace(load_settings(), release=Release(signing_key=str(path)))
    with pytest.raises(ClearingError, match=r"the signing key .* cannot be used"):
        wait(clear(database_url, DAY, tmp_path / "out", settings))
    assert sql(database_url, "SELECT FROM clearing_run") == []


@pytest.fixture
def careful() -> Settings:
    """Two people let files out."""
    return msgspec.structs.replace(load_settings(), release=Release(four_eyes=True))


def test_files_wait_for_a_second_person(careful: Settings, database_url: str,
                                        tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    out = tmp_path / "out"

    async def say(who: str | None, stream: str = "cash") -> None:
        connection = await connect(database_url)
        try:
            if who is not None:
                await approve(connection, RunId(DAY, stream), who)  # type: ignore[arg-type]
            await release_run(connection, RunId(DAY, stream), out)  # type: ignore[arg-type]
        finally:
            await connection.close()

    def started(who: str) -> Night:
        return wait(clear(database_url, DAY, out, careful, who=who))

    first = started("ann")
    assert [run.released for run in first.runs] == [False] * 3
    assert not any(folder(out, stream).exists() for stream in SHOWN)
    assert {row[0] for row in sql(database_url, "SELECT state FROM file_state")} == {"verified"}
    for who in ("ann", "ANN "):
        with pytest.raises(ClearingError, match="a second person has to approve it"):
            wait(say(who))
    with pytest.raises(ClearingError, match="waits for the approval of a second person"):
        wait(say(None))
    assert not any(folder(out, stream).exists() for stream in SHOWN)
    # Whoever starts it again has started it too.
    again = started("cid")
    assert again.digest == first.digest
    with pytest.raises(ClearingError, match="was started by cid"):
        wait(say("cid"))
    wait(say("bob"))
    assert folder(out, "cash").is_dir()
    assert not folder(out, "fuel").exists()
    with pytest.raises(ClearingError, match="was approved by bob"):
        wait(say("dan"))
    # A night that is repeated shows what was approved, and keeps the rest hidden.
    assert [run.released for run in started("ann").runs] == [False, True, False]
    wait(say("bob", "fuel"))
    wait(say("bob", "payments"))
    wait(clear(database_url, DAY, tmp_path / "other", careful, who="ann"))
    assert tree(tmp_path / "other") == tree(tmp_path / "out")


def test_what_is_not_verified_is_not_approved(careful: Settings, database_url: str,
                                              tmp_path: Path) -> None:
    """A night that died between posting and proof: nobody could know what the word is about."""
    wait(make_day(database_url, full_day()))

    def spoil(step: str) -> None:
        if step == "cash control":
            (tmp_path / f".{DAY}.cash.staging" / "cases.json").write_bytes(b"[1]")

    with pytest.raises(ClearingError, match=r"cases\.json"):
        wait(clear(database_url, DAY, tmp_path, careful, progress=spoil, streams=["cash"]))

    async def ask(release: bool) -> None:
        connection = await connect(database_url)
        try:
            if release:
                await release_run(connection, CASH, tmp_path)
            else:
                await approve(connection, CASH, "bob")
        finally:
            await connection.close()

    for release in (False, True):
        with pytest.raises(ClearingError, match="2026-07-23/cash/1 is not verified yet"):
            wait(ask(release))
    assert sql(database_url, "SELECT FROM run_person WHERE act = 'approved'") == []


def test_an_approval_of_other_files_lets_nothing_out(careful: Settings, database_url: str,
                                                     tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    sql(database_url, "INSERT INTO run_person (run_id, act, who, manifest_digest) "
                      "VALUES ($1, 'approved', 'bob', 'of-other-files')", str(CASH))
    night = wait(clear(database_url, DAY, tmp_path, careful, who="ann"))
    assert [run.released for run in night.runs] == [False] * 3
    assert not folder(tmp_path, "cash").exists()


@pytest.mark.parametrize("harm", ["changed", "manifest", "another", "gone", "folder"])
def test_what_was_approved_is_what_is_shown(harm: str, careful: Settings, database_url: str,
                                            tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path, careful, who="ann"))
    staging = tmp_path / f".{DAY}.cash.staging"
    victim = staging / "cases.json"
    if harm == "changed":
        victim.write_bytes(b"[]\n")
    elif harm == "manifest":
        (staging / "manifest.json").write_bytes(b"{}\n")
    elif harm == "another":
        (staging / "bank" / "deposits-EUR-2.xml").write_bytes(b"<Document/>")
    elif harm == "gone":
        victim.unlink()
    else:
        shutil.rmtree(staging)

    async def let_out() -> None:
        connection = await connect(database_url)
        try:
            with contextlib.suppress(ClearingError):
                await approve(connection, CASH, "bob")
            await release_run(connection, CASH, tmp_path)
        finally:
            await connection.close()

    with pytest.raises(ClearingError, match=r"is not what was verified|cannot be read|"
                                             "clear the day again"):
        wait(let_out())
    assert not folder(tmp_path, "cash").exists()
    # The mend: the day again, which writes the same and may show it now.
    night = wait(clear(database_url, DAY, tmp_path, careful, who="ann"))
    assert night.run("cash").released
    assert folder(tmp_path, "cash").is_dir()


_KILLED = """
import asyncio, os, signal, sys
from datetime import date
from pathlib import Path
from clearing import folder
from clearing.run import clear

url, out, where = sys.argv[1:]

def die(step):
    if step == where:
        os.kill(os.getpid(), signal.SIGKILL)

real_sync, calls = folder.sync_disk, []

def sync(path):
    calls.append(path)
    die(f"sync {len(calls)}")
    real_sync(path)

folder.sync_disk = sync
asyncio.run(clear(url, date(2026, 7, 23), Path(out), progress=die))
"""
# test_night_killed.py kills each step in its middle; this is about what is shown.
_PLACES = [*(f"{stream} {step}" for stream in STEPS for step in ("control", "release", "done")),
           "sync 1", "sync 2", "sync 5", "sync 6"]


def test_killed_about_each_rename(database_url: str, tmp_path: Path) -> None:
    """SIGKILL before and after each rename, one after the other on one day: whatever was shown is
    whole, and what comes at last is what a day has without deaths."""
    wait(make_day(database_url, full_day()))
    for where in _PLACES:
        died = subprocess.run([sys.executable, "-c", _KILLED, database_url, str(tmp_path / "out"),
                               where], capture_output=True, text=True, check=False)
        assert died.returncode == -9, (where, died.stderr)
        for stream in SHOWN:
            here = folder(tmp_path / "out", stream)
            if here.exists():
                subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"],
                               cwd=here, check=True)
    wait(clear(database_url, DAY, tmp_path / "out"))
    plain = wait(clear(database_url, DAY, tmp_path / "plain"))
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")
    assert len(plain.runs) == 3
    assert {row[0] for row in sql(database_url, "SELECT status FROM clearing_run")} == {"done"}
    twice = sql(database_url, "SELECT run_id, path FROM file_event GROUP BY 1, 2, state "
                              "HAVING count(*) > 1")
    assert twice == []


@pytest.fixture
def fill_disk() -> Iterator[Callable[[], None]]:
    """From its call on no file of this process gets large: by the kernel's own word."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


# While the engine lays out its tables; while files are written; when only the lists are left.
@pytest.mark.parametrize("step", ["fuel post", f"fuel {STEPS['fuel'][3]}", "fuel control"])
def test_a_disk_that_is_full_stops_the_run_in_words(
        step: str, fill_disk: Callable[[], None], database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(ClearingError, match=r"cannot be written: File too large "
                       r"\(\d+ KiB free in .*\); nothing of this run is shown"):
        wait(clear(database_url, DAY, tmp_path / "out",
                   progress=lambda told: fill_disk() if told == step else None))
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert not folder(tmp_path / "out", "fuel").exists()
    wait(clear(database_url, DAY, tmp_path / "out"))
    wait(clear(database_url, DAY, tmp_path / "plain"))
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")


@pytest.mark.parametrize("call", [1, 2])
def test_a_disk_that_fails_at_the_last_moment(call: int, database_url: str, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """What write() took may still be refused when it is to be on disk."""
    wait(make_day(database_url, full_day()))
    calls = []
    real = folders.sync_disk

    def full(path: Path) -> None:
        calls.append(path)
        if len(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        real(path)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "sync_disk", full)
        with pytest.raises(ClearingError, match="No space left on device"):
            wait(clear(database_url, DAY, tmp_path / "out"))
    status = sql(database_url, "SELECT status FROM clearing_run WHERE stream = 'fuel'")
    assert status[0][0] == "verified", "nobody was told that it is released"
    wait(clear(database_url, DAY, tmp_path / "out"))
    wait(clear(database_url, DAY, tmp_path / "plain"))
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")


def test_a_life_begins_with_the_night(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    night = wait(clear(database_url, DAY, tmp_path))
    events = sql(database_url, "SELECT path, array_agg(state ORDER BY event_id) FROM file_event "
                               "GROUP BY run_id, path")
    assert len(events) == len(night.files)
    assert all(row[1] == ["generated", "verified", "released"] for row in events)


def test_two_approvals_at_once(careful: Settings, database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path, careful, who="ann"))

    async def say(who: str) -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await approve(connection, CASH, who)
        finally:
            await connection.close()

    async def both() -> list[object]:
        return await asyncio.gather(*(say(who) for who in ("bob", "cid", "dan")),
                                    return_exceptions=True)

    assert sum(isinstance(one, ClearingError) for one in wait(both())) == 2


def test_the_manifest_digest_is_the_manifests(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    night = wait(clear(database_url, DAY, tmp_path))
    for run in night.runs:
        content = (folder(tmp_path, run.stream) / "manifest.json").read_bytes()
        assert hashlib.sha256(content).hexdigest() == run.digest

"""What a night is given and cannot use: it stops or parks exactly that, says so in words, and goes
on after the mend, as if nothing had been.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg
import pytest

from authhost import cli
from authhost.embedded import Servers
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.opening import open_engine
from clearing.engine.placements import place_day
from clearing.engine.ports import EngineError
from clearing.engine.stage import read_stage
from clearing.engine.tolerance import Matching
from clearing.errors import ClearingError
from clearing.run import clear
from tests.e2e.clearing_day import (
    BARE_FLEET,
    DAY,
    NEXT,
    Row,
    deposit,
    fuel,
    full_day,
    make_day,
    payment,
    sql,
    tree,
    wait,
)
from tests.e2e.test_invoices import enter_hole, invoices
from tests.support import pain002
from tests.support.chance_days import BEFORE, Chance
from tests.support.databases import fresh
from tests.support.own_books import more
from tests.support.statement import entry, statement, transaction

pytestmark = pytest.mark.invariant(11)

_ALWAYS_OTHER = {"cases.json", "manifest.json", "SHA256SUMS"}
_GOOD_PRICE = ("INSERT INTO price_contract (account_id, contract, version, currency, valid_from, "
               "lines, who) SELECT account_id, contract, 3, currency, valid_from, lines, who "
               "FROM price_contract WHERE version = 1")
_ADDRESS = "UPDATE account SET address = '{\"town\": \"Paris\", \"country\": \"FR\"}'"
_QUEUE = "SELECT reason, state FROM clearing_exception ORDER BY reason"


def holed(key: str, posted: int) -> Row:
    """A sale whose contract had no price for all that was sold."""
    return fuel(key, posted, flags="price_missing:012")


def good() -> list[Row]:
    return [fuel("sale", 1_200), deposit("cash", 5_000), *payment("pay", 1_999)]


def test_the_rest_of_a_night_is_as_without_what_is_bad(servers: Servers, database_url: str,
                                                       tmp_path: Path) -> None:
    """A price list with a hole, a fleet without an address: theirs waits, all else is the same."""
    wait(make_day(database_url, [*good(), holed("holed", 4_000),
                                 fuel("bare", 2_500, account_id=BARE_FLEET)]))
    enter_hole(database_url)
    night = wait(clear(database_url, DAY, tmp_path / "bad"))
    assert sorted((case.kind, case.reason, case.amount_minor) for case in night.cases) == [
        ("invoice", "address_incomplete", 2_500), ("invoice_line", "price_missing", 4_000)]
    with fresh(servers, "plain") as plain:
        wait(make_day(plain, good()))
        enter_hole(plain)  # nothing of this one was sold by it
        wait(clear(plain, DAY, tmp_path / "plain"))
    bad, without = tree(tmp_path / "bad"), tree(tmp_path / "plain")
    assert {path for path in bad.keys() | without.keys() if bad.get(path) != without.get(path)} == {
        f"{DAY}/fuel/{name}" for name in _ALWAYS_OTHER}
    # The mend: next night both are invoiced, whole, and nobody has anything left to do.
    sql(database_url, _ADDRESS)
    sql(database_url, _GOOD_PRICE)
    mended = wait(clear(database_url, NEXT, tmp_path / "bad"))
    assert mended.cases == ()
    assert sorted(rows[-1]["gross"] for rows in invoices(tmp_path / "bad", NEXT).values()) == [
        "25.00", "30.19"]  # 20.125 litres at 1.5
    assert sorted(map(tuple, sql(database_url, _QUEUE))) == [
        ("address_incomplete", "closed"), ("price_missing", "closed")]


@pytest.mark.parametrize(("content", "says"), [
    *((content, "is neither pain.002 nor camt.054")
      for content in (b"", b"\x00\xff\xfe", b"<Document")),
    (pain002.report("OTHER-OPERATOR-FILE", status="RJCT", code="AC04"), "is no file of ours"),
    (pain002.report("20260723-CASH-1-DEPOSITS-EUR", status="RJCT", code="AC04")[:-40], "no XML"),
])
def test_an_answer_that_nobody_can_use(content: bytes, says: str, database_url: str,
                                       tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is kept, and the next night is as if it had never come."""
    wait(make_day(database_url, good()))
    wait(clear(database_url, DAY, tmp_path / "out"))
    path = tmp_path / "answer.xml"
    path.write_bytes(content)
    assert cli.main(["answer", str(path), "--database-url", database_url]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"authhost: {path}"), said
    assert says in said, said
    kept = "SELECT FROM bank_answer UNION ALL SELECT FROM clearing_exception"
    assert sql(database_url, kept) == []
    # The bank sends it again, whole.
    path.write_bytes(pain002.report("20260723-CASH-1-DEPOSITS-EUR", status="RJCT", code="AC04"))
    assert cli.main(["answer", str(path), "--database-url", database_url]) == 0
    assert wait(clear(database_url, NEXT, tmp_path / "out")).balanced
    assert [tuple(row) for row in sql(database_url, _QUEUE)] == [("credit_rejected", "open")]


def test_a_statement_with_unknown_references(database_url: str, tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    """What is known is booked, what is not waits for a person; neither holds the night."""
    wait(make_day(database_url, good()))
    wait(clear(database_url, DAY, tmp_path / "out"))
    path = tmp_path / "statement.xml"
    path.write_bytes(statement([
        entry(-5_000, transaction("20260723-CASH-1-D0000001")),
        entry(-777, transaction("20260101-CASH-1-D0000009")),
        entry(-333, transaction("SOMEBODY-ELSES"))], opening=10_000, closing=3_890))
    assert cli.main(["statement", str(path), "--database-url", database_url]) == 0
    assert "2 unexpected" in capsys.readouterr().out
    cases = "SELECT amount_minor::int FROM cash_case WHERE kind = 'compare' ORDER BY amount_minor"
    assert [row[0] for row in sql(database_url, cases)] == [-777, -333]
    assert wait(clear(database_url, NEXT, tmp_path / "out")).balanced
    booked = ("SELECT amount_minor::int FROM ledger_entry WHERE code = '1000' AND run_id LIKE "
              "'2026-07-24%'")
    assert [row[0] for row in sql(database_url, booked)] == [-5_000]


def test_a_day_that_is_closed_already(database_url: str, tmp_path: Path,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    """It is made again and compared; what somebody brings into it is refused, in words."""
    wait(make_day(database_url, good()))
    command = ["clear", "--date", str(DAY), "--out", str(tmp_path), "--database-url", database_url]
    assert cli.main(command) == 0
    before = tree(tmp_path)
    capsys.readouterr()
    assert cli.main(command) == 0
    assert "fuel of 2026-07-23 was cleared before" in capsys.readouterr().err
    assert tree(tmp_path) == before
    runs = "SELECT count(*)::int FROM clearing_run"
    assert sql(database_url, runs)[0][0] == 3
    with pytest.raises(asyncpg.CheckViolationError, match="fuel of 2026-07-23 is closed: late"):
        more(database_url, [fuel("late", 1)])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 8 KiB left: full when it is full, by nobody's pretence."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nobody may mount here: {mounted.stderr.strip()}")
    try:
        (place / "ballast").write_bytes(bytes(shutil.disk_usage(place).free - 8_192))
        yield place
    finally:
        # Lazily: what the night has opened there may be let go of a moment later.
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("where", ["files", "stage"])
def test_a_disk_that_is_full(where: str, small_disk: Path, servers: Servers, database_url: str,
                             tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the files, or of the engine's tables; what was there goes, and the same night goes on."""
    wait(make_day(database_url, full_day()))
    with monkeypatch.context() as patch:
        if where == "stage":
            patch.setattr(tempfile, "tempdir", str(small_disk))
        out = small_disk / "out" if where == "files" else tmp_path / "out"
        with pytest.raises(ClearingError, match=r"cannot be written: No space left on device "
                           r"\(\d+ KiB free in .*\); nothing of this run is shown"):
            wait(clear(database_url, DAY, out, streams=["cash"]))
        assert not (out / str(DAY)).exists()
        (small_disk / "ballast").unlink()
        wait(clear(database_url, DAY, out, streams=["cash"]))
    with fresh(servers, "plain") as plain:
        wait(make_day(plain, full_day()))
        wait(clear(plain, DAY, tmp_path / "plain", streams=["cash"]))
    assert tree(out) == tree(tmp_path / "plain")


def test_an_engine_that_cannot_spill_says_so(servers: Servers, tmp_path: Path) -> None:
    """What is beyond its memory goes to the disk, which takes nothing; then it does."""
    before, today = Chance(Random(3)).days(3_000)
    with fresh(servers, "spill") as url:
        wait(make_day(url, [*before, *today], BEFORE))
        stage = read_stage(url, DAY, "fuel", tmp_path / "stage")
    with open_engine(None, stage) as engine:
        expected = place_day(engine, Matching()).read_all().num_rows
    spill = tmp_path / "spill"
    spill.mkdir()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with OnDuckDB(spill, memory_mib=4) as engine:
        for name, path in stage.tables().items():
            engine.table(name, path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, limit[1]))
        try:
            with pytest.raises(EngineError, match="duckdb: "):
                place_day(engine, Matching()).read_all()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    with open_engine(None, stage) as engine:
        assert place_day(engine, Matching()).read_all().num_rows == expected > 0


@pytest.mark.parametrize("table", ["placement", "clearing_credit", "clearing_file"])
def test_a_database_that_has_no_room(table: str, servers: Servers, database_url: str,
                                     tmp_path: Path) -> None:
    """PostgreSQL's own word for it (SQLSTATE 53100), at what a night writes early and late."""
    wait(make_day(database_url, full_day()))
    sql(database_url, "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                      "RAISE EXCEPTION 'could not extend file: No space left on device' "
                      "USING ERRCODE = 'disk_full'; END $$")
    sql(database_url, f"CREATE TRIGGER no_room BEFORE INSERT ON {table} "
                      "FOR EACH STATEMENT EXECUTE FUNCTION no_room()")
    with pytest.raises(ClearingError, match=r"2026-07-23, cash: the database has no room: .*; what "
                                            r"was begun is taken back, and it goes on when"):
        wait(clear(database_url, DAY, tmp_path / "out", streams=["cash"]))
    assert not (tmp_path / "out" / str(DAY)).exists()
    assert sql(database_url, "SELECT FROM clearing_file") == []
    sql(database_url, f"DROP TRIGGER no_room ON {table}")
    wait(clear(database_url, DAY, tmp_path / "out", streams=["cash"]))
    with fresh(servers, "plain") as plain:
        wait(make_day(plain, full_day()))
        wait(clear(plain, DAY, tmp_path / "plain", streams=["cash"]))
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")


def test_a_day_of_before_the_first_and_one_to_come(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, good()))
    with pytest.raises(ClearingError, match="2026-07-24 is still to come: the open business date"):
        wait(clear(database_url, NEXT, tmp_path))
    assert sql(database_url, "SELECT FROM closed_day") == []
    assert wait(clear(database_url, DAY, tmp_path)).balanced
    assert wait(clear(database_url, DAY + timedelta(1), tmp_path)).balanced

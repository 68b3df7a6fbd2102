"""A night that is tried out, and one that is gone on with, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from authhost.cli import main
from authhost.streams import STREAMS
from clearing.days.closing import close_day
from clearing.errors import ClearingError
from clearing.queries import connect
from clearing.run import STEPS, clear
from tests.e2e.clearing_day import DAY, NEXT, fuel, full_day, insert, make_day, sql, tree, wait

pytestmark = pytest.mark.invariant(11)

KEPT = ("clearing_run", "placement", "ledger_transfer", "clearing_credit", "clearing_file",
        "closed_day", "clearing_exception", "file_event", "invoice", "merchant_settlement")


def counts(database_url: str) -> dict[str, int]:
    """Rows of what a night writes."""
    return {table: sql(database_url, f"SELECT count(*) FROM {table}")[0][0] for table in KEPT}


def ask(database_url: str, out: Path, *more: str) -> Sequence[str]:
    """The command line of a night."""
    return ["clear", "--date", str(DAY), "--out", str(out), "--database-url", database_url, *more]


def test_a_trial_comes_to_what_the_night_comes_to_and_leaves_nothing(database_url: str,
                                                                     tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    before = counts(database_url)
    tried = wait(clear(database_url, DAY, tmp_path / "aside", dry_run=True))
    assert counts(database_url) == before
    assert sql(database_url, "SELECT DISTINCT business_date FROM business_day")[0][0] == DAY
    assert not [path for path in (tmp_path / "aside").iterdir() if path.name[0] != "."]
    night = wait(clear(database_url, DAY, tmp_path / "out"))
    assert [run.digest for run in tried.runs] == [run.digest for run in night.runs]
    assert tried.files == night.files
    assert not any(run.released for run in tried.runs)
    assert all(run.released for run in night.runs)


def test_a_trial_holds_up_nobody_and_sees_one_moment(database_url: str, tmp_path: Path) -> None:
    """Rows come meanwhile, under the date that is tried; none of them is in it, none waits."""
    wait(make_day(database_url, full_day()))
    told: list[str] = []
    longest = 0.0

    async def run() -> int:
        nonlocal longest
        writer = await connect(database_url)
        trial = asyncio.create_task(clear(database_url, DAY, tmp_path, dry_run=True,
                                          progress=told.append))
        written = 0
        while not trial.done():
            begun = time.perf_counter()
            async with writer.transaction():
                await writer.fetchrow("SELECT version FROM rules FOR SHARE")
                await insert(writer, [fuel(f"meanwhile-{written}", 100)])
            longest = max(longest, time.perf_counter() - begun)
            written += 1
            await asyncio.sleep(0.01)
        assert (await trial).balanced
        await writer.close()
        return written
    assert wait(run()) > 3
    assert longest < 1
    assert told == [f"{stream} {step}" for stream in STREAMS for step in (*STEPS[stream], "done")]


def test_what_was_changed_under_a_trial_is_said(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))

    def meddle(step: str) -> None:
        """A bank's answer comes after the trial has begun to look."""
        if step == "cash close":
            other = threading.Thread(target=sql, args=(
                database_url, "UPDATE deposit SET next_at = now() WHERE key = 'deposit-1'"))
            other.start()
            other.join()

    before = counts(database_url)
    with pytest.raises(ClearingError, match="was changed meanwhile: try again"):
        wait(clear(database_url, DAY, tmp_path, dry_run=True, progress=meddle))
    assert counts(database_url) == before
    assert wait(clear(database_url, DAY, tmp_path, dry_run=True)).balanced


def test_a_day_still_to_come_is_not_tried(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, []))
    with pytest.raises(ClearingError, match="still to come"):
        wait(clear(database_url, NEXT, tmp_path, dry_run=True))


def test_the_command_line_of_a_trial(database_url: str, tmp_path: Path,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, full_day()))
    assert main(ask(database_url, tmp_path / "out", "--dry-run")) == 0
    said = capsys.readouterr()
    assert "nothing is closed, posted or released" in said.out
    assert "balanced: True" in said.out
    assert f"fuel read: {len([1 for row in full_day() if row['stream'] == 'fuel'])} in" in said.err
    assert not (tmp_path / "out").exists()
    assert main(ask(database_url, tmp_path, "--dry-run", "--resume")) == 2
    assert "do not go together" in capsys.readouterr().err


def test_one_stream_and_what_was_begun(database_url: str, tmp_path: Path,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, full_day()))
    assert main(ask(database_url, tmp_path, "--resume")) == 1
    assert "fuel of 2026-07-23 was never begun" in capsys.readouterr().err
    assert main(ask(database_url, tmp_path, "--stream", "cash", "--list")) == 0
    assert "safes/EUR.csv" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / str(DAY)).iterdir()} == {"cash"}
    assert sql(database_url, "SELECT fuel_date, cash_date FROM rules")[0][:] == (DAY, NEXT)
    released = tree(tmp_path)
    assert main(ask(database_url, tmp_path, "--stream", "cash", "--resume")) == 0
    assert "was cleared before" in capsys.readouterr().err
    assert tree(tmp_path) == released
    assert main(ask(database_url, tmp_path, "--stream", "cash", "--dry-run")) == 1
    assert "there is nothing to try" in capsys.readouterr().err


def test_a_night_that_was_only_begun_is_gone_on_with(database_url: str, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, full_day()))

    async def begin() -> None:
        connection = await connect(database_url)
        await close_day(connection, DAY, "payments", "a host that died")
        await connection.close()
    wait(begin())
    assert main(ask(database_url, tmp_path, "--stream", "payments", "--resume")) == 0
    assert "balanced: True" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "said"), [
    (("--stream", "gas"), "invalid choice: 'gas'"), (("--date", "2026-07-32"), "is no date like")])
def test_what_is_no_night_is_said(tmp_path: Path, more: tuple[str, ...], said: str,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(ask("postgresql://nowhere", tmp_path, *more))
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [
    (None, "No such file or directory"), ("{", "clearing settings"), ("{}", "debtors"),
    ('{"debtors": {}, "colour": 1}', "colour")])
def test_settings_that_are_none(database_url: str, tmp_path: Path, content: str | None, said: str,
                                capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, []))
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_text(content)
    assert main(ask(database_url, tmp_path, "--settings", str(path))) == 1
    assert said in capsys.readouterr().err
    assert counts(database_url)["closed_day"] == 0


def test_schedules_from_the_command_line(database_url: str,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, []))
    url = ("--database-url", database_url)
    assert main(["days", "cash", "--cut-off", "18:30", "--time-zone", "Europe/Ljubljana",
                 "--calendar", "weekdays", "--bank-calendar", "TARGET+SI", *url]) == 0
    assert capsys.readouterr().out.strip() == (
        "cash      2026-07-23 open until 2026-07-23 16:30 UTC (18:30 Europe/Ljubljana), "
        "days weekdays, banks TARGET+SI")
    assert main(["days", *url]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert "cash" in sql(database_url, "SELECT what FROM audit")[0]["what"]
    for wrong, said in (("--time-zone", "no time zone"), ("--calendar", "calendar"),
                        ("--bank-calendar", "calendar")):
        assert main(["days", "fuel", wrong, "Nowhere/At-All", *url]) == 1
        assert said in capsys.readouterr().err
    assert main(["days", "--cut-off", "18:30", *url]) == 2
    assert "which stream" in capsys.readouterr().err
    assert len(sql(database_url, "SELECT FROM audit")) == 1

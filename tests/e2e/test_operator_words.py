"""What an operator reads when a command cannot be done: what is wrong and where, and an exit code
that tells wrong arguments (2) from a refusal (1)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from authhost.cli import main
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, wait

NOWHERE = ("--database-url", "postgresql://nobody@127.0.0.1:1/authhost")


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("clear", "--date", str(DAY), *NOWHERE), 1, "a server does not answer"),
    (("clear", "--date", str(DAY), "--database-url", "nonsense"), 2,
     "--database-url: expected postgresql://user@host/database"),
    (("ledger", "--database-url", "postgresql://host:port/x"), 2,
     "--database-url: its port is none: expected postgresql://user@host/database"),
    (("files", "--data-dir", "/nowhere"), 1, "no `authhost up` has left /nowhere/urls.json"),
    (("clear", "--date", str(DAY), "--engine", "abacus", *NOWHERE), 2,
     "--engine: abacus is no engine: duckdb, spark://host:port or postgresql://..."),
    (("invoices", "--from", "2026-07-02", "--until", "2026-07-01", *NOWHERE), 2,
     "--from 2026-07-02 is after --until 2026-07-01"),
    (("answer", "/nowhere.xml", *NOWHERE), 1, "/nowhere.xml: No such file or directory"),
    (("up", "--data-dir", "/nowhere", "--nights", "--nights-settings", "/none.json"), 1,
     "/none.json: No such file or directory"),
    (("up", "--data-dir", "/nowhere", "--nights-settings", "x"), 2, "without --nights"),
])
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], code: int, said: str,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.startswith("authhost: ")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(("arguments", "said"), [
    (("ledger", "--up-to", "July"), "'July' is no date like 2026-07-23"),
    (("ledger", "--known-at", "noon"), "'noon' is no instant like"),
    (("files", "--from", "x"), "'x' is no date like"),
    (("invoices", "--ask", "x"), "'x' is no date like"),
    (("days", "cash", "--cut-off", "22:00:30"), "'22:00:30' is no time like 22:00"),
])
def test_what_is_typed_wrong_is_said(arguments: tuple[str, ...], said: str,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("url", [
    "postgresql+asyncpg://u:secret@db/x", "mysql://u:secret@db/x", "u:secret@db/x", "secret",
    "postgresql://u:secret@db:port/x", "postgresql://u:se/cret@db/x", "postgresql://[secret/x"])
def test_a_password_in_a_url_is_not_said_again(url: str,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "--database-url", url]) == 2
    shown = capsys.readouterr().err
    assert "--database-url: " in shown
    assert "cret" not in shown
    assert ("+asyncpg" in shown) == ("+asyncpg" in url)


def test_a_day_that_never_was_is_not_cleared(database_url: str, tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, []))
    before = DAY - timedelta(days=1)
    assert main(["clear", "--date", str(before), "--out", str(tmp_path), "--database-url",
                 database_url]) == 1
    assert f"{before} was never a business date of fuel" in capsys.readouterr().err
    assert sql(database_url, "SELECT FROM clearing_run") == []
    assert not list(tmp_path.iterdir())


def test_where_there_is_nothing_a_command_says_so(database_url: str,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, full_day()))
    url = ("--database-url", database_url)
    for arguments, said in (
            (("exceptions",), "no exceptions"), (("files",), "no such files"),
            (("deliver",), "no route of delivery is active"), (("ledger",), "nothing is booked"),
            (("invoices",), "nothing is invoiced, and nothing is open")):
        assert main([*arguments, *url]) == 0
        assert capsys.readouterr().out == f"{said}\n"
    for arguments in (("release", "2026-07-23/fuel/1"), ("files", "--run", "2026-07-23/fuel/1"),
                      ("release", "2026-07-23/fuel/1", "--approve")):
        assert main([*arguments, *url]) == 1
        assert "there is no run 2026-07-23/fuel/1" in capsys.readouterr().err

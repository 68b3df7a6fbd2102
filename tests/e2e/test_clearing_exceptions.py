"""The queue of exceptions: opened once, worked by people, decided by two where money moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from authhost import cli
from authhost.admin.access import Actor
from authhost.admin.bank_answers import tell_answer
from authhost.admin.clearing_exceptions import (
    Assigned,
    ClearingExceptions,
    Noted,
    Settled,
    Suggested,
    Wanted,
)
from authhost.admin.exception_watch import ExceptionWatch
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Moved, Unknown
from authhost.metrics import Metrics
from clearing.answers import facts
from clearing.exceptions import close_explained, open_exception, ways
from clearing.queries import connect
from clearing.run import clear
from tests.e2e.clearing_day import DAY, deposit, make_day, sql, wait
from tests.support import pain002

ANNA, BERT = Actor("anna", "administrator", 1), Actor("bert", "administrator", 2)
ANALYST, BANK = Actor("nora", "analyst", 3), Actor("bank", "bank", 4, bank_id="B1")
T = TypeVar("T")


def opened(database_url: str, reason: str = "credit_returned", subject: str = "E1",
           **more: Any) -> int:
    async def run() -> int:
        connection = await connect(database_url)
        try:
            return await open_exception(
                connection, stream=more.get("stream", "cash"), reason=reason,
                subject_kind="credit", subject=subject, currency="EUR", amount_minor=1_000,
                content={"reason": "AC04"})
        finally:
            await connection.close()

    return wait(run())


def desk(database_url: str, work: Callable[[ClearingExceptions], Awaitable[T]]) -> T:
    async def run() -> T:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
            return await work(ClearingExceptions(pool))

    return wait(run())


def test_the_same_thing_is_said_once_while_it_is_open(database_url: str) -> None:
    first = opened(database_url)
    assert opened(database_url) == first
    assert opened(database_url, subject="E2") != first

    async def explain() -> None:
        connection = await connect(database_url)
        await close_explained(connection, reason="credit_returned", subject_kind="credit",
                              subjects=["E1", "E3"], why="it came")
        await connection.close()

    wait(explain())
    assert opened(database_url) not in {first}
    events = sql(database_url, "SELECT event FROM exception_change WHERE exception_id = $1 "
                               "ORDER BY change_id", first)
    assert [row[0] for row in events] == ["opened", "closed"]


def test_it_is_found_by_what_it_is(database_url: str) -> None:
    number = opened(database_url)
    opened(database_url, "file_unanswered", "F1", stream="fuel")
    desk(database_url, lambda queue: queue.assign(ANNA, number, Assigned(owner="anna")))

    def found(**wanted: Any) -> list[str]:
        rows, _ = desk(database_url, lambda queue: queue.listed(ANALYST, Wanted(**wanted), "", 10))
        return [row["subject"] for row in rows]

    assert found() == ["F1", "E1"]
    assert found(stream="cash") == found(reason="credit_returned") == ["E1"]
    assert found(owner="anna") == found(state="assigned") == ["E1"]
    assert found(state="closed") == []
    now = datetime.now(UTC)
    assert found(before=now + timedelta(minutes=1)) == ["F1", "E1"]
    assert found(before=now - timedelta(days=1)) == []
    page, following = desk(database_url, lambda queue: queue.listed(ANNA, Wanted(), "", 1))
    assert [row["subject"] for row in page] == ["F1"]
    assert following is not None
    rest, _ = desk(database_url, lambda queue: queue.listed(ANNA, Wanted(), following, 1))
    assert [row["subject"] for row in rest] == ["E1"]


def test_what_moves_money_takes_two(database_url: str) -> None:
    number = opened(database_url)
    wanted = Suggested(decision="retry", note="the account is mended")
    row = desk(database_url, lambda queue: queue.propose(ANNA, number, wanted))
    assert (row["state"], row["decision"], row["proposed_by"]) == ("proposed", "retry", "anna")
    assert sql(database_url, "SELECT FROM exception_decision") == []
    settled = Settled(approve=True, decision="retry")
    with pytest.raises(Forbidden, match="who proposes does not decide"):
        desk(database_url, lambda queue: queue.decide(ANNA, number, settled))
    with pytest.raises(Moved, match="what is proposed is retry"):
        desk(database_url, lambda queue: queue.decide(
            BERT, number, Settled(approve=True, decision="write_off")))
    row = desk(database_url, lambda queue: queue.decide(BERT, number, settled))
    assert (row["state"], row["decided_by"]) == ("decided", "bert")
    again = desk(database_url, lambda queue: queue.decide(BERT, number, settled))
    assert again["changes"] == row["changes"], "told again, done once"
    assert [change["event"] for change in row["changes"]] == [
        "opened", "proposed retry", "decided retry"]
    decided = sql(database_url, "SELECT decision, decided_by, done_by FROM exception_decision")
    assert [tuple(one) for one in decided] == [("retry", "bert", "")]
    assert sql(database_url, "SELECT count(*)::int FROM audit WHERE subject = $1",
               f"clearing_exception/{number}")[0][0] == 2
    with pytest.raises(Conflict, match="it is decided"):
        desk(database_url, lambda queue: queue.note(ANNA, number, Noted(note="late")))


def test_one_of_two_who_has_let_the_other_in_does_not_count(database_url: str) -> None:
    number = opened(database_url)
    sql(database_url, "INSERT INTO access (name, role, token_hash, expires_at, created_by) "
                      "VALUES ('bert', 'administrator', sha256('x'), 'infinity', 'anna')")
    desk(database_url, lambda queue: queue.propose(
        ANNA, number, Suggested(decision="write_off", note="gone")))
    with pytest.raises(Forbidden, match="a third decides"):
        desk(database_url, lambda queue: queue.decide(
            BERT, number, Settled(approve=True, decision="write_off")))


def test_what_is_sent_back_is_open_again(database_url: str) -> None:
    number = opened(database_url)
    desk(database_url, lambda queue: queue.assign(ANNA, number, Assigned(owner="carl")))
    desk(database_url, lambda queue: queue.propose(
        ANNA, number, Suggested(decision="write_off", note="gone")))
    row = desk(database_url, lambda queue: queue.decide(
        BERT, number, Settled(approve=False, decision="write_off", note="ask him first")))
    assert (row["state"], row["decision"], row["owner"]) == ("assigned", "", "carl")
    row = desk(database_url, lambda queue: queue.note(BERT, number, Noted(note="he mends it")))
    assert row["changes"][-1]["note"] == "he mends it"


def test_what_moves_nothing_is_done_by_one(database_url: str) -> None:
    number = opened(database_url, "file_unanswered", "F1")
    row = desk(database_url, lambda queue: queue.propose(
        ANNA, number, Suggested(decision="accept", note="told by telephone")))
    assert (row["state"], row["decided_by"]) == ("closed", "anna")
    other = opened(database_url, "file_unanswered", "F2")
    with pytest.raises(Invalid, match="of this one: accept"):
        desk(database_url, lambda queue: queue.propose(
            ANNA, other, Suggested(decision="retry", note="?")))


def test_who_may(database_url: str) -> None:
    number = opened(database_url)
    for actor in (ANALYST, BANK):
        with pytest.raises(Forbidden):
            desk(database_url, lambda queue, who=actor: queue.note(  # type: ignore[misc]
                who, number, Noted(note="x")))
    with pytest.raises(Forbidden):
        desk(database_url, lambda queue: queue.read(BANK, number))
    for missing in (None, 10**6):
        with pytest.raises(Unknown):
            desk(database_url, lambda queue, one=missing: queue.read(  # type: ignore[misc]
                ANNA, one))


def test_an_unknown_reason_may_come_to_anything_by_two() -> None:
    assert all(way.moves_money for way in ways("never heard of").values())
    assert set(ways("file_unanswered")) == {"accept"}


@pytest.mark.parametrize("statement", [
    "DELETE FROM clearing_exception", "UPDATE exception_change SET note = 'x'",
    "TRUNCATE exception_change", "DELETE FROM exception_decision", "DELETE FROM bank_answer",
    "DELETE FROM bank_fact"])
def test_what_was_said_stays(statement: str, database_url: str) -> None:
    opened(database_url)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        sql(database_url, statement)


def test_prometheus_is_told_how_many_and_how_old(database_url: str) -> None:
    opened(database_url)
    opened(database_url, subject="E2")
    metrics = Metrics()

    async def run() -> None:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
            watch = ExceptionWatch(pool)
            watch.watch(metrics)
            await watch.look()

    asyncio.run(run())
    text = metrics.text().decode()
    assert 'authhost_clearing_exceptions{reason="credit_returned"} 2.0' in text
    assert 'authhost_clearing_exception_oldest_seconds{reason="credit_returned"}' in text


def test_an_answer_that_dies_half_way_stores_nothing(
        database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait(make_day(database_url, [deposit("one", 1_000)]))
    wait(clear(database_url, DAY, tmp_path))
    report = pain002.report("20260723-CASH-1-DEPOSITS-EUR", status="RJCT", code="AC04")

    async def die(*_: object, **__: object) -> int:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(facts, "open_exception", die)
        with pytest.raises(ConnectionResetError):
            wait(tell_answer(database_url, report))
    for table in ("bank_answer", "bank_fact", "clearing_again", "clearing_exception"):
        assert sql(database_url, f"SELECT FROM {table}") == [], table
    assert wait(tell_answer(database_url, report))[0].outcomes == {"RJCT": 1}


def test_the_commands(database_url: str, tmp_path: Path,
                      capsys: pytest.CaptureFixture[str]) -> None:
    wait(make_day(database_url, [deposit("one", 1_000)]))
    wait(clear(database_url, DAY, tmp_path))
    file = tmp_path / "answer.xml"
    file.write_bytes(pain002.report("20260723-CASH-1-DEPOSITS-EUR", status="RJCT", code="AC04"))
    assert cli.main(["answer", str(file), "--database-url", database_url]) == 0
    assert "BANK-1 about 20260723-CASH-1-DEPOSITS-EUR: 1 RJCT" in capsys.readouterr().out
    assert cli.main(["answer", str(file), "--database-url", database_url]) == 0
    assert "told before" in capsys.readouterr().out
    assert cli.main(["exceptions", "--database-url", database_url, "--stream", "cash"]) == 0
    assert "credit_rejected" in capsys.readouterr().out
    assert cli.main(["exceptions", "--database-url", database_url, "--json", "--reason", "x"]) == 0
    assert capsys.readouterr().out.strip() == "[]"
    file.write_bytes(b"<x/>")
    assert cli.main(["answer", str(file), "--database-url", database_url]) == 1
    assert "is neither pain.002 nor camt.054" in capsys.readouterr().err

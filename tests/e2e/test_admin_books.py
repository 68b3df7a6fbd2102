"""The books and the days that they are kept by, through the admin API: who reads and changes them,
what is told, and that each change is audited."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from authhost.admin.access import operator
from authhost.admin.books import Books, Proof
from authhost.admin.refusals import Conflict
from clearing.ledger import AccountBalance
from clearing.run import clear
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, wait
from tests.support.portfolio import DAY as OPEN_DAY
from tests.support.rig import running

ANN = operator("ann")
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


def test_schedules_are_told_with_the_day_that_is_open(boss):
    rows = boss.get("/day-schedules").json()["data"]
    assert [row["stream"] for row in rows] == ["fuel", "cash", "payments"]
    assert {(row["business_date"], tuple(row["not_cleared"])) for row in rows} == {
        (OPEN_DAY.isoformat(), ())}
    fuel = boss.get("/day-schedules/fuel").json()
    assert fuel == {"stream": "fuel", "time_zone": "UTC", "cut_off": "00:00",
                    "calendar": "every_day", "bank_calendar": "TARGET"}
    assert boss.get("/day-schedules/gas").status_code == 404


def test_a_schedule_is_changed_once_and_audited(rig, boss, office):
    tag = boss.get("/day-schedules/cash").headers["ETag"]
    changed = boss.patch("/day-schedules/cash", {
        "cut_off": "18:30", "time_zone": "Europe/Ljubljana", "bank_calendar": "TARGET+SI"}, tag)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {"stream": "cash", "time_zone": "Europe/Ljubljana",
                              "cut_off": "18:30", "calendar": "every_day",
                              "bank_calendar": "TARGET+SI"}
    cash, = (row for row in boss.get("/day-schedules").json()["data"] if row["stream"] == "cash")
    assert cash["ends_at"] == f"{OPEN_DAY}T16:30:00Z"  # summer time
    # Who has read it before, and who names nothing, changes nothing.
    assert boss.patch("/day-schedules/cash", {"cut_off": "19:00"}, tag).status_code == 412
    assert boss.patch("/day-schedules/cash", {"cut_off": "19:00"}, "").status_code == 428
    for wrong, where in (({"cut_off": "24:00"}, "cut_off"), ({"calendar": "XX"}, "calendar"),
                         ({"bank_calendar": "TARGET+"}, "bank_calendar"),
                         ({"time_zone": "Mars/Phobos"}, "time_zone"), ({"colour": 1}, ""),
                         ({}, "")):
        answer = boss.patch("/day-schedules/cash", wrong, "*")
        assert (answer.status_code, answer.json()["where"]) == (422, where), answer.text
    analyst = office.person("analyst")
    assert analyst.get("/day-schedules").status_code == 200
    assert analyst.patch("/day-schedules/cash", {"cut_off": "19:00"}, "*").status_code == 403
    # The same again moves nothing, and says nothing.
    assert boss.patch("/day-schedules/cash", {"cut_off": "18:30"}, "*").status_code == 200
    entry, = rig.sql("SELECT role, what, change::text FROM audit WHERE subject = $1",
                     "day_schedule/cash")
    assert entry["role"] == "administrator"
    assert '"cut_off" : ["00:00:00", "18:30:00"]' in entry["change"]
    assert "calendar" not in entry["change"].replace("bank_calendar", "")


def test_the_books_are_asked_for_by_query(boss, office):
    for path in ("/trial-balance", "/ledger-verification"):
        assert boss.get(path, known_at="2026-07-23T06:00:00Z").status_code == 200
        assert boss.get(path, known_at="yesterday").json()["where"] == "known_at"
        assert boss.get(path, colour="red").status_code == 422
        assert office.person("monitoring").get(path).status_code == 403
    assert boss.get("/trial-balance", up_to="2026-07-32").json()["where"] == "up_to"
    assert boss.get("/ledger-verification").json() == {
        "sound": True, "said": "", "runs": 0, "last_run_id": "", "chain_digest": ""}


def asked(database_url: str, name: str, *values: Any) -> Any:
    """What the room says, over a pool of its own."""
    async def run() -> Any:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
            return await getattr(Books(pool), name)(ANN, *values)
    return wait(run())


def test_the_balance_and_its_proof(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    wait(clear(database_url, DAY, tmp_path))
    balances: tuple[AccountBalance, ...] = asked(database_url, "balance", None, None)
    assert {one.code for one in balances} >= {"1100", "1200", "2200"}
    for currency in {one.currency for one in balances}:
        assert not sum(one.balance_minor for one in balances if one.currency == currency)
    assert asked(database_url, "balance", BEFORE, None) == ()
    proof: Proof = asked(database_url, "proved", None)
    [last] = sql(database_url, "SELECT run_id, chain_digest FROM clearing_run ORDER BY chain_no "
                 "DESC LIMIT 1")
    assert proof == Proof(sound=True, runs=3, last_run_id=last["run_id"],
                          chain_digest=last["chain_digest"])
    assert asked(database_url, "proved", BEFORE) == Proof(sound=True)
    sql(database_url, "ALTER TABLE ledger_transfer DISABLE TRIGGER USER")
    sql(database_url, "UPDATE ledger_transfer SET amount_minor = amount_minor + 1000 "
        "WHERE credit = '1300'")
    found: Proof = asked(database_url, "proved", None)
    assert not found.sound
    assert "what is booked is not what was booked" in found.said
    assert asked(database_url, "proved", BEFORE).sound


def test_one_proof_at_a_time(database_url: str) -> None:
    wait(make_day(database_url, []))

    async def both() -> list[Any]:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
            books = Books(pool)
            return await asyncio.gather(books.proved(ANN, None), books.proved(ANN, None),
                                        return_exceptions=True)
    first, second = wait(both())
    assert first.sound
    assert isinstance(second, Conflict)

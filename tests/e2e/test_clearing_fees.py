"""Fees of safes: charged once, by the client's period, netted or invoiced, and shown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.fee_statement import FeeStatement
from clearing.run import clear
from tests.e2e.clearing_day import CLIENT, DAY, NEXT, Row, deposit, make_day, sql, tree, wait
from tests.e2e.test_clearing import clear_next_day, sums
from tests.e2e.test_clearing_deposits import balances, paid, scene

pytestmark = pytest.mark.invariant(11)

NOTES = {"denominations": [{"value_minor": 5_000, "count": 40, "kind": "note"}]}


def statements(folder: Path) -> list[FeeStatement]:
    return [msgspec.json.decode(path.read_bytes(), type=FeeStatement)
            for path in sorted((folder / "cash" / "fees").glob("*.json"))]


def lines(statement: FeeStatement) -> dict[str, tuple[int, int]]:
    """(quantity, minor units) by kind."""
    return {line.kind: (line.quantity, line.amount_minor) for line in statement.lines}


def make(database_url: str, rows: list[Row], open_date: date = DAY) -> None:
    wait(make_day(database_url, rows, open_date))
    wait(scene(database_url))


def counted(database_url: str, day: int = 23) -> None:
    """The stay of the scene is settled: picked up, counted at noon of a day of July."""
    sql(database_url, "UPDATE cassette_stay SET state = 'settled', closed_at = $1, counted_at = $1",
        datetime(2026, 7, day, 12, tzinfo=UTC))


def test_a_days_fees_are_taken_off_the_next_credit(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("one", 200_000, detail=NOTES), deposit("two", 100_000)])
    summary = wait(clear(database_url, DAY, tmp_path))
    statement, = statements(tmp_path / "2026-07-23")
    assert lines(statement) == {"deposit": (2, 60), "note": (40, 10), "percent": (300_000, 300)}
    assert (statement.fees_minor, statement.vat_minor, statement.gross_minor) == (370, 74, 444)
    assert (statement.settle, statement.period_from, statement.period_to) == (
        "net", "2026-07-23", "2026-07-23")
    assert sums(summary)["fee_json", "EUR"] == sums(summary)["fee_html", "EUR"] == 444
    assert paid(tmp_path / "2026-07-23") == {"20260723-CASH-1-D0000001": "2995.56"}
    assert balances(database_url) == {"1200": 300_000, "1300": -299_556, "2700": -74,
                                      "4100": -370}
    page = (tmp_path / "2026-07-23" / "cash" / "fees" / f"{statement.number}.html").read_text()
    assert "Taken off your next credit" in page
    assert re.search(r'number">0\.0025</td>', page)
    wait(clear(database_url, DAY, tmp_path / "again"))
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")


def test_an_invoice_is_owed(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("one", 200_000)])
    sql(database_url, "UPDATE account SET posting = '{\"fees\": \"invoice\"}'")
    wait(clear(database_url, DAY, tmp_path))
    statement, = statements(tmp_path / "2026-07-23")
    assert (statement.settle, statement.gross_minor, statement.seller.iban) == (
        "invoice", 276, "DE89370400440532013000")
    assert paid(tmp_path / "2026-07-23") == {"20260723-CASH-1-D0000001": "2000.00"}
    assert balances(database_url) == {"1200": 200_000, "1300": -200_000, "1500": 276,
                                      "2700": -46, "4100": -230}


def test_fees_without_a_credit_are_carried(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("kept", 200_000, flags="withheld:suspects")])
    case = wait(clear(database_url, DAY, tmp_path)).cases[0]
    assert (case.amount_minor, case.reason) == (-276, "carried_over")
    rows = [deposit("new", 100_000, business_date=NEXT)]
    summary = wait(clear_next_day(database_url, rows, tmp_path))
    assert sums(summary)["deposit_credit_xml", "EUR"] == 100_000 - 276 - 156


@pytest.mark.parametrize(("billing", "days"), [("weekly", 4), ("monthly", 9)])
def test_a_period_has_one_statement(billing: str, days: int, database_url: str,
                                    tmp_path: Path) -> None:
    """The 23rd of July 2026 is a Thursday."""
    rows = [deposit(f"cash-{number}", 10_000, business_date=DAY + timedelta(days=number))
            for number in range(days)]
    make(database_url, rows)
    sql(database_url, "UPDATE account SET billing = $1", billing)
    for number in range(days):
        day = DAY + timedelta(days=number)
        wait(clear(database_url, day, tmp_path))
        assert (tmp_path / day.isoformat() / "cash" / "fees").exists() == (number == days - 1)
    statement, = statements(tmp_path / day.isoformat())
    expected = {"deposit": (days, 30 * days), "percent": (10_000 * days, 10 * days)}
    if billing == "monthly":
        expected["monthly"] = (1, 500)
    assert lines(statement) == expected
    assert statement.period_to == day.isoformat()
    assert sql(database_url, "SELECT count(*) FROM fee_line WHERE statement IS NULL")[0][0] == 0


def test_a_pickup_a_count_and_interest_until_it(database_url: str, tmp_path: Path) -> None:
    """Credited on the 23rd, counted on the 30th: seven days at 3.65 % of 1,000.00."""
    life = {"stay_id": 1}
    make(database_url, [deposit("night", 60_000, life=life),
                        deposit("instant", 40_000, life={**life, "credit": "accepted"}),
                        deposit("kept", 5_000, flags="withheld:suspects", life=life)])
    wait(clear(database_url, DAY, tmp_path))
    counted(database_url, 30)
    sql(database_url, "UPDATE deposit SET state = 'verified'")
    wait(clear(database_url, NEXT, tmp_path))
    statement, = statements(tmp_path / "2026-07-24")
    assert lines(statement) == {"pickup": (1, 700), "count": (1, 200), "interest": (700_000, 70)}
    # Interest bears no VAT.
    assert (statement.fees_minor, statement.interest_minor, statement.vat_minor) == (900, 70, 180)
    # The courier has done both, and is owed for them.
    rows = (tmp_path / "2026-07-24" / "cash" / "couriers" / "EUR.csv").read_text().splitlines()
    assert rows[1:] == [
        "EUR,C1,Swift Couriers,1,pickup,SAFE1,012345678901234560,2026-07-24,400",
        "EUR,C1,Swift Couriers,1,settled,SAFE1,012345678901234560,2026-07-24,100"]
    books = balances(database_url)
    assert (books["5100"], books["2450"], books["4200"]) == (500, -500, -70)
    # Once.
    third = NEXT + timedelta(days=1)
    assert sums(wait(clear(database_url, third, tmp_path))) == {}


def test_an_empty_cassette_is_the_safes_own_clients(database_url: str, tmp_path: Path) -> None:
    make(database_url, [])
    counted(database_url)
    wait(clear(database_url, DAY, tmp_path))
    statement, = statements(tmp_path / "2026-07-23")
    assert lines(statement) == {"pickup": (1, 700), "count": (1, 200)}


def test_a_percentage_of_foreign_money_is_taken_off_foreign_money(database_url: str,
                                                                  tmp_path: Path) -> None:
    make(database_url, [deposit("dollars", 100_000, currency="USD"), deposit("euros", 50_000)])
    wait(clear(database_url, DAY, tmp_path))
    found = {one.currency: lines(one) for one in statements(tmp_path / "2026-07-23")}
    assert found == {"USD": {"percent": (100_000, 100)},
                     "EUR": {"deposit": (2, 60), "percent": (50_000, 50)}}
    assert sorted(paid(tmp_path / "2026-07-23").values()) == ["498.68", "998.80"]


@pytest.mark.parametrize("terms", [{"per_note": "a lot"}, {"per_deposit_minor": "30"}, []])
def test_terms_that_cannot_be_read_charge_nothing(terms: Any, database_url: str,
                                                  tmp_path: Path) -> None:
    make(database_url, [deposit("one", 200_000)])
    sql(database_url, "UPDATE safe_fee SET terms = $1::text::jsonb",
        msgspec.json.encode(terms).decode())
    wait(clear(database_url, DAY, tmp_path))
    assert not (tmp_path / "2026-07-23" / "cash" / "fees").exists()
    assert paid(tmp_path / "2026-07-23") == {"20260723-CASH-1-D0000001": "2000.00"}


def test_a_new_schedule_holds_from_its_day(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("one", 10_000), deposit("two", 10_000, business_date=NEXT)])
    sql(database_url, "INSERT INTO safe_fee (account_id, valid_from, version, terms, who) "
                      "VALUES ($1, $2, 1, '{\"per_deposit_minor\": 5}', 'test')", CLIENT, NEXT)
    wait(clear(database_url, DAY, tmp_path))
    wait(clear(database_url, NEXT, tmp_path))
    assert [lines(one) for day in (DAY, NEXT) for one in statements(tmp_path / day.isoformat())] \
        == [{"deposit": (1, 30), "percent": (10_000, 10)}, {"deposit": (1, 5)}]

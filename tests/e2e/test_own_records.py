"""Booking records of customers, on a real PostgreSQL: each line of the ledger in one file, once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.errors import ClearingError
from clearing.ownbooks import datev
from clearing.ownbooks.reading import read_datev, read_json_records, read_table_records
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    FLEET,
    MERCHANT,
    NEXT,
    deposit,
    fuel,
    make_day,
    payment,
    reversal,
    sql,
    tree,
    wait,
)
from tests.support.own_books import (
    LEDGER,
    SUPPLIER,
    counted_stay,
    gross_shop,
    logic,
    more,
    night,
    safe_day,
    supplier,
)

pytestmark = pytest.mark.invariant(11)


@pytest.mark.parametrize(("form", "read", "name"), [
    ("datev", read_datev, "EXTF_Buchungsstapel_10_EUR_20260723.csv"),
    ("csv", read_table_records, "10-EUR-20260723.csv"),
    ("json", read_json_records, "10-EUR-20260723.json")])
def test_each_line_of_a_customer_is_in_one_record(form: str, read: Any, name: str,
                                                  database_url: str, tmp_path: Path) -> None:
    safe_day(database_url, [deposit("one", 200_000), deposit("two", 5_000)])
    logic(database_url, CLIENT, form=form, datev={"consultant": 1_001, "client": 7})
    made = night(database_url, tmp_path)
    path = tmp_path / "2026-07-23" / "cash" / "books" / name
    count, minor, currency = read(path)
    assert (count, minor, currency) == (*sql(database_url, LEDGER, CLIENT)[0], "EUR")
    assert count == 5  # two deposits, the credit, fee and VAT
    record, = (file for file in made.run("cash").files if file.path == f"books/{name}")
    assert (record.count, record.sum_minor, record.recipient) == (count, minor, "account/10")
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")
    night(database_url, tmp_path, NEXT)
    assert not (tmp_path / "2026-07-24" / "cash" / "books").exists(), "nothing is there to book"


def test_a_courier_has_records_of_his_work_and_its_payment(database_url: str,
                                                           tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    logic(database_url, SUPPLIER, form="csv")
    made = night(database_url, tmp_path)
    record, = (file for file in made.run("cash").files if "books/" in file.path)
    assert (record.count, record.sum_minor) == (4, 0)  # a pick-up, a count, VAT, what is paid
    lines = sql(database_url, "SELECT kind, amount_minor::int FROM booking_line WHERE account_id "
                              "= $1 ORDER BY kind, amount_minor", SUPPLIER)
    assert [tuple(row) for row in lines] == [
        ("SUPPLIER_PAYMENT", -595), ("VAT", 95), ("WORK", 100), ("WORK", 400)]


def test_fleets_and_merchants_have_records_too(database_url: str, tmp_path: Path) -> None:
    gone = fuel("gone", 4_000)
    refunded = payment("pay-2", 700)
    gross_shop(database_url, [fuel("one", 41_357), gone, reversal(gone, -4_000),
                              *payment("pay-1", 1_999), *refunded,
                              *(reversal(leg, -700) for leg in refunded)])
    for account_id in (FLEET, MERCHANT):
        logic(database_url, account_id, form="json")
    night(database_url, tmp_path)
    for account_id, stream, kinds in (
            (FLEET, "fuel", {"FUEL", "FUEL_RETURN"}),
            (MERCHANT, "payments", {"PAYMENT", "REFUND", "PAYOUT", "FEE", "VAT"})):
        path = tmp_path / "2026-07-23" / stream / "books" / f"{account_id}-EUR-20260723.json"
        assert read_json_records(path)[:2] == sql(database_url, LEDGER, account_id)[0][:]
        found = {record["kind"] for record in json.loads(path.read_text())["records"]}
        assert kinds <= found, found
        assert "OTHER" not in found


def test_a_period_and_an_hour(database_url: str, tmp_path: Path) -> None:
    """Week from Monday; what comes after 15:00 on Sunday is the next week's. Paris: UTC+2."""
    sunday = date(2026, 7, 26)
    late, early = (datetime(2026, 7, 26, hour, 30, tzinfo=UTC) for hour in (13, 12))
    wait(make_day(database_url, [deposit("thursday", 1_000)]))
    logic(database_url, CLIENT, form="json", period="week", hour="15:00")
    for number in range(11):
        day = DAY + timedelta(number)
        if day == sunday:
            more(database_url, [deposit("early", 2_000, business_date=day, decided_at=early),
                                deposit("late", 4_000, business_date=day, decided_at=late)])
        night(database_url, tmp_path, day)

    def keys(day: str) -> set[str]:
        path = tmp_path / day / "cash" / "books" / f"10-EUR-{day.replace('-', '')}.json"
        return {record["reference"] for record in json.loads(path.read_text())["records"]
                if record["kind"] == "DEPOSIT"}
    assert [folder.name for folder in sorted(tmp_path.iterdir())
            if (folder / "cash" / "books").exists()] == ["2026-07-26", "2026-08-02"]
    assert (keys("2026-07-26"), keys("2026-08-02")) == ({"thursday", "early"}, {"late"})
    assert sql(database_url, "SELECT count(*)::int FROM booking_line WHERE number IS NULL")[0][0] \
        == 0


def test_a_batch_has_so_many_lines_and_one_fiscal_year(database_url: str, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datev, "MOST_LINES", 3)
    wait(make_day(database_url, [deposit(f"cash-{number}", 1_000) for number in range(4)]))
    logic(database_url, CLIENT, form="datev", period="week",
          datev={"consultant": 1_001, "client": 7, "fiscal_year_start": "07-24"})
    for number in range(4):
        day = DAY + timedelta(number)
        if number:
            more(database_url, [deposit(f"later-{number}", 500, business_date=day)])
        night(database_url, tmp_path, day)
    folder = tmp_path / "2026-07-26" / "cash" / "books"
    base = "EXTF_Buchungsstapel_10_EUR_20260726"
    found = {path.name: read_datev(path)[0] for path in sorted(folder.iterdir())}
    # Five lines until the 23rd, and six of the next fiscal year, in batches of three.
    assert found == {f"{base}.csv": 3, f"{base}_2.csv": 2, f"{base}_3.csv": 3, f"{base}_4.csv": 3}


def test_a_new_logic_holds_from_its_day_and_a_broken_one_waits(database_url: str,
                                                               tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 1_000)]))
    logic(database_url, CLIENT, form="json", accounts={"2200": "1"})  # '*' is missing
    logic(database_url, CLIENT, NEXT, form="json", accounts={"*": "99"})
    night(database_url, tmp_path)
    assert not (tmp_path / "2026-07-23" / "cash" / "books").exists()
    night(database_url, tmp_path, NEXT)
    path = tmp_path / "2026-07-24" / "cash" / "books" / "10-EUR-20260724.json"
    assert read_json_records(path)[:2] == sql(database_url, LEDGER, CLIENT)[0][:]
    assert {one["account"] for one in json.loads(path.read_text())["records"]} == {"99"}


def test_a_line_that_is_booked_otherwise_stops_the_night(database_url: str, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    wait(make_day(database_url, [deposit("one", 1_000)]))
    logic(database_url, CLIENT, form="datev", datev={"consultant": 1_001, "client": 7})
    real = datev.line
    monkeypatch.setattr(datev, "line", lambda record, *more: real(
        msgspec.structs.replace(record, amount_minor=record.amount_minor + 1), *more))
    with pytest.raises(ClearingError, match="EXTF_Buchungsstapel"):
        night(database_url, tmp_path)


def test_nobody_who_has_not_asked_has_files(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 1_000), fuel("two", 2_000),
                                 *payment("three", 3_000)]))
    made = night(database_url, tmp_path)
    assert [file.path for file in made.files if file.kind.startswith(("paper", "supplier"))
            or "/books/" in file.path] == []

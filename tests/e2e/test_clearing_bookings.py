"""A client's bookings: each line of his account in one file, from balance to balance, by his own
period; valid by the schema that bank statements have."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from clearing import bookings
from clearing.booking_check import read_bookings
from clearing.camt053 import Statement, read_statements
from clearing.errors import ClearingError
from clearing.run import clear
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    NEXT,
    Row,
    adjustment,
    deposit,
    make_day,
    reversal,
    sql,
    tree,
    wait,
)
from tests.e2e.test_clearing import clear_next_day, sums
from tests.e2e.test_clearing_deposits import moved, scene
from tests.support.camt_schema import schema

pytestmark = pytest.mark.invariant(11)
_NAMESPACE = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


def read(folder: Path, currency: str = "EUR") -> tuple[Statement, list[tuple[str, int]]]:
    """The statement as our own reader of banks' files has it, and (kind, minor units) by line."""
    content = (folder / "cash" / "bookings" / f"{CLIENT}-{currency}.xml").read_bytes()
    root = etree.fromstring(content)
    schema("08").assertValid(root)
    statement, = read_statements(content)
    kinds = [str(found.text) for found in root.iterfind(".//c:BkTxCd/c:Prtry/c:Cd", _NAMESPACE)]
    return statement, list(zip(kinds, (one.amount_minor for one in statement.entries),
                               strict=True))


def owed(database_url: str) -> int:
    """What the ledger says that the client is owed."""
    total: int = sql(database_url, "SELECT coalesce(-sum(amount_minor), 0)::int FROM ledger_entry"
                     " WHERE code = '2200' AND account_id = $1 AND currency = 'EUR'", CLIENT)[0][0]
    return total


def make(database_url: str, rows: list[Row]) -> None:
    wait(make_day(database_url, rows))
    wait(scene(database_url))


def test_a_day_of_everything(database_url: str, tmp_path: Path) -> None:
    gone = deposit("gone", 7_000)
    told = {"receipt": "R-17", "reference_model": "SI00", "reference": "12-7"}
    rows = [deposit("one", 200_000, detail=told), gone, reversal(gone, -7_000),
            deposit("now", 40_000, life={"credit": "accepted"}), adjustment("short", -500),
            deposit("kept", 5_000, flags="withheld:suspects")]
    make(database_url, rows)
    summary = wait(clear(database_url, DAY, tmp_path))
    statement, lines = read(tmp_path / "2026-07-23")
    assert sorted(lines) == sorted([
        ("DEPOSIT", 200_000), ("DEPOSIT", 7_000), ("REVERSAL", -7_000), ("DEPOSIT", 40_000),
        ("ADJUSTMENT", -500), ("CREDIT", -40_000), ("FEE", -335), ("VAT", -67),
        ("CREDIT", -(200_000 - 500 - 402))])
    assert (statement.iban, statement.opening_minor, statement.closing_minor) == (
        str(CLIENT), 0, 0)
    assert owed(database_url) == 0
    assert sums(summary)["booking_xml", "EUR"] == 0
    paid = {one.end_to_end_id for one in statement.entries if one.end_to_end_id}
    assert paid == {row[0] for row in sql(database_url,
                                          "SELECT end_to_end_id FROM clearing_credit")}
    text = (tmp_path / "2026-07-23" / "cash" / "bookings" / f"{CLIENT}-EUR.xml").read_text()
    assert "<Ref>SI0012-7</Ref>" in text
    assert "<AddtlNtryInf>SAFE1 RECEIPT R-17</AddtlNtryInf>" in text
    wait(clear(database_url, DAY, tmp_path / "again"))
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")


def test_a_file_begins_where_the_last_one_ended(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("kept", 5_000, flags="withheld:suspects"), deposit("one", 900)])
    # Nobody is paid: the address is not complete.
    sql(database_url, "UPDATE account SET iban = 'FR7630006000011234567890180'")
    wait(clear(database_url, DAY, tmp_path))
    first, _ = read(tmp_path / "2026-07-23")
    assert (first.opening_minor, first.closing_minor) == (0, owed(database_url))
    moved(database_url, ["kept"], "release_to_night")
    sql(database_url, "UPDATE account SET iban = 'FR7630006000011234567890189'")
    wait(clear_next_day(database_url, [deposit("two", 100, business_date=NEXT)], tmp_path))
    second, lines = read(tmp_path / "2026-07-24")
    assert (second.opening_minor, second.closing_minor) == (first.closing_minor, 0)
    assert ("RELEASE", 5_000) in lines
    assert second.from_day == NEXT


@pytest.mark.parametrize(("billing", "days"), [("weekly", 4), ("monthly", 9)])
def test_a_period_has_one_file(billing: str, days: int, database_url: str,
                               tmp_path: Path) -> None:
    """The 23rd of July 2026 is a Thursday. Nothing happens on the last day."""
    make(database_url, [deposit(f"cash-{number}", 10_000, business_date=DAY + timedelta(number))
                        for number in range(days - 1)])
    sql(database_url, "UPDATE account SET billing = $1", billing)
    for number in range(days):
        day = DAY + timedelta(number)
        wait(clear(database_url, day, tmp_path))
        assert (tmp_path / day.isoformat() / "cash" / "bookings").exists() == (number == days - 1)
    statement, lines = read(tmp_path / day.isoformat())
    assert len([kind for kind, _ in lines if kind == "DEPOSIT"]) == days - 1
    assert statement.closing_minor == owed(database_url)
    assert statement.to_day == day
    lines_of = "SELECT count(*)::int FROM ledger_entry WHERE code = '2200'"
    assert len(lines) == sql(database_url, lines_of)[0][0]
    assert sql(database_url, "SELECT count(*) FROM booking_open")[0][0] == 0


def test_currencies_are_apart(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("dollars", 100_000, currency="USD"), deposit("yen", 70,
                                                                             currency="JPY")])
    wait(clear(database_url, DAY, tmp_path))
    for currency, minor in (("USD", 100_000), ("JPY", 70)):
        assert ("DEPOSIT", minor) in read(tmp_path / "2026-07-23", currency)[1]


def test_a_line_that_is_left_out_stops_the_night(database_url: str, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    make(database_url, [deposit("one", 1_000)])
    real = bookings._booking

    def wrong(*given: Any) -> object:
        made = real(*given)
        return type(made)(**{**{name: getattr(made, name) for name in made.__struct_fields__},
                             "amount_minor": made.amount_minor + 1})
    monkeypatch.setattr(bookings, "_booking", wrong)
    with pytest.raises(ClearingError, match="the lines do not lead from 0 to"):
        wait(clear(database_url, DAY, tmp_path))
    assert not (tmp_path / "2026-07-23" / "cash").exists()


def test_a_file_is_read_back(tmp_path: Path, database_url: str) -> None:
    make(database_url, [deposit("one", 1_000), deposit("two", 2_000)])
    wait(clear(database_url, DAY, tmp_path))
    path = tmp_path / "2026-07-23" / "cash" / "bookings" / f"{CLIENT}-EUR.xml"
    content = path.read_bytes()
    count, _, currency = read_bookings(path)
    assert (count, currency) == (len(read(path.parents[2])[1]), "EUR")
    for bad in (content[:-12], content.replace(b">10.00<", b">10.01<"),
                content.replace(b'"EUR">10.00', b'"USD">10.00'),
                content.replace(b"<Cd>CLBD</Cd>", b"<Cd>X</Cd>").replace(b"<Bal>", b"<B>", 1)
                .replace(b"</Bal>", b"</B>", 1)):
        assert bad != content
        path.write_bytes(bad)
        with pytest.raises(ValueError):  # noqa: PT011  # each says another thing
            read_bookings(path)


def test_the_day_of_an_invoice_is_not_the_clients_account(database_url: str,
                                                          tmp_path: Path) -> None:
    make(database_url, [deposit("one", 200_000)])
    sql(database_url, "UPDATE account SET posting = '{\"fees\": \"invoice\"}'")
    wait(clear(database_url, DAY, tmp_path))
    statement, lines = read(tmp_path / "2026-07-23")
    assert [kind for kind, _ in lines] == ["DEPOSIT", "CREDIT"]
    assert statement.from_day == date(2026, 7, 23)


def test_a_key_that_is_longer_than_a_reference(database_url: str, tmp_path: Path) -> None:
    make(database_url, [deposit("k" * 35, 1_000), deposit("k" * 36, 2_000)])
    wait(clear(database_url, DAY, tmp_path))
    read(tmp_path / "2026-07-23")
    text = (tmp_path / "2026-07-23" / "cash" / "bookings" / f"{CLIENT}-EUR.xml").read_text()
    assert text.count(f">{'k' * 35}<") == 2  # of the entry and of its transaction
    assert f">{'k' * 36}<" not in text

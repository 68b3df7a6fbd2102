"""Booking records in their three forms, read back by a reader that does not know the writers."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from clearing.ownbooks import datev, json_records
from clearing.ownbooks.reading import read_datev, read_json_records, read_table_records
from clearing.ownbooks.record import Batch, Line, Record, record_of
from clearing.ownbooks.table import TableWriter
from clearing.ownbooks.terms import Booking, Datev, Posting, Table

DAY = date(2026, 7, 23)
TERMS = Datev(consultant=29_098, client=55_003)
LOGIC = Booking(
    form="datev", datev=TERMS, accounts={"2200": "1460", "*": "1361"},
    kinds={"DEPOSIT": Posting(contra="1000", text="{kind} {place}", tax_key="40"),
           "*": Posting(contra="1590", cost_centre="9")},
    cost_centres={"SAFE1": "Kasse 7"})
LINES = (
    Line("DEPOSIT", "2200", 120_050, DAY, "SAFE1", "280131/SAFE1/2026-07-23/000017/deposit/1", ""),
    Line("CREDIT", "2200", -119_000, DAY, "", "20260723-CASH-1-D0000001", "=CMD() ŠČ \u0142 €"),
    Line("OTHER", "1500", -1, date(2026, 1, 1), "", "K1", 'said "no";'))


def records() -> list[Record]:
    return [record_of(line, LOGIC, "L1") for line in LINES]


def batch(currency: str = "EUR", lines: Iterable[Record] = ()) -> Batch:
    lines = list(lines) or records()
    return Batch("L20260723-CASH-1-000001", "2026-07-23T23:59:59Z", 10, currency,
                 date(2026, 1, 1), DAY, len(lines), sum(one.amount_minor for one in lines))


def as_datev(currency: str = "EUR") -> bytes:
    return datev.header(batch(currency), TERMS) + b"".join(
        datev.line(record, currency, TERMS) for record in records())


def as_table(table: Table, currency: str = "EUR") -> bytes:
    writer = TableWriter(table, "L1", currency)
    return writer.head() + b"".join(map(writer.line, records()))


def as_json() -> bytes:
    return json_records.head(batch()) + b"".join(
        json_records.line(record, at) for at, record in enumerate(records(), 1)) \
        + json_records.tail()


def test_a_customers_own_accounts_and_words() -> None:
    first, second, third = records()
    assert (first.account, first.contra, first.cost_centre) == ("1460", "1000", "Kasse 7")
    assert (first.text, first.side, first.tax_key) == ("DEPOSIT SAFE1", "S", "40")
    assert (second.side, second.contra, second.cost_centre) == ("H", "1590", "9")
    assert second.text == "CREDIT 20260723-CASH-1-D0000001 =CMD() ŠČ \u0142 €"
    assert third.account == "1361"


def test_a_datev_batch_is_what_the_format_says(tmp_path: Path) -> None:
    """developer.datev.de: 31 fields of head, 125 of a booking, Windows-1252, CRLF."""
    content = as_datev()
    head, names, first, second, third, rest = content.decode("cp1252").split("\r\n")
    assert rest == ""
    assert head == (
        '"EXTF";700;21;"Buchungsstapel";13;20260723235959000;;"RE";"";"";29098;55003;20260101;4;'
        '20260101;20260723;"10 2026-01-01 EUR";"";1;0;0;"EUR";;"";;;"";;;"";"23-CASH-1-000001"')
    assert len(names.split(";")) == 125
    assert names.startswith("Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;")
    assert names.endswith(";EU-Steuersatz (Ursprung);Abw. Skontokonto")
    row, = csv.reader([first], delimiter=";")
    assert row[:2] + row[6:11] == [
        "1200,50", "S", "1460", "1000", "0040", "2307", row[10]]
    assert (row[13], row[36], row[113]) == ("DEPOSIT SAFE1", "Kasse 7", "0")
    row, = csv.reader([second], delimiter=";")
    # What Windows-1252 does not have loses its accent, or is a question mark.
    assert row[13] == "CREDIT 20260723-CASH-1-D0000001 =CMD() ŠC ? €"
    assert (row[0], row[1], row[10]) == ("1190,00", "H", "20260723-CASH-1-D0000001")
    assert '"OTHER K1 said ""no"";"' in third
    path = tmp_path / "EXTF.csv"
    path.write_bytes(content)
    assert read_datev(path) == (3, 1_049, "EUR")


def test_a_voucher_that_is_too_long_stays_its_own() -> None:
    long = "280131/SAFE1/2026-07-23/000017/deposit/"
    first, second = datev.voucher(f"{long}1"), datev.voucher(f"{long}2")
    assert first != second
    assert len(first) == len(second) == 36
    assert datev.voucher("a b;ü") == "a-b--"


@pytest.mark.parametrize(("day", "start", "first"), [
    (DAY, "01-01", date(2026, 1, 1)), (DAY, "07-23", DAY), (DAY, "07-24", date(2025, 7, 24))])
def test_a_fiscal_year(day: date, start: str, first: date) -> None:
    assert datev.fiscal_year(day, start) == first


def test_datev_takes_two_decimals(tmp_path: Path) -> None:
    assert datev.takes("EUR")
    assert datev.takes("JPY")
    assert not datev.takes("KWD")
    path = tmp_path / "EXTF.csv"
    path.write_bytes(as_datev("JPY"))
    assert b'120050,00;"S";"JPY"' in path.read_bytes()
    assert read_datev(path) == (3, 1_049, "JPY")


@pytest.mark.parametrize(("old", "new"), [
    ('"EXTF"', '"DTVF"'), ("1200,50", "1200,5"), ("1200,50", "0,00"), ('"S"', '"X"'),
    (";2307;", ";2407;"), (';"EUR";', ';"USD";'), ("\r\n1200,50", ";\r\n1200,50")])
def test_a_spoilt_batch_is_refused(old: str, new: str, tmp_path: Path) -> None:
    text = as_datev().decode("cp1252")
    assert old in text
    path = tmp_path / "EXTF.csv"
    path.write_bytes(text.replace(old, new, 1).encode("cp1252"))
    with pytest.raises((ValueError, KeyError)):
        read_datev(path)


@pytest.mark.parametrize("table", [
    Table(), Table(delimiter=",", dates="YYYYMMDD"), Table(decimal=",", encoding="cp1252"),
    Table(delimiter="\t", decimal=",", dates="DD.MM.YYYY",
          columns=("date", "debit", "credit", "currency", "text")),
    Table(delimiter="|", columns=("amount", "side", "debit", "credit", "currency"))])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_table_in_each_dialect(table: Table, currency: str, tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(as_table(table, currency))
    assert read_table_records(path) == (3, 1_049, currency)


def test_a_table_is_no_program_of_a_spreadsheet() -> None:
    table = Table(columns=("reference", "amount", "side", "currency", "text", "date"),
                  dates="DD.MM.YYYY")
    writer = TableWriter(table, "L1", "EUR")
    line = Line("X", "2200", 5, DAY, "", "=1+1", "")
    logic = Booking(form="csv", accounts={"*": "1"},
                    kinds={"*": Posting(contra="2", text="@{reference}")})
    content = writer.head() + writer.line(record_of(line, logic, "L1"))
    row, = csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";")
    assert (row["reference"], row["text"], row["date"]) == ("'=1+1", "'@=1+1", "23.07.2026")


@pytest.mark.parametrize(("old", "new"), [
    ("1200.50", "1200.5"), (";S;", ";H;"), (";EUR;", ";USD;"), ("1200.50", "12x0.50")])
def test_a_spoilt_table_is_refused_or_adds_up_otherwise(old: str, new: str,
                                                        tmp_path: Path) -> None:
    text = as_table(Table()).decode()
    assert old in text
    path = tmp_path / "records.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")
    with contextlib.suppress(ValueError):
        assert read_table_records(path) != (3, 1_049, "EUR")


def test_json_is_by_the_published_schema(tmp_path: Path) -> None:
    schema = json.loads(
        files("clearing.ownbooks").joinpath("booking-records.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(as_json()), schema)
    assert schema["$id"] == json_records.SCHEMA_ID
    named = set(schema["$defs"]["record"]["required"])
    assert named == set(json.loads(as_json())["records"][0]), "the schema names every field"
    path = tmp_path / "records.json"
    path.write_bytes(as_json())
    assert read_json_records(path) == (3, 1_049, "EUR")


@pytest.mark.parametrize(("old", "new"), [
    ('"entries":3', '"entries":4'), ('"sum_minor":1049', '"sum_minor":1050'),
    ('"amount_minor":120050', '"amount_minor":-120050'), ('"side":"S"', '"side":"H"')])
def test_spoilt_json_is_refused(old: str, new: str, tmp_path: Path) -> None:
    text = as_json().decode()
    assert old in text
    path = tmp_path / "records.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError):  # noqa: PT011  # each says another thing
        read_json_records(path)

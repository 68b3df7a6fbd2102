"""Fleets' invoices, night by night: periods, prices, holes, credit notes, numbers, forms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from clearing.errors import ClearingError
from clearing.invoices import writing
from clearing.invoices.checking import read_ubl
from clearing.night import Night
from clearing.run import clear
from clearing.settings import load_settings
from clearing.tables import read_table
from tests.e2e.clearing_day import (
    BARE_FLEET,
    DAY,
    FLEET,
    Row,
    fuel,
    insert,
    make_day,
    reversal,
    sql,
)
from tests.support.vat_abroad import POLISH, exchange_rate

pytestmark = pytest.mark.invariant(11)



def night(database_url: str, day: date, rows: Iterable[Row], out: Path, **other: Any) -> Night:
    """A day's rows, and its night of fuel."""
    async def run() -> Night:
        connection = await asyncpg.connect(database_url)
        try:
            await insert(connection, rows)
        finally:
            await connection.close()
        return await clear(database_url, day, out, streams=["fuel"], **other)
    return asyncio.run(run())


def invoices(out: Path, day: date) -> dict[str, list[dict[str, str]]]:
    """The rows of each invoice of a day, by its number."""
    folder = out / day.isoformat() / "fuel" / "invoices"
    return {path.stem: read_table(path.read_bytes()) for path in sorted(folder.glob("*.csv"))}


def receipts(rows: list[dict[str, str]]) -> list[str]:
    return [row["receipt"] for row in rows if row["record"] == "line"]


def gross(rows: list[dict[str, str]]) -> str:
    return rows[-1]["gross"]


def tax(database_url: str, account_id: int = FLEET, **columns: Any) -> None:
    """How an account is invoiced."""
    names = ", ".join(columns)
    marks = ", ".join(f"${number}" for number in range(2, len(columns) + 2))
    sql(database_url, f"INSERT INTO account_tax (account_id, {names}) VALUES ($1, {marks})",
        account_id, *columns.values())


def balance(database_url: str, code: str) -> int:
    return int(sql(database_url, "SELECT coalesce(sum(amount_minor), 0)::int FROM ledger_entry "
                                 "WHERE code = $1", code)[0][0])


def priced(key: str, pump: int, contract: int, **other: Any) -> Row:
    """20 litres at the pump's price, that the fleet pays less for."""
    return fuel(key, pump, **{"detail": {
        "items": [{"product": "012", "unit": "L", "quantity": "20",
                   "unit_price": str(Decimal(pump) / 2_000), "amount_minor": pump}],
        "prices": [{"product": "012", "unit_price": str(Decimal(contract) / 2_000),
                    "amount_minor": contract, "contract": "ACME", "version": 3}]}, **other})


@pytest.mark.parametrize(("period", "first", "days", "ends"), [
    ("week", date(2026, 7, 20), 8, [date(2026, 7, 26)]),
    ("half_month", date(2026, 7, 14), 3, [date(2026, 7, 15)]),
    ("month", date(2026, 7, 30), 3, [date(2026, 7, 31)]),
    ("day", date(2026, 7, 30), 3, [date(2026, 7, 30) + timedelta(n) for n in range(3)])])
def test_a_fleet_is_invoiced_when_its_period_ends(
        period: str, first: date, days: int, ends: list[date], database_url: str,
        tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, [], open_date=first))
    tax(database_url, invoice_period=period, payment_days=21)
    made: dict[date, list[str]] = {}
    for number in range(days):
        day = first + timedelta(number)
        night(database_url, day, [fuel(f"sale-{day}", 1_200, business_date=day)], tmp_path)
        for rows in invoices(tmp_path, day).values():
            made[day] = receipts(rows)
    assert sorted(made) == ends
    for end, told in made.items():
        since = first if period != "day" else end
        assert told == [f"sale-{since + timedelta(n)}" for n in range((end - since).days + 1)]
    row = sql(database_url, "SELECT * FROM invoice ORDER BY number")[0]
    assert row["period_to"] == ends[0]
    assert row["due_on"] == ends[0] + timedelta(days=21)
    assert row["period_from"] <= first
    # What is booked every night is owed, invoiced or not.
    assert balance(database_url, "1100") == 1_200 * days


def test_a_fleet_without_an_address_waits_and_has_the_next_number(database_url: str,
                                                                  tmp_path: Path) -> None:
    bare = fuel("bare", 2_500, account_id=BARE_FLEET)
    asyncio.run(make_day(database_url, []))
    first = night(database_url, DAY, [bare, fuel("sale", 1_200)], tmp_path)
    assert [(case.kind, case.account_id, case.reference, case.amount_minor, case.reason)
            for case in first.cases] == [("invoice", BARE_FLEET, "2/EUR", 2_500,
                                          "address_incomplete")]
    assert list(invoices(tmp_path, DAY)) == ["F2026-000001"]
    assert balance(database_url, "1100") == 3_700
    queue = "SELECT reason, subject, state FROM clearing_exception ORDER BY 1, 2"
    assert [row[:2] for row in sql(database_url, queue)] == [("address_incomplete", "2/EUR")]
    second = DAY + timedelta(1)
    night(database_url, second, [], tmp_path)  # it is told again, and asked for once
    assert len(sql(database_url, queue)) == 1
    third = DAY + timedelta(2)
    sql(database_url, "UPDATE account SET address = '{\"town\": \"Paris\", \"country\": \"FR\"}' "
                      "WHERE account_id = $1", BARE_FLEET)
    mended = night(database_url, third, [fuel("again", 100, business_date=third,
                                              account_id=BARE_FLEET)], tmp_path)
    assert mended.cases == ()
    rows = invoices(tmp_path, third)["F2026-000002"]
    assert (receipts(rows), gross(rows)) == (["bare", "again"], "26.00")
    assert [row["state"] for row in sql(database_url, queue)] != ["open"]
    # A repeat of the first night says what it said.
    again = night(database_url, DAY, [], tmp_path / "again")
    assert again.digest == first.digest


def test_without_a_seller_vat_id_nobody_is_invoiced(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    settings = load_settings()
    nobody = msgspec.structs.replace(settings, invoicing=msgspec.structs.replace(
        settings.invoicing, vat_id=""))
    told = night(database_url, DAY, [fuel("sale", 1_200)], tmp_path, settings=nobody)
    assert [case.reason for case in told.cases] == ["seller_vat_id_missing"]
    assert invoices(tmp_path, DAY) == {}


def test_a_contract_price_is_invoiced_and_booked(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    night(database_url, DAY, [priced("sale", 4_000, 3_600), priced("dearer", 4_000, 4_200)],
          tmp_path)
    rows = invoices(tmp_path, DAY)["F2026-000001"]
    assert [(row["receipt"], row["list_price"], row["price"], row["discount"], row["contract"])
            for row in rows[:-2]] == [
        ("dearer", "", "1.75", "", "ACME version 3"),  # above the pump there is no discount
        ("sale", "1.666667", "1.5", "0.166667", "ACME version 3")]
    assert gross(rows) == "78.00"
    assert (balance(database_url, "1100"), balance(database_url, "2100"),
            balance(database_url, "5400")) == (7_800, -8_000, 200)
    assert balance(database_url, "2700") == -1_300


def test_a_part_of_a_contract_sale_is_given_back_at_its_price(database_url: str,
                                                              tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    sale = priced("sale", 4_000, 3_600)
    night(database_url, DAY, [sale], tmp_path)
    after = DAY + timedelta(1)
    night(database_url, after, [reversal(sale, -1_000, business_date=after)], tmp_path)
    rows = invoices(tmp_path, after)["G2026-000001"]
    assert (rows[0]["corrects"], gross(rows)) == ("F2026-000001", "-9.00")
    assert balance(database_url, "1100") == 2_700
    assert sql(database_url, "SELECT due_on FROM invoice WHERE kind = 'credit_note'")[0][0] == after


def test_numbers_count_up_in_each_year(database_url: str, tmp_path: Path) -> None:
    days = [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)]
    asyncio.run(make_day(database_url, [], open_date=days[0]))
    made = []
    for day, currencies in zip(days, (["EUR", "RSD", "PLN"], ["EUR"], ["RSD", "EUR"]),
                               strict=True):
        night(database_url, day, [fuel(f"{day}-{currency}", 1_200, currency=currency,
                                       business_date=day) for currency in currencies], tmp_path)
        made.append(list(invoices(tmp_path, day)))
    assert made == [["F2026-000001", "F2026-000002", "F2026-000003"], ["F2026-000004"],
                    ["F2027-000001", "F2027-000002"]]


def hole(key: str, posted: int, **other: Any) -> Row:
    """A sale whose contract had no price for the diesel; its car wash has none to have."""
    return fuel(key, posted, **{"flags": "price_missing:012", "detail": {"items": [
        {"product": "012", "unit": "L", "quantity": "20", "unit_price": "2",
         "amount_minor": posted - 500},
        {"product": "120", "amount_minor": 500}]}, **other})


def enter_hole(database_url: str) -> None:
    """A contract by a price list that nobody has imported."""
    enter_price(database_url, "1.5")
    sql(database_url, "INSERT INTO price_contract (account_id, contract, version, currency, "
                      "valid_from, lines, who) SELECT account_id, contract, 2, currency, "
                      "valid_from, '[{\"product\": \"012\", \"formula\": \"spot\", \"source\": "
                      "\"OMV\", \"temperature\": \"15C\"}]', who FROM price_contract")


def enter_price(database_url: str, price: str) -> None:
    """What the contract lacked: it is in force since before the sale."""
    sql(database_url, "INSERT INTO product (product, name) VALUES ('012', 'Diesel') "
                      "ON CONFLICT DO NOTHING")
    lines = json.dumps([{"product": "012", "formula": "fixed", "amount": price}])
    sql(database_url, "INSERT INTO price_contract (account_id, contract, version, currency, "
                      "valid_from, lines, who) VALUES ($1, 'ACME', 1, 'EUR', $2::date - 30, "
                      "$3::text::jsonb, 'clerk')", FLEET, DAY, lines)


def test_a_hole_in_a_price_list_parks_exactly_its_lines(database_url: str,
                                                        tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    enter_hole(database_url)
    first = night(database_url, DAY, [hole("holed", 4_500), fuel("sale", 1_200)], tmp_path)
    assert [(case.kind, case.reference, case.amount_minor, case.reason) for case in first.cases] \
        == [("invoice_line", "holed", 4_000, "price_missing")]
    rows = invoices(tmp_path, DAY)["F2026-000001"]
    assert (receipts(rows), gross(rows)) == (["holed", "sale"], "17.00")
    after = DAY + timedelta(1)
    told = night(database_url, after, [], tmp_path)
    assert (told.cases, invoices(tmp_path, after)) == ((), {})
    third = DAY + timedelta(2)
    sql(database_url, "INSERT INTO price_contract (account_id, contract, version, currency, "
                      "valid_from, lines, who) SELECT account_id, contract, 3, currency, "
                      "valid_from, lines, who FROM price_contract WHERE version = 1")
    night(database_url, third, [], tmp_path)
    rows = invoices(tmp_path, third)["F2026-000002"]
    assert [(row["receipt"], row["date"], row["contract"]) for row in rows[:-2]] == [
        ("holed", DAY.isoformat(), "ACME version 3")]
    assert gross(rows) == "30.00"
    assert (balance(database_url, "1100"), balance(database_url, "5400")) == (4_700, 1_000)
    assert sql(database_url, "SELECT FROM clearing_exception WHERE state = 'open'") == []
    assert night(database_url, DAY, [], tmp_path / "again").digest == first.digest
    # Given back later, each part corrects the invoice that has it.
    fourth = DAY + timedelta(3)
    back = reversal(hole("holed", 4_500), -4_500, business_date=fourth)
    night(database_url, fourth, [back], tmp_path)
    assert [(rows[0]["corrects"], gross(rows)) for rows in invoices(tmp_path, fourth).values()] == [
        ("F2026-000001", "-5.00"), ("F2026-000002", "-30.00")]


def test_a_person_may_say_that_the_pump_price_holds(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    enter_hole(database_url)
    night(database_url, DAY, [hole("holed", 4_500)], tmp_path)
    sql(database_url, "INSERT INTO exception_decision (exception_id, stream, reason, subject_kind, "
                      "subject, decision, decided_by) SELECT exception_id, stream, reason, "
                      "subject_kind, subject, 'accept', 'chief' FROM clearing_exception")
    after = DAY + timedelta(1)
    night(database_url, after, [], tmp_path)
    assert gross(invoices(tmp_path, after)["F2026-000002"]) == "40.00"
    assert sql(database_url, "SELECT FROM clearing_exception WHERE state <> 'closed'") == []


def test_net_prices_are_asked_for_without_rounding(database_url: str, tmp_path: Path) -> None:
    """Three cents of which the VAT cannot be told: the books round, not the invoice."""
    asyncio.run(make_day(database_url, []))
    tax(database_url, price_basis="net")
    night(database_url, DAY, [fuel(f"sale-{number}", 2) for number in range(3)], tmp_path)
    total = invoices(tmp_path, DAY)["F2026-000001"][-1]
    assert [total[name] for name in ("net", "vat", "rounding", "gross")] == [
        "0.06", "0.01", "0.00", "0.07"]
    assert (balance(database_url, "1100"), balance(database_url, "5900")) == (7, -1)


def test_what_was_not_invoiced_yet_is_netted(database_url: str, tmp_path: Path) -> None:
    first = date(2026, 7, 20)
    asyncio.run(make_day(database_url, [], open_date=first))
    tax(database_url, invoice_period="week")
    sale, other = (fuel(key, 5_000, business_date=first) for key in ("sale", "other"))
    night(database_url, first, [sale, other], tmp_path)
    for number in range(1, 7):
        day = first + timedelta(number)
        rows = [reversal(sale, -1_000, business_date=day)] if number == 2 else []
        night(database_url, day, rows, tmp_path)
    sunday = invoices(tmp_path, first + timedelta(6))
    assert [(number, gross(rows)) for number, rows in sunday.items()] == [
        ("F2026-000001", "90.00")]
    for number in range(7, 14):
        day = first + timedelta(number)
        rows = [reversal(other, -5_000, business_date=day)] if number == 7 else []
        night(database_url, day, rows, tmp_path)
    credited, = invoices(tmp_path, first + timedelta(13)).values()
    assert (credited[0]["type"], credited[0]["corrects"], gross(credited)) == (
        "381", "F2026-000001", "-50.00")


def test_each_fleet_gets_the_forms_that_it_wants(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    tax(database_url, forms=["ksef", "cii"], vat_id="PL9542742927")
    summary = night(database_url, DAY, [fuel("sale", 12_300)], tmp_path, settings=POLISH)
    assert [(file.path, file.sum_minor) for file in summary.files if file.currency] == [
        ("fuel/invoices/F2026-000001.cii.xml", 12_300),
        ("fuel/invoices/F2026-000001.ksef.xml", 12_300)]


def test_a_large_fleet_is_split_for_ksef(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    tax(database_url, forms=["ksef", "csv"], vat_id="PL9542742927")
    sales = [fuel(f"sale-{number:04d}", 2_000 + number) for number in range(1_700)]
    night(database_url, DAY, sales, tmp_path, settings=POLISH)
    made = invoices(tmp_path, DAY)
    assert list(made) == ["F2026-000001", "F2026-000002"]
    told = [receipt for rows in made.values() for receipt in receipts(rows)]
    assert told == [f"sale-{number:04d}" for number in range(1_700)]
    files = sorted((tmp_path / DAY.isoformat() / "fuel" / "invoices").glob("*.ksef.xml"))
    for path in files:
        content = path.read_bytes()
        assert len(content) <= 1 << 20
        assert content.count(b"<DodatkowyOpis>") <= 10_000
    # What comes back of the second part corrects the second part.
    after = DAY + timedelta(1)
    night(database_url, after, [reversal(sales[-1], -3_699, business_date=after),
                                reversal(sales[0], -2_000, business_date=after)], tmp_path,
          settings=POLISH)
    assert [rows[0]["corrects"] for rows in invoices(tmp_path, after).values()] == [
        "F2026-000001", "F2026-000002"]


def test_a_direct_debit_names_its_mandate(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    tax(database_url, collected_by="direct_debit")
    sql(database_url, "INSERT INTO mandate (mandate_id, account_id, scheme, signed_on, "
                      "debtor_name, iban) VALUES ('M-1', $1, 'B2B', $2, 'Fleet', "
                      "'FR7630006000011234567890189')", FLEET, DAY)
    settings = load_settings()
    creditor = {"name": "Operator", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
                "identifier": "DE98ZZZ09999999999"}
    text = json.loads(settings.encode())
    text["bankfiles"]["collection"]["creditor"] = creditor
    night(database_url, DAY, [fuel("sale", 1_200)], tmp_path,
          settings=load_settings(json.dumps(text)))
    ubl, = (tmp_path / DAY.isoformat() / "fuel" / "invoices").glob("*.ubl.xml")
    content = ubl.read_text()
    for told in ("<cbc:PaymentMeansCode>59<", "<cac:PaymentMandate><cbc:ID>M-1<",
                 ">FR7630006000011234567890189<", ">DE98ZZZ09999999999<"):
        assert told in content
    assert read_ubl(ubl) == (1, 1_200, "EUR")


def test_an_invoice_may_be_asked_for(database_url: str, tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    tax(database_url, invoice_period="month")
    sql(database_url, "INSERT INTO invoice_request (account_id, up_to, who) "
                      "VALUES ($1, $2, 'clerk')", FLEET, DAY)
    night(database_url, DAY, [fuel("sale", 1_200)], tmp_path)
    assert list(invoices(tmp_path, DAY)) == ["F2026-000001"]
    after = DAY + timedelta(1)
    night(database_url, after, [fuel("next", 1_200, business_date=after)], tmp_path)
    assert invoices(tmp_path, after) == {}


def test_processes_write_the_same_bytes(database_url: str, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(make_day(database_url, []))
    rows = [fuel(f"sale-{number}", 1_200 + number, currency=currency)
            for number, currency in enumerate(("EUR", "RSD", "PLN", "HUF"))]
    first = night(database_url, DAY, rows, tmp_path / "here")
    monkeypatch.setattr(writing, "_HERE", 0)
    again = night(database_url, DAY, [], tmp_path / "there")
    assert again.digest == first.digest
    assert len(invoices(tmp_path / "there", DAY)) == 4


@pytest.mark.parametrize(("table", "change"), [
    ("fuel_line", "pump_minor = pump_minor + 1"),
    ("invoice", "gross_minor = gross_minor + 1, rounding_minor = rounding_minor + 1"),
    ("invoice", "serial = serial + 5"), ("fuel_line", "content = '[]'"),
    ("invoice_line", "until = until + 1")])
def test_a_changed_record_is_noticed(table: str, change: str, database_url: str,
                                     tmp_path: Path) -> None:
    asyncio.run(make_day(database_url, []))
    night(database_url, DAY, [fuel("sale", 1_200), fuel("dinar", 900, currency="RSD")], tmp_path)
    with pytest.raises(asyncpg.RestrictViolationError):
        sql(database_url, f"UPDATE {table} SET {change}")
    sql(database_url, f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    where = " WHERE currency = 'RSD'"
    sql(database_url, f"UPDATE {table} SET {change}{where}")
    with pytest.raises(ClearingError, match=r"is not|come to|the files say"):
        night(database_url, DAY, [], tmp_path / "again")


def test_vat_is_once_a_rate_and_the_parts_come_to_the_total(database_url: str,
                                                            tmp_path: Path) -> None:
    """Three lines of 0.02 at 20 %: 0.01 of VAT from 0.06, not three times nothing."""
    settings = load_settings()
    groups = tuple(msgspec.structs.replace(group, vat_basis_points=550)
                   if group.name == "Merchandise" else group for group in settings.product_groups)
    food = {"items": [{"product": "420", "amount_minor": 999}]}
    asyncio.run(make_day(database_url, []))
    night(database_url, DAY, [*(fuel(f"sale-{number}", 2) for number in range(3)),
                              fuel("food", 999, detail=food)], tmp_path,
          settings=msgspec.structs.replace(settings, product_groups=groups))
    rows = invoices(tmp_path, DAY)["F2026-000001"]
    assert [(row["vat_percent"], row["net"], row["vat"]) for row in rows
            if row["record"] == "vat"] == [("5.5", "9.47", "0.52"), ("20", "0.06", "0.01")]
    assert [rows[-1][name] for name in ("net", "vat", "rounding", "gross")] == [
        "9.53", "0.53", "-0.01", "10.05"]
    assert balance(database_url, "5900") == 1  # a cent was given away

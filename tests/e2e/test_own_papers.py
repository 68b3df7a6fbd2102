"""Papers between the operator and parties, on a real PostgreSQL: fee invoices, self-billing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from clearing.errors import ClearingError
from clearing.ownbooks import paper_store
from clearing.settings import load_settings
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    MERCHANT,
    NEXT,
    Row,
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
    ADDRESS,
    IBAN,
    QUIET,
    SUPPLIER,
    balance,
    counted_stay,
    documents,
    gross_shop,
    more,
    night,
    safe_day,
    supplier,
    taxed,
)

pytestmark = pytest.mark.invariant(11)


# Fee invoices.

def test_what_a_merchant_owes_is_asked_for(database_url: str, tmp_path: Path) -> None:
    gross_shop(database_url, [*payment("pay-1", 1_999), *payment("pay-2", 2_000)])
    made = night(database_url, tmp_path)
    invoice, = documents(database_url)
    # 1.25 % and 10 of each: 35 and 35; VAT of the customer without a number, as at home.
    assert (invoice.net_minor, invoice.vat_minor, invoice.payable_minor) == (70, 14, 84)
    assert (invoice.number, invoice.type_code) == ("FEE2026-000001", "380")
    assert balance(database_url, "1500", MERCHANT) == 84
    row, = sql(database_url, "SELECT kind, series, serial, gross_minor, collected_by FROM invoice "
                             "WHERE kind = 'fee'")
    assert row[:] == ("fee", "FEE2026", 1, 84, "transfer")
    files = {file.path: file for file in made.run("payments").files}
    file = files["fee-invoices/FEE2026-000001.ubl.xml"]
    assert (file.count, file.sum_minor, file.recipient) == (1, 84, f"account/{MERCHANT}")
    assert "fee-invoices/FEE2026-000001.csv" in files
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")


def test_a_customer_in_another_country_accounts_for_the_vat(database_url: str,
                                                            tmp_path: Path) -> None:
    """The nights have booked VAT by the plan; the invoice takes it back out of the books."""
    gross_shop(database_url, payment("pay-1", 1_999))
    taxed(database_url, MERCHANT, vat_id="FR83404833048", country="FR")
    night(database_url, tmp_path)
    invoice, = documents(database_url)
    group, = invoice.vat
    assert (group.category, group.reason_code, invoice.payable_minor) == ("AE", "VATEX-EU-AE", 35)
    assert (balance(database_url, "1500", MERCHANT), balance(database_url, "2700")) == (35, 0)


def test_a_period_has_one_invoice_and_no_night_is_left_out(database_url: str,
                                                           tmp_path: Path) -> None:
    """The 23rd of July 2026 is a Thursday. VAT is worked out once, not a night."""
    gross_shop(database_url, [*payment("one", 1_000), *payment("two", 1_000)])
    taxed(database_url, MERCHANT, vat_id="", invoice_period="week")
    for number in range(4):
        day = DAY + timedelta(number)
        if number:
            more(database_url, payment(f"more-{number}", 1_000 + number, business_date=day))
        night(database_url, tmp_path, day)
        assert len(documents(database_url)) == (number == 3)
    invoice, = documents(database_url)
    fees = sql(database_url, "SELECT sum(fees_minor)::int, sum(vat_minor)::int "
                             "FROM merchant_settlement")[0]
    assert invoice.net_minor == fees[0]
    assert invoice.vat_minor == (fees[0] * 2_000 + 5_000) // 10_000 != fees[1]
    assert balance(database_url, "1500", MERCHANT) == invoice.payable_minor
    assert (invoice.period_from, invoice.period_to) == (date(2026, 7, 20), date(2026, 7, 26))
    assert sql(database_url, "SELECT count(*)::int FROM fee_open")[0][0] == 0


def test_fees_that_were_netted_are_on_an_invoice_that_is_paid(database_url: str,
                                                              tmp_path: Path) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    sql(database_url, "UPDATE merchant_plan SET settlement = '{\"by\": \"net\"}'")
    night(database_url, tmp_path)
    assert documents(database_url) == [], "nobody has told his tax data: the settlement has it"
    taxed(database_url, MERCHANT, vat_id="DE136695976")
    more(database_url, payment("pay-2", 1_999, business_date=NEXT))
    night(database_url, tmp_path, NEXT)
    invoice, = documents(database_url)
    assert invoice.means is not None
    assert (invoice.payable_minor, invoice.means.code, invoice.terms) == (
        42, "97", "Taken off what was paid to you")
    assert balance(database_url, "1500") == 0
    assert sql(database_url, "SELECT collected_by FROM invoice WHERE kind = 'fee'")[0][0] \
        == "netted"


def test_fees_that_come_to_nothing_wait(database_url: str, tmp_path: Path) -> None:
    gross_shop(database_url, [])
    sql(database_url, "INSERT INTO fee_open (stream, account_id, currency, is_netted, first_day) "
                      "VALUES ('payments', $1, 'EUR', false, $2)", MERCHANT, DAY)
    night(database_url, tmp_path)
    assert documents(database_url) == []
    assert sql(database_url, "SELECT first_day FROM fee_open")[0][0] == DAY


def test_a_client_of_safes_is_asked_for_fees_and_interest_bears_none(database_url: str,
                                                                     tmp_path: Path) -> None:
    safe_day(database_url, [deposit("night", 60_000, life={"stay_id": 1}),
                            deposit("two", 200_000)])
    sql(database_url, "UPDATE account SET posting = '{\"fees\": \"invoice\"}'")
    night(database_url, tmp_path)
    sql(database_url, "UPDATE cassette_stay SET state = 'settled', closed_at = $1, counted_at = $1",
        datetime(2026, 7, 30, 12, tzinfo=UTC))
    sql(database_url, "UPDATE deposit SET state = 'verified'")
    night(database_url, tmp_path, NEXT)
    first, second = documents(database_url)
    stated = sql(database_url, "SELECT gross_minor::int FROM fee_statement ORDER BY number")
    assert [first.payable_minor, second.payable_minor] == [row[0] for row in stated]
    assert [group.category for group in second.vat] == ["E", "S"]
    assert "135(1)(b)" in second.vat[0].reason
    assert balance(database_url, "1500", CLIENT) == sum(row[0] for row in stated)
    assert [line.name for line in first.lines] == ["Deposits", "Share of what was deposited"]


def test_without_a_tax_number_fees_wait(database_url: str, tmp_path: Path) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    nameless = msgspec.structs.replace(
        QUIET, invoicing=msgspec.structs.replace(QUIET.invoicing, vat_id=""))
    night(database_url, tmp_path, DAY, nameless)
    assert documents(database_url) == []
    night(database_url, tmp_path, NEXT)
    assert documents(database_url)[0].payable_minor == 42


def test_a_night_that_dies_leaves_no_gap_in_the_numbers(database_url: str, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    with monkeypatch.context() as patched:
        patched.setattr(paper_store, "statement", lambda _: "SELECT 1 / (0 * length($1))")
        with pytest.raises(asyncpg.DivisionByZeroError):
            night(database_url, tmp_path)
    assert sql(database_url, "SELECT count(*)::int FROM invoice WHERE kind = 'fee'")[0][0] == 0
    night(database_url, tmp_path)
    assert documents(database_url)[0].number == "FEE2026-000001"


def test_a_spoilt_paper_stops_the_night(database_url: str, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    real = paper_store._row

    def wrong(*given: Any) -> tuple[object, ...]:
        return (*real(*given)[:13], 1, *real(*given)[14:])  # gross_minor
    monkeypatch.setattr(paper_store, "_row", wrong)
    with pytest.raises(ClearingError, match="paper_"):
        night(database_url, tmp_path)
    assert not (tmp_path / "2026-07-23" / "payments").exists()


# Suppliers.

def test_a_courier_is_billed_for_and_paid(database_url: str, tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    made = night(database_url, tmp_path)
    paper, = documents(database_url, "self_billed")
    assert (paper.type_code, paper.seller.name, paper.buyer.name) == (
        "389", "Swift & Sons", "Authhost Operator")
    assert [(line.name, line.quantity, line.net_minor) for line in paper.lines] == [
        ("Pick-up of cassettes", 1, 400), ("Count of cassettes", 1, 100)]
    assert (paper.net_minor, paper.vat_minor, paper.payable_minor) == (500, 95, 595)
    # All of it under his account, so that his own books say what he is owed.
    assert (balance(database_url, "2450"), balance(database_url, "2450", SUPPLIER),
            balance(database_url, "1600")) == (0, 0, 95)
    credit, = sql(database_url, "SELECT end_to_end_id, amount_minor, place_id FROM clearing_credit "
                                "WHERE purpose = 'supplier_payment'")
    assert credit[:] == ("20260723-CASH-1-U0000001", 595, "SB2026-000001")
    paid = [file for file in made.files if file.kind == "supplier_payment_xml"]
    assert [(file.path, file.count, file.sum_minor) for file in paid] == [
        ("cash/bank/suppliers-EUR.xml", 1, 595)]
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / "2026-07-23") == tree(tmp_path / "2026-07-23")
    night(database_url, tmp_path, NEXT)
    assert len(documents(database_url, "self_billed")) == 1
    assert balance(database_url, "2450") == 0, "paid once"


def test_a_transfer_that_no_bank_would_take_is_tried_again(database_url: str,
                                                           tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    sql(database_url, "UPDATE account SET iban = 'DE00370400440532013000' WHERE account_id = $1",
        SUPPLIER)
    assert [case.reason for case in night(database_url, tmp_path).cases
            if case.kind == "supplier_payment"] == ["iban_invalid"]
    sql(database_url, "UPDATE account SET iban = $2 WHERE account_id = $1", SUPPLIER, IBAN)
    made = night(database_url, tmp_path, NEXT)
    assert [file.sum_minor for file in made.files if file.kind == "supplier_payment_xml"] == [595]
    assert balance(database_url, "2450") == 0


def test_a_supplier_who_writes_his_own_is_given_a_list(database_url: str, tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1", invoicing="own")
    made = night(database_url, tmp_path)
    assert [file.path for file in made.run("cash").files if file.kind == "paper_csv_csv"] == [
        "to-compare/C20260723-CASH-1-000001.csv"]
    assert balance(database_url, "2450") == -500
    assert sql(database_url, "SELECT count(*)::int FROM invoice")[0][0] == 0


def test_what_a_supplier_owes_is_set_off(database_url: str, tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1", paid_by="netted")
    sql(database_url, "INSERT INTO ledger_transfer (run_id, transaction, line, debit, credit, "
                      "debit_account_id, credit_account_id, amount_minor, currency) VALUES "
                      "('before', 'K', 1, '1500', '4100', $1, $1, 200, 'EUR')", SUPPLIER)
    night(database_url, tmp_path)
    assert balance(database_url, "1500", SUPPLIER) == 0
    assert sql(database_url, "SELECT amount_minor::int FROM clearing_credit WHERE purpose = "
                             "'supplier_payment'")[0][0] == 395
    assert balance(database_url, "2450") == 0


@pytest.mark.parametrize(("settled", "country", "small", "category"), [
    ("FR83404833048", "FR", False, "AE"), ("DE136695976", "DE", True, "E")])
def test_the_vat_of_a_suppliers_service(settled: str, country: str, small: bool, category: str,
                                        database_url: str, tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1", small_business=small)
    sql(database_url, "UPDATE account_tax SET vat_id = $1, country = $2", settled, country)
    night(database_url, tmp_path)
    paper, = documents(database_url, "self_billed")
    assert ([group.category for group in paper.vat], paper.payable_minor) == ([category], 500)


def dealer(database_url: str, basis: str, rows: list[Row], **terms: Any) -> None:
    wait(make_day(database_url, rows))
    supplier(database_url, **terms)
    if basis == "purchase":
        sql(database_url, "UPDATE merchant SET account_id = $1 WHERE merchant_id = 'STATION'",
            SUPPLIER)
    sql(database_url, "INSERT INTO station_terms (merchant_id, valid_from, version, account_id, "
                      "terms, who) VALUES ('STATION', '2026-01-01', 1, $1, $2::text::jsonb, 't')",
        SUPPLIER, json.dumps({"basis": basis, "commissions": [
            {"first": "010", "last": "019", "per_litre": "1.2"}, {"percent": "2.5"}]}))


def test_a_dealers_fuel_is_bought_less_the_commission(database_url: str, tmp_path: Path) -> None:
    """20.125 litres of product 012 each: 24.15 a sale, and the one that was given back is none."""
    gone = fuel("gone", 4_000)
    partly = fuel("partly", 5_000)
    dealer(database_url, "purchase", [
        fuel("one", 41_357), fuel("two", 1_000), gone, reversal(gone, -4_000), partly,
        reversal(partly, -1_000), fuel("dinar", 99_900, currency="RSD")])
    made = night(database_url, tmp_path)
    papers = {paper.currency: paper for paper in documents(database_url, "self_billed")}
    paper = papers["EUR"]
    sold = 41_357 + 1_000 + 4_000
    # Sales and returns of one night and product are rounded together; the part has no litres.
    kept = round(3 * 20.125 * 1.2)
    assert paper.payable_minor == sold - kept
    assert paper.net_minor + paper.vat_minor + paper.rounding_minor == paper.payable_minor
    assert balance(database_url, "2100", SUPPLIER) == 0
    assert sql(database_url, "SELECT sum(amount_minor)::int FROM ledger_transfer WHERE debit = "
                             "'2100' AND credit <> '2450' AND currency = 'EUR'")[0][0] == kept
    assert [line.name for line in paper.lines] == ["Fuel 012", "Fuel 012", "Commission 012"]
    assert made.balanced
    assert sql(database_url, "SELECT amount_minor::int FROM clearing_credit WHERE purpose = "
                             "'supplier_payment' AND currency = 'EUR'")[0][0] == sold - kept


def test_an_agents_commission_is_his_invoice(database_url: str, tmp_path: Path) -> None:
    dealer(database_url, "agency", [fuel("one", 41_357), fuel("two", 1_000)])
    night(database_url, tmp_path)
    paper, = documents(database_url, "self_billed")
    assert (paper.net_minor, paper.vat_minor) == (48, 9)  # 40.25 litres at 1.2
    assert (balance(database_url, "5300"), balance(database_url, "1600"),
            balance(database_url, "2450")) == (48, 9, 0)
    assert balance(database_url, "2100") == -42_357, "the fuel is the operator's"


def test_more_given_back_than_sold_waits(database_url: str, tmp_path: Path) -> None:
    dealer(database_url, "purchase", [])
    more(database_url, [fuel("old", 9_000)])
    night(database_url, tmp_path)
    back = reversal({**fuel("old", 9_000)}, -9_000, business_date=NEXT)
    more(database_url, [back, fuel("new", 1_000, business_date=NEXT)])
    night(database_url, tmp_path, NEXT)
    assert len(documents(database_url, "self_billed")) == 1
    third = NEXT + timedelta(1)
    more(database_url, [fuel("newer", 20_000, business_date=third)])
    night(database_url, tmp_path, third)
    _, second = documents(database_url, "self_billed")
    assert second.payable_minor == 20_000 + 1_000 - 9_000 - round(20.125 * 1.2)
    assert balance(database_url, "2100", SUPPLIER) == 0


def test_a_paper_is_typeset_too(database_url: str, tmp_path: Path) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    counted = night(database_url, tmp_path, DAY, load_settings()).run("payments").files
    page, = (file for file in counted if file.kind == "paper_pdf_pdf")
    assert (page.path, page.count, page.sum_minor) == ("fee-invoices/FEE2026-000001.pdf", 1, 42)
    assert (tmp_path / "2026-07-23" / "payments" / page.path).read_bytes().startswith(b"%PDF-")


def told(database_url: str) -> list[tuple[str, str, str]]:
    return [row[:] for row in sql(
        database_url, "SELECT reason, subject_kind, subject FROM clearing_exception WHERE state "
                      "NOT IN ('decided', 'closed') AND subject_kind <> 'invoice' ORDER BY 1, 2")]


def test_who_cannot_be_named_waits_and_somebody_is_told(database_url: str, tmp_path: Path) -> None:
    gross_shop(database_url, payment("pay-1", 1_999))
    sql(database_url, "UPDATE account SET address = '{}' WHERE account_id = $1", MERCHANT)
    night(database_url, tmp_path)
    assert documents(database_url) == []
    assert told(database_url) == [("address_incomplete", "fee_invoice", f"{MERCHANT}/EUR")]
    sql(database_url, "UPDATE account SET address = $2::text::jsonb WHERE account_id = $1",
        MERCHANT, ADDRESS)
    night(database_url, tmp_path, NEXT)
    assert [paper.payable_minor for paper in documents(database_url)] == [42]
    assert told(database_url) == []


def test_a_supplier_without_a_tax_number_waits(database_url: str, tmp_path: Path) -> None:
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    sql(database_url, "UPDATE account_tax SET vat_id = ''")
    night(database_url, tmp_path)
    assert documents(database_url, "self_billed") == []
    assert told(database_url) == [("seller_vat_id_missing", "self_billed", f"{SUPPLIER}/EUR")]
    sql(database_url, "UPDATE account_tax SET company_id = '12/345'")
    night(database_url, tmp_path, NEXT)
    assert [paper.payable_minor for paper in documents(database_url, "self_billed")] == [595]
    assert told(database_url) == []


def test_a_currency_that_waits_is_not_forgotten_for_another(database_url: str,
                                                            tmp_path: Path) -> None:
    """Euros come to less than nothing while dinars are settled."""
    dealer(database_url, "purchase", [fuel("old", 9_000)])
    night(database_url, tmp_path)
    more(database_url, [reversal(fuel("old", 9_000), -9_000, business_date=NEXT),
                        fuel("dinar", 99_900, currency="RSD", business_date=NEXT)])
    night(database_url, tmp_path, NEXT)
    third = NEXT + timedelta(1)
    more(database_url, [fuel("newer", 20_000, business_date=third)])
    night(database_url, tmp_path, third)
    assert [(paper.currency, paper.payable_minor)
            for paper in documents(database_url, "self_billed")] == [
        ("EUR", 8_976), ("RSD", 99_876), ("EUR", 20_000 - 9_000)]
    assert balance(database_url, "2100", SUPPLIER) == 0

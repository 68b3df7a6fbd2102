"""Fees of merchants and safe clients abroad: what is netted has no VAT that they account for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncpg
import pypdfium2
import pytest

from clearing.bookings import client_statements
from clearing.invoices.document import Document
from clearing.run_id import RunId
from clearing.settings import load_settings
from tests.e2e.clearing_day import CLIENT, DAY, MERCHANT, NEXT, deposit, payment, sql, tree, wait
from tests.e2e.test_clearing_fees import statements
from tests.support.own_books import (
    QUIET,
    balance,
    documents,
    gross_shop,
    more,
    night,
    safe_day,
    taxed,
)

pytestmark = pytest.mark.invariant(11)


def netted(database_url: str) -> None:
    """A shop whose plan has 20 % VAT and takes its fees off what is paid: 35 of 1,999."""
    gross_shop(database_url, payment("pay-1", 1_999))
    sql(database_url, "UPDATE merchant_plan SET settlement = '{\"by\": \"net\"}'")


def settled(database_url: str) -> list[tuple[int, ...]]:
    return [tuple(row) for row in sql(
        database_url, "SELECT fees_minor::int, vat_minor::int, payout_minor::int "
                      "FROM merchant_settlement ORDER BY business_date")]


@pytest.mark.parametrize(("vat_id", "country", "vat", "category", "code"), [
    ("DE136695976", "DE", 7, "S", ""), ("", "FR", 7, "S", ""),
    ("FR83404833048", "FR", 0, "AE", "VATEX-EU-AE"), ("CHE123456788", "CH", 0, "O", "VATEX-EU-O")])
def test_what_is_netted_has_the_vat_that_is_the_operators(
        vat_id: str, country: str, vat: int, category: str, code: str, database_url: str,
        tmp_path: Path) -> None:
    netted(database_url)
    taxed(database_url, MERCHANT, vat_id=vat_id, country=country)
    made = night(database_url, tmp_path)
    assert settled(database_url) == [(35, vat, 1_999 - 35 - vat)]
    invoice, = documents(database_url)
    group, = invoice.vat
    assert (group.category, group.reason_code, invoice.payable_minor, invoice.rounding_minor) == (
        category, code, 35 + vat, 0)
    assert [balance(database_url, code) for code in ("1500", "2700", "5910")] == [0, -vat, 0]
    assert made.balanced
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / DAY.isoformat()) == tree(tmp_path / DAY.isoformat())


def test_the_page_says_it_in_the_readers_words(database_url: str, tmp_path: Path) -> None:
    netted(database_url)
    taxed(database_url, MERCHANT, vat_id="ATU12345675", country="AT", forms=["pdf"])
    sql(database_url, "UPDATE account SET address = address || '{\"country\": \"AT\"}' "
                      "WHERE account_id = $1", MERCHANT)
    night(database_url, tmp_path, settings=load_settings())
    page, = (tmp_path / DAY.isoformat() / "payments" / "fee-invoices").glob("*.pdf")
    document = pypdfium2.PdfDocument(page)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert "Steuerschuldnerschaft des Leistungsempfängers" in " ".join(text.split())


def test_each_night_keeps_how_it_was(database_url: str, tmp_path: Path) -> None:
    """A number that is told within the period: the nights before have taken VAT, the rest not."""
    netted(database_url)
    taxed(database_url, MERCHANT, vat_id="", country="FR", invoice_period="week")
    night(database_url, tmp_path)
    sql(database_url, "UPDATE account_tax SET vat_id = 'FR83404833048'")
    for number in range(1, 4):
        day = DAY + timedelta(number)
        if day == NEXT:
            more(database_url, payment("pay-2", 1_999, business_date=day))
        night(database_url, tmp_path, day)
    assert settled(database_url) == [(35, 7, 1_957), (35, 0, 1_964)]
    invoice, = documents(database_url)
    assert sorted((group.category, group.net_minor, group.vat_minor) for group in invoice.vat) == [
        ("AE", 35, 0), ("S", 35, 7)]
    assert (invoice.payable_minor, invoice.rounding_minor) == (77, 0)
    assert [balance(database_url, code) for code in ("2700", "5910")] == [-7, 0]


LJUBLJANA, PARIS = "SI12345678", "FR83404833048"


def two_nights(database_url: str, out: Path, before: tuple[str, str],
               after: tuple[str, str]) -> list[Document]:
    """A fee a night, netted; between them the merchant tells another VAT number and country. The
    papers of the week, which are written again as they were."""
    netted(database_url)
    vat_id, country = before
    taxed(database_url, MERCHANT, vat_id=vat_id, country=country, invoice_period="week")
    night(database_url, out)
    sql(database_url, "UPDATE account_tax SET vat_id = $1, country = $2", *after)
    for number in range(1, 4):
        day = DAY + timedelta(number)
        if day == NEXT:
            more(database_url, payment("pay-2", 1_999, business_date=day))
        night(database_url, out, day)
    night(database_url, out / "again", day)
    assert tree(out / "again" / day.isoformat()) == tree(out / day.isoformat())
    return documents(database_url)


def told(papers: list[Document]) -> list[tuple[str, list[tuple[str, int, int]], int, int]]:
    """Of each paper the buyer's VAT number, the breakdown, what rounding left, what it asks for."""
    return [(paper.buyer.vat_id,
             [(group.category, group.net_minor, group.vat_minor) for group in paper.vat],
             paper.rounding_minor, paper.payable_minor) for paper in papers]


@pytest.mark.parametrize(("after", "later"), [
    (("", "AT"), ("", [("S", 35, 7)], 0, 42)),
    (("DE136695976", "DE"), ("DE136695976", [("S", 35, 7)], 0, 42)),
    ((PARIS, "FR"), (PARIS, [("AE", 35, 0)], 0, 35)),
    (("CHE123456788", "CH"), ("", [("O", 35, 0)], 0, 35))])
def test_fees_without_vat_stay_without_it(
        after: tuple[str, str], later: tuple[object, ...], database_url: str,
        tmp_path: Path) -> None:
    """As the night has netted them, under the number of that night; whatever the merchant is when
    the period ends."""
    papers = two_nights(database_url, tmp_path, (LJUBLJANA, "SI"), after)
    assert sorted(told(papers), key=repr) == sorted(
        [(LJUBLJANA, [("AE", 35, 0)], 0, 35), later], key=repr)
    assert balance(database_url, "5910") == 0
    assert len({paper.number for paper in papers}) == 2


def test_what_is_not_subject_to_vat_has_a_paper_of_its_own(database_url: str,
                                                           tmp_path: Path) -> None:
    """BR-O-11: beside it no other category; its parties tell no VAT number, the other's do."""
    papers = two_nights(database_url, tmp_path, ("DE136695976", "DE"), ("", "CH"))
    assert sorted(told(papers), key=repr) == [
        ("", [("O", 35, 0)], 0, 35), ("", [("S", 35, 7)], 0, 42)]
    sellers = {paper.vat[0].category: paper.seller.vat_id for paper in papers}
    assert sellers["O"] == ""
    assert sellers["S"] != ""
    assert [balance(database_url, code) for code in ("2700", "5910")] == [-7, 0]


# Clients of safes: their schedule has 20 % VAT, and 200,000 cost 230.

def stated(database_url: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in sql(
        database_url, "SELECT fees_minor::int, vat_minor::int, vat_category, vat_id "
                      "FROM fee_statement ORDER BY number")]


@pytest.mark.parametrize(("vat_id", "country", "vat", "category", "code"), [
    ("DE136695976", "DE", 46, "S", ""), ("", "FR", 46, "S", ""),
    (PARIS, "FR", 0, "AE", "VATEX-EU-AE"), ("CHE123456788", "CH", 0, "O", "VATEX-EU-O")])
def test_a_safe_clients_netted_fees_have_the_vat_that_is_the_operators(
        vat_id: str, country: str, vat: int, category: str, code: str, database_url: str,
        tmp_path: Path) -> None:
    safe_day(database_url, [deposit("one", 200_000)])
    taxed(database_url, CLIENT, vat_id=vat_id, country=country)
    made = night(database_url, tmp_path)
    kept = category if category != "S" else ""
    assert stated(database_url) == [(230, vat, kept, vat_id if category == "AE" else "")]
    assert balance(database_url, "1300") == -(200_000 - 230 - vat), "what the client is credited"
    invoice, = documents(database_url)
    group, = invoice.vat
    assert (group.category, group.reason_code, invoice.payable_minor, invoice.rounding_minor) == (
        category, code, 230 + vat, 0)
    assert [balance(database_url, code) for code in ("1500", "2700", "5910")] == [0, -vat, 0]
    assert made.balanced
    statement, = statements(tmp_path / DAY.isoformat())
    assert (statement.vat_category, statement.gross_minor) == (kept, 230 + vat)
    page = (tmp_path / DAY.isoformat() / "cash" / "fees" / f"{statement.number}.html").read_text()
    assert ("Reverse charge" in page, "Not subject to VAT" in page) == (
        category == "AE", category == "O")
    assert wait(fees_of_bookings(database_url)) == [("deposit", 30), ("percent", 200)] + (
        [("vat", vat)] if vat else [])
    night(database_url, tmp_path / "again")
    assert tree(tmp_path / "again" / DAY.isoformat()) == tree(tmp_path / DAY.isoformat())


def test_what_is_exempt_at_home_is_exempt_abroad(database_url: str, tmp_path: Path) -> None:
    """Statement and invoice say one thing: nobody accounts for VAT that there is not."""
    safe_day(database_url, [deposit("one", 200_000)])
    sql(database_url, "UPDATE safe_fee SET terms = terms || '{\"vat_basis_points\": 0}'")
    taxed(database_url, CLIENT, vat_id=PARIS, country="FR")
    night(database_url, tmp_path)
    assert stated(database_url) == [(230, 0, "", "")]
    assert told(documents(database_url)) == [(PARIS, [("E", 230, 0)], 0, 230)]
    page, = (tmp_path / DAY.isoformat() / "cash" / "fees").glob("*.html")
    assert "Reverse charge" not in page.read_text()


async def fees_of_bookings(database_url: str) -> list[tuple[str, int]]:
    """What the client's statement of bookings says of his fees."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            found, = [one async for one in client_statements(
                connection, RunId(DAY, "cash"), QUIET)]
    finally:
        await connection.close()
    return [(fee.kind, fee.amount_minor) for fee in found.fees]


def test_a_statement_keeps_how_it_was(database_url: str, tmp_path: Path) -> None:
    """Two statements of a week: the number is told after the first, and is another's after the
    second; the invoice of both says of each what it was."""
    safe_day(database_url, [deposit("one", 200_000)])
    taxed(database_url, CLIENT, vat_id="", country="FR", invoice_period="week")
    night(database_url, tmp_path)
    sql(database_url, "UPDATE account_tax SET vat_id = $1", PARIS)
    for number in range(1, 4):
        day = DAY + timedelta(number)
        if day == NEXT:
            more(database_url, [deposit("two", 200_000, business_date=day)])
        if number == 2:
            sql(database_url, "UPDATE account_tax SET vat_id = $1, country = 'SI'", LJUBLJANA)
        night(database_url, tmp_path, day)
    assert stated(database_url) == [(230, 46, "", ""), (230, 0, "AE", PARIS)]
    assert sorted(told(documents(database_url)), key=repr) == [
        (PARIS, [("AE", 230, 0)], 0, 230), (LJUBLJANA, [("S", 230, 46)], 0, 276)]
    assert [balance(database_url, code) for code in ("2700", "5910")] == [-46, 0]


def test_what_a_client_owes_is_stated_without_vat_too(database_url: str, tmp_path: Path) -> None:
    safe_day(database_url, [deposit("one", 200_000)])
    sql(database_url, "UPDATE account SET posting = '{\"fees\": \"invoice\"}'")
    taxed(database_url, CLIENT, vat_id=PARIS, country="FR")
    night(database_url, tmp_path)
    assert stated(database_url) == [(230, 0, "AE", PARIS)]
    assert told(documents(database_url)) == [(PARIS, [("AE", 230, 0)], 0, 230)]
    assert [balance(database_url, code) for code in ("1500", "2700")] == [230, 0]

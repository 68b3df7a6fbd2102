"""A Polish operator's fee invoices are KSeF's: files, what waits, numbers, pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from clearing.documents.ksef_pages import write_ksef_pages
from clearing.settings import Settings
from tests.e2e.clearing_day import CLIENT, DAY, MERCHANT, NEXT, deposit, payment, sql, tree, wait
from tests.e2e.test_invoices_abroad import page as first_page
from tests.e2e.test_own_papers import told
from tests.support.own_books import (
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
from tests.support.vat_abroad import NIP, POLISH, exchange_rate

pytestmark = pytest.mark.invariant(11)

SETTINGS: Settings = msgspec.structs.replace(POLISH, documents=QUIET.documents)
NUMBER = "FEE2026-000001"


def shop(database_url: str, *, vat_id: str = "PL9542742927", country: str = "PL",
         forms: tuple[str, ...] = ("ksef", "csv")) -> None:
    """A merchant who owes fees of 35 at Polish VAT."""
    gross_shop(database_url, payment("pay-1", 1_999))
    sql(database_url, "UPDATE merchant_plan SET fees = fees || '{\"vat_basis_points\": 2300}'")
    taxed(database_url, MERCHANT, vat_id=vat_id, country=country, forms=list(forms))


def files(out: Path, stream: str = "payments", day: str = DAY.isoformat()) -> list[str]:
    return sorted(path.name for path in (out / day / stream).glob("*/FEE*"))


def test_a_merchant_is_invoiced_through_ksef(database_url: str, tmp_path: Path) -> None:
    shop(database_url)
    exchange_rate(database_url, DAY, "4.9")  # of the day itself: it is not known yet
    night(database_url, tmp_path, settings=SETTINGS)
    assert documents(database_url) == []
    assert told(database_url) == [("exchange_rate_missing", "fee_invoice", f"{MERCHANT}/EUR")]
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    exchange_rate(database_url, DAY, "4.2613")
    made = night(database_url, tmp_path, NEXT, SETTINGS)
    assert told(database_url) == []
    assert files(tmp_path, day=NEXT.isoformat()) == [f"{NUMBER}.csv", f"{NUMBER}.ksef.xml"]
    text = (tmp_path / NEXT.isoformat() / "payments" / "fee-invoices" / f"{NUMBER}.ksef.xml") \
        .read_text()
    for part in (f"<NIP>{NIP}</NIP>", "<P_13_1>0.35</P_13_1><P_14_1>0.08</P_14_1>",
                 "<P_14_1W>0.34</P_14_1W>", "<P_15>0.43</P_15>"):
        assert part in text
    file, = (file for file in made.run("payments").files if file.kind == "paper_ksef_xml")
    assert (file.count, file.sum_minor, file.recipient) == (1, 43, f"account/{MERCHANT}")
    assert balance(database_url, "1500", MERCHANT) == 43
    assert sql(database_url, "SELECT to_ksef FROM invoice WHERE kind = 'fee'")[0][0]
    night(database_url, tmp_path / "again", NEXT, SETTINGS)
    assert tree(tmp_path / "again" / NEXT.isoformat()) == tree(tmp_path / NEXT.isoformat())


def test_a_safe_client_abroad_is_invoiced_through_ksef(database_url: str, tmp_path: Path) -> None:
    """Netted, and the client accounts for the VAT: no rate of exchange is needed."""
    safe_day(database_url, [deposit("one", 200_000)])
    taxed(database_url, CLIENT, vat_id="FR83404833048", country="FR", forms=["ksef"])
    night(database_url, tmp_path, settings=SETTINGS)
    assert files(tmp_path, "cash") == [f"{NUMBER}.ksef.xml"]
    text = (tmp_path / DAY.isoformat() / "cash" / "fee-invoices" / f"{NUMBER}.ksef.xml").read_text()
    assert "<P_13_9>2.30</P_13_9><P_15>2.30</P_15>" in text
    assert "<P_12>np II</P_12>" in text


def test_who_wants_no_other_form_of_another_seller_waits(database_url: str,
                                                         tmp_path: Path) -> None:
    shop(database_url, forms=("ksef",))
    night(database_url, tmp_path)  # the seller is German
    assert documents(database_url) == []
    assert told(database_url) == [("form_missing", "fee_invoice", f"{MERCHANT}/EUR")]
    sql(database_url, "UPDATE account_tax SET forms = '{ksef,csv}'")
    night(database_url, tmp_path, NEXT)
    assert files(tmp_path, day=NEXT.isoformat()) == [f"{NUMBER}.csv"]
    assert not sql(database_url, "SELECT to_ksef FROM invoice WHERE kind = 'fee'")[0][0]
    assert told(database_url) == []


def test_what_waits_of_an_account_stays_open_while_another_part_is_made(
        database_url: str, tmp_path: Path) -> None:
    """A week with fees netted at 23 %, then owed at a rate that KSeF does not know: of one name."""
    shop(database_url)
    sql(database_url, "UPDATE account_tax SET invoice_period = 'week'")
    sql(database_url, "UPDATE merchant_plan SET settlement = '{\"by\": \"net\"}'")
    night(database_url, tmp_path, settings=SETTINGS)
    sql(database_url, "UPDATE merchant_plan SET fees = fees || '{\"vat_basis_points\": 2000}', "
                      "settlement = '{\"by\": \"gross\"}'")
    more(database_url, payment("pay-2", 1_999, business_date=NEXT))
    exchange_rate(database_url, NEXT, "4.2613")
    for number in range(1, 4):
        night(database_url, tmp_path, DAY + timedelta(number), SETTINGS)
    assert [paper.payable_minor for paper in documents(database_url)] == [43]
    assert told(database_url) == [("vat_rate_not_polish", "fee_invoice", f"{MERCHANT}/EUR")]


@pytest.mark.parametrize(("client", "asked"), [(False, 43), (True, 283)])
def test_what_has_waited_is_asked_for_by_the_night_after_its_mend(
        client: bool, asked: int, database_url: str, tmp_path: Path) -> None:
    """A week's, by Monday's; what Monday has booked itself is the next week's."""
    sunday, monday = DAY + timedelta(3), DAY + timedelta(4)
    if client:
        safe_day(database_url, [deposit("one", 200_000)])
        sql(database_url, "UPDATE safe_fee SET terms = terms || '{\"vat_basis_points\": 2300}'")
        taxed(database_url, CLIENT, vat_id="PL9542742927", country="PL", forms=["ksef"])
        rows = [deposit("two", 200_000, business_date=monday)]
    else:
        shop(database_url)
        rows = payment("pay-2", 1_999, business_date=monday)
    sql(database_url, "UPDATE account_tax SET invoice_period = 'week'")
    for number in range(4):
        night(database_url, tmp_path, DAY + timedelta(number), SETTINGS)
    assert documents(database_url) == []
    exchange_rate(database_url, sunday, "4.2613")
    more(database_url, rows)
    night(database_url, tmp_path, monday, SETTINGS)
    paper, = documents(database_url)
    assert (paper.period_from, paper.period_to, paper.issued_on, paper.payable_minor) == (
        DAY - timedelta(3), sunday, monday, asked)
    assert [row["first_day"] for row in sql(database_url, "SELECT * FROM fee_open")] == [monday]
    assert [one for one in told(database_url) if one[1] == "fee_invoice"] == []


def test_vat_is_told_in_the_tax_offices_currency_in_any_form(database_url: str,
                                                             tmp_path: Path) -> None:
    shop(database_url, forms=("ubl",))
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    told_in = msgspec.structs.replace(SETTINGS.invoicing, vat_currency="PLN")
    night(database_url, tmp_path, settings=msgspec.structs.replace(SETTINGS, invoicing=told_in))
    text = (tmp_path / DAY.isoformat() / "payments" / "fee-invoices" / f"{NUMBER}.ubl.xml") \
        .read_text()
    assert "<cbc:TaxCurrencyCode>PLN</cbc:TaxCurrencyCode>" in text
    assert '<cbc:TaxAmount currencyID="PLN">0.34</cbc:TaxAmount>' in text


def test_a_suppliers_own_invoice_is_not_told_by_us(database_url: str, tmp_path: Path) -> None:
    """Self-billing in KSeF is the seller's to permit there. Without another form he has none, and
    waits."""
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    sql(database_url, "UPDATE account_tax SET forms = '{ksef}', vat_id = 'PL9542742927'")
    night(database_url, tmp_path, settings=SETTINGS)
    assert documents(database_url, "self_billed") == []
    assert told(database_url) == [("form_missing", "self_billed", f"{SUPPLIER}/EUR")]
    sql(database_url, "UPDATE account_tax SET forms = '{ksef,csv}'")
    night(database_url, tmp_path, NEXT, SETTINGS)
    folder = tmp_path / NEXT.isoformat() / "cash" / "self-billed"
    assert [path.name for path in folder.iterdir()] == ["SB2026-000001.csv"]
    assert not sql(database_url, "SELECT to_ksef FROM invoice WHERE kind = 'self_billed'")[0][0]


def test_its_number_is_on_pages_that_are_made_later(database_url: str, tmp_path: Path) -> None:
    shop(database_url, forms=("ksef", "pdf"))
    exchange_rate(database_url, DAY - timedelta(1), "4.2613")
    night(database_url, tmp_path / "files", settings=POLISH)
    page = tmp_path / "files" / DAY.isoformat() / "payments" / "fee-invoices" / f"{NUMBER}.pdf"
    assert "OFFLINE" in first_page(page)
    made, = wait(write_ksef_pages(database_url, DAY, tmp_path / "pages"))
    assert (made.number, made.ksef_number) == (NUMBER, "")
    given = f"{NIP}-20260724-0100001AF629-AF"
    sql(database_url, "INSERT INTO ksef_number (number, ksef_number, who) VALUES ($1, $2, 'boss')",
        NUMBER, given)
    made, = wait(write_ksef_pages(database_url, DAY, tmp_path / "pages"))
    assert made.ksef_number == given
    assert given in first_page(tmp_path / "pages" / f"{NUMBER}.pdf")

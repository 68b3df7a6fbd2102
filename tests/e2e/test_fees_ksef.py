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


def test_a_suppliers_own_invoice_is_not_told_by_us(database_url: str, tmp_path: Path) -> None:
    """Self-billing in KSeF is the seller's to permit there."""
    counted_stay(database_url)
    supplier(database_url, courier="C1")
    sql(database_url, "UPDATE account_tax SET forms = '{ksef,csv}', vat_id = 'PL9542742927' "
                      "WHERE account_id = $1", SUPPLIER)
    night(database_url, tmp_path, settings=SETTINGS)
    folder = tmp_path / DAY.isoformat() / "cash" / "self-billed"
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

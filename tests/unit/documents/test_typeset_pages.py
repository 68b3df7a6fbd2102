"""Pages read back: what a person sees is what was decided, in every language, however long."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from msgspec.structs import replace

from clearing.documents.client_page import client_page
from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.reading import read_client_page, read_invoice_page, read_settlement_page
from clearing.documents.settings import Documents
from clearing.documents.settlement_page import settlement_page
from clearing.documents.typesetting import typeset
from clearing.invoices.cii import cii
from clearing.invoices.document import CREDIT_NOTE, Document
from clearing.settings import load_settings
from tests.unit.documents.samples import client, invoice, payment, settlement

SETTINGS = load_settings()
COUNTRIES = pytest.mark.parametrize("country", ["GB", "DE", "PL", "SI"])


def hybrid(document: Document) -> bytes:
    return typeset(invoice_sheet(document, Documents(), cii="".join(cii(document)).encode()))


def words_of(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    found = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return found


@COUNTRIES
@pytest.mark.parametrize("fees_by", ["net", "gross"])
def test_a_settlement(country: str, fees_by: str, tmp_path: Path) -> None:
    rows = (payment(1, 1_234_567, 135), payment(2, -34_500, 25, "refund"),
            payment(3, 700, -25, "refund_returned"))
    made = settlement(rows, country=country, fees_by=fees_by, vat=27, held_back=61_728,
                      released=99, opening=-2_000)
    page = settlement_page(made, SETTINGS)
    (tmp_path / "s.pdf").write_bytes(typeset(page.sheet))
    assert read_settlement_page(tmp_path / "s.pdf") == (3, 1_200_767, "EUR")
    assert (page.record.count, page.record.sum_minor) == (3, 1_200_767)


@COUNTRIES
def test_a_note_that_needs_two_lines(country: str, tmp_path: Path) -> None:
    made = settlement((payment(1, 1_234, 5),), country=country, payout=0)
    reason = "the bank of the merchant has closed his account and said so in its last answer to us"
    page = settlement_page(replace(made, payout=replace(made.payout, reason=reason)), SETTINGS)
    (tmp_path / "s.pdf").write_bytes(typeset(page.sheet))
    assert read_settlement_page(tmp_path / "s.pdf") == (1, 1_234, "EUR")


@pytest.mark.parametrize("opening", [0, -500_000])
def test_a_settlement_without_a_payment(opening: int, tmp_path: Path) -> None:
    made = settlement((), released=1_000, opening=opening)
    (tmp_path / "s.pdf").write_bytes(typeset(settlement_page(made, SETTINGS).sheet))
    assert read_settlement_page(tmp_path / "s.pdf") == (0, 0, "EUR")
    [text] = words_of((tmp_path / "s.pdf").read_bytes())
    assert ("Owed by you" in text) == (opening < 0)


@COUNTRIES
def test_a_clients_statement(country: str, tmp_path: Path) -> None:
    statement = client(country)
    (tmp_path / "b.pdf").write_bytes(typeset(client_page(statement, SETTINGS).sheet))
    moved = statement.head.closing_minor - statement.head.opening_minor
    assert read_client_page(tmp_path / "b.pdf") == (10, moved, "EUR")
    text = "".join(words_of((tmp_path / "b.pdf").read_bytes()))
    for shown in ("SAFE1", "C2", "BANK-77", "R-1", "SI0012-7"):
        assert shown in text


@COUNTRIES
@pytest.mark.parametrize("type_code", ["380", CREDIT_NOTE])
def test_an_invoice_and_the_xml_in_it(country: str, type_code: str, tmp_path: Path) -> None:
    document = invoice(12, country=country, type_code=type_code, rounding=1)
    (tmp_path / "i.pdf").write_bytes(hybrid(document))
    sign = -1 if type_code == CREDIT_NOTE else 1
    assert read_invoice_page(tmp_path / "i.pdf") == (12, sign * document.payable_minor, "EUR")


def test_a_page_with_the_xml_of_another_invoice_is_refused(tmp_path: Path) -> None:
    shown, carried = invoice(12), invoice(13)
    (tmp_path / "i.pdf").write_bytes(typeset(invoice_sheet(
        shown, Documents(), cii="".join(cii(carried)).encode())))
    with pytest.raises(ValueError, match=r"the page says \(12, .*, the XML \(13, "):
        read_invoice_page(tmp_path / "i.pdf")
    (tmp_path / "i.pdf").write_bytes(typeset(invoice_sheet(shown, Documents())))
    with pytest.raises(ValueError, match=r"no factur-x\.xml"):
        read_invoice_page(tmp_path / "i.pdf")
    for bad in (b"<x/>", b"no xml"):
        (tmp_path / "i.pdf").write_bytes(typeset(invoice_sheet(shown, Documents(), cii=bad)))
        with pytest.raises(ValueError):  # noqa: PT011  # each says another thing
            read_invoice_page(tmp_path / "i.pdf")


def test_a_long_invoice_has_heads_numbers_and_its_vehicles_on_every_page(tmp_path: Path) -> None:
    document = invoice(1_000)
    (tmp_path / "i.pdf").write_bytes(hybrid(document))
    assert read_invoice_page(tmp_path / "i.pdf")[0] == 1_000
    pages = words_of((tmp_path / "i.pdf").read_bytes())
    assert len(pages) > 20
    for number, text in enumerate(pages, 1):
        assert f"Seite {number} / {len(pages)}" in text
        assert ("Rechnung F2026-000001" in text) == (number > 1)
        assert "Artikel" in text
        assert "KR 1" in text


def test_texts_of_strangers_are_no_code(tmp_path: Path) -> None:
    nasty = '#panic("x") *b* $x$ @ref <l> \\u{41} ' + "w" * 400 + " 花 \x07\x00"
    row = payment(1, 100, purpose=nasty)
    (tmp_path / "s.pdf").write_bytes(typeset(settlement_page(
        settlement((row,), name=nasty), SETTINGS).sheet))
    text = " ".join(words_of((tmp_path / "s.pdf").read_bytes())).replace("\r\n", " ")
    assert text.count('#panic("x") *b* $x$ @ref <l>') == 2  # of the merchant, of the payment
    assert "?" in text


def test_a_tagged_page_says_what_its_parts_are() -> None:
    sheet = invoice_sheet(invoice(), Documents(tagged=True))
    assert b"/StructTreeRoot" in typeset(sheet)
    assert b"/StructTreeRoot" not in typeset(invoice_sheet(invoice(), Documents()))

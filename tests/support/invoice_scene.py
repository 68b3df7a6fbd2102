"""Documents to write and read in tests: a fleet's invoice, its credit note, whatever else is asked.

Knows clearing.invoices' values alone.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from clearing.invoices.document import (
    CREDIT_NOTE,
    CREDIT_TRANSFER,
    DIRECT_DEBIT,
    INVOICE,
    NETTED,
    Document,
    Line,
    Party,
    PaymentMeans,
    Preceding,
)
from clearing.invoices.totals import (
    category_of,
    line_price,
    make_document,
    net_of,
    told_price,
    vat_of_rate,
)
from clearing.invoices.vat_told import Rate
from clearing.party import Address

DAY = date(2026, 7, 23)
SELLER = Party("Authhost Operator",
               Address("Kaiserstrasse", "1", "60311", "Frankfurt am Main", "DE"),
               vat_id="DE123456788", endpoint_id="DE123456788", endpoint_scheme="9930",
               contact="Invoices", phone="+49 69 1234567", email="invoices@example.com")
BUYER = Party("Transports <b>Müller</b> & Søn",
              Address("Rue de l'Été", "5", "75001", "Paris", "FR"),
              party_id="1", vat_id="FR83404833048", endpoint_id="fleet@example.com",
              endpoint_scheme="EM")
MEANS = PaymentMeans(CREDIT_TRANSFER, "F2026-000001", "DE89370400440532013000",
                     "Authhost Operator", "COBADEFFXXX")


def line(number: int, gross_minor: int = 4_137, *, rate: int = 2_000, quantity: str = "20.125",
         listed: str | None = "2.0890", gross: str = "2.0555", currency: str = "EUR",
         **other: Any) -> Line:
    """A line of diesel, with all that a fleet's line has."""
    net = net_of(gross_minor, rate)
    size = Decimal(quantity)
    attributes = ("AA-100-BB", "Jeanne", "700123******4567", "120345", "Motorway A1", "14:30",
                  f"sale-{number}", "")
    values: dict[str, Any] = {
        "name": "Diesel", "unit": "LTR", "rate_basis_points": rate,
        "category": category_of(rate), "gross_minor": gross_minor,
        "group": "AA-100-BB", "item_id": "012", "start": DAY, "end": DAY, "attributes": attributes}
    told = told_price(Decimal(gross), None if listed is None else Decimal(listed), rate)
    return Line(number=number, quantity=size, net_minor=net,
                **({"price": line_price(told, size, net, currency)} | values | other))


def invoice(lines: list[Line] | None = None, **other: Any) -> Document:
    """An invoice of two lines, or of these."""
    told = [line(1), line(2, 5_000, gross="2.4845")] if lines is None else lines
    values: dict[str, Any] = {
        "number": "F2026-000001", "type_code": INVOICE, "issued_on": DAY, "currency": "EUR",
        "seller": SELLER, "buyer": BUYER, "due_on": date(2026, 8, 6), "period": (DAY, DAY),
        "means": MEANS, "buyer_reference": "1", "terms": "14 days",
        "gross_minor": sum(one.gross_minor for one in told)}
    return make_document(lines=told, **(values | other))


def credit_note(lines: list[Line] | None = None, **other: Any) -> Document:
    """What gives back a line of that invoice, or these."""
    return invoice([line(1)] if lines is None else lines, **({
        "number": "G2026-000001", "type_code": CREDIT_NOTE, "terms": "Given back",
        "means": PaymentMeans(NETTED), "preceding": (Preceding("F2026-000001", DAY),)} | other))


def debit() -> Document:
    """What is collected by a mandate."""
    return invoice(means=PaymentMeans(
        DIRECT_DEBIT, "F2026-000001", mandate="M-1", creditor_id="DE98ZZZ09999999999",
        debited_iban="FR7630006000011234567890189"))


def abroad(*, reverse_charge: bool = False, **other: Any) -> Document:
    """Fuel that went into the tank in Austria; with a kind of it that bears no VAT."""
    sold = [line(1), line(2, 5_000, gross="2.4845"), line(3, 700, rate=0, listed=None)]
    if reverse_charge:
        sold = [msgspec.structs.replace(
            one, category=category, rate_basis_points=rate, gross_minor=one.net_minor)
            for one in sold for category, rate in [vat_of_rate(
                one.rate_basis_points, reverse_charge=True)]]
    buyer = msgspec.structs.replace(BUYER, vat_id="ATU12345675")
    return invoice(sold, **({"delivered_in": "AT", "buyer": buyer} | other))


def zlotys(*, credit: bool = False) -> Document:
    """VAT in zlotys beside euros, two rates of it."""
    told = Rate("PLN", Decimal("4.2613"), date(2026, 7, 22))
    lines = [line(1, rate=2_300), line(2, 5_000, rate=800, gross="2.4845")]
    seller = msgspec.structs.replace(SELLER, vat_id="PL5260250274")
    if credit:
        return credit_note(lines=lines, seller=seller, told=told)
    return invoice(lines, seller=seller, told=told)

"""A fleet's invoice for one day: lines by vehicle, VAT by rate, what is owed.

PURE. Pump prices contain VAT. It is computed once a rate from that rate's gross total, never a line
(EN 16931, BR-CO-14 and the rounding of BT-117), so the parts always come to the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from clearing.money import vat_included
from clearing.party import Address
from clearing.settings import Debtor


class Line(msgspec.Struct, frozen=True, gc=False):
    """One product of one sale, or of one credit. quantity and unit_price as text, '' if unknown."""

    date: str
    time: str
    site: str
    card: str
    driver: str
    odometer: str
    product: str
    product_group: str
    quantity: str
    unit: str
    unit_price: str
    amount_minor: int
    vat_basis_points: int
    reference: str  # journal key
    credit_for: str = ""  # the key of what is given back
    credit_date: str = ""  # the business date that it was invoiced on, '' where not found


class Vehicle(msgspec.Struct, frozen=True):
    """A vehicle's lines, or those of a card without one."""

    label: str
    lines: tuple[Line, ...]
    litres: str
    subtotal_minor: int


class Vat(msgspec.Struct, frozen=True):
    """One rate: net + VAT = gross."""

    rate_basis_points: int
    gross_minor: int
    net_minor: int
    vat_minor: int


class Buyer(msgspec.Struct, frozen=True):
    """The fleet."""

    account_id: int
    name: str
    address: Address


class Seller(msgspec.Struct, frozen=True):
    """The operator, with the account to pay to."""

    name: str
    address: Address
    iban: str
    bic: str


class Invoice(msgspec.Struct, frozen=True):
    """transactions: journal rows; total_minor: what the ledger has in fleet receivable for them."""

    number: str
    run_id: str
    date: str
    currency: str
    seller: Seller
    buyer: Buyer
    vehicles: tuple[Vehicle, ...]
    vat: tuple[Vat, ...]
    transactions: int
    net_minor: int
    vat_minor: int
    total_minor: int


def make_invoice(*, number: str, run_id: str, date: str, currency: str, debtor: Debtor,
                 buyer: Buyer, lines: Iterable[tuple[str, Line]]) -> Invoice:
    """An invoice from (vehicle label, line) pairs; each vehicle keeps the order of its lines."""
    by_vehicle: dict[str, list[Line]] = {}
    gross_by_rate: dict[int, int] = {}
    references: set[str] = set()
    for label, line in lines:
        by_vehicle.setdefault(label, []).append(line)
        gross = gross_by_rate.get(line.vat_basis_points, 0)
        gross_by_rate[line.vat_basis_points] = gross + line.amount_minor
        references.add(line.reference)
    vat = tuple(_vat(rate, gross_by_rate[rate]) for rate in sorted(gross_by_rate))
    return Invoice(
        number=number, run_id=run_id, date=date, currency=currency,
        seller=Seller(debtor.name, debtor.address, debtor.iban, debtor.bic), buyer=buyer,
        vehicles=tuple(_vehicle(label, by_vehicle[label]) for label in sorted(by_vehicle)),
        vat=vat, transactions=len(references),
        net_minor=sum(group.net_minor for group in vat),
        vat_minor=sum(group.vat_minor for group in vat),
        total_minor=sum(group.gross_minor for group in vat),
    )


def _vehicle(label: str, lines: list[Line]) -> Vehicle:
    litres = sum((Decimal(line.quantity) for line in lines if line.unit == "L" and line.quantity),
                 Decimal(0))
    return Vehicle(label, tuple(lines), f"{litres:f}" if litres else "",
                   sum(line.amount_minor for line in lines))


def _vat(rate_basis_points: int, gross_minor: int) -> Vat:
    vat_minor = vat_included(gross_minor, rate_basis_points)
    return Vat(rate_basis_points, gross_minor, gross_minor - vat_minor, vat_minor)

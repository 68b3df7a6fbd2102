"""The papers between the operator and a party: fee invoices, and self-billed ones, by EN 16931.

PURE. Knows how sums become lines, and lines a document; what is charged was decided when it was
booked. Money in minor units of one currency, without VAT unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from clearing.invoices.document import (
    CREDIT_TRANSFER,
    INVOICE,
    OTHER_TRANSFER,
    OUT_OF_SCOPE,
    SELF_BILLED,
    Document,
    Line,
    Party,
    PaymentMeans,
    Vat,
)
from clearing.invoices.totals import line_price, make_document, net_of, step_of, vat_of
from clearing.invoices.vat_told import Rate
from clearing.money import vat_included
from clearing.ownbooks.vat import Treatment

_PIECE, _LITRE = "C62", "LTR"  # UN/ECE recommendation 20
_ONE: Final = Decimal(1)
FEE_NAMES: Final = {
    "phone": "Payments by phone", "qr": "Payments by QR code", "refund": "Refunds",
    "deposit": "Deposits", "note": "Notes counted", "coin": "Coins counted",
    "percent": "Share of what was deposited", "smallest": "Up to the smallest charge",
    "largest": "Down to the largest charge", "pickup": "Pick-ups", "count": "Counts",
    "monthly": "Months", "interest": "Interest for early credit"}
# Of these a quantity is a number of pieces; of the others it is money, or money times days.
_COUNTED: Final = frozenset({"phone", "qr", "refund", "deposit", "note", "coin", "pickup", "count",
                             "monthly"})
WORK_NAMES: Final = {"pickup": "Pick-up of cassettes", "settled": "Count of cassettes"}


class Account(msgspec.Struct, frozen=True):
    """A party as a paper needs it: who it is, where its money is, how it pays."""

    account_id: int
    party: Party
    country: str
    iban: str = ""
    bic: str = ""
    payment_days: int = 14


class Item(msgspec.Struct, frozen=True):
    """A line before it has a number. quantity: pieces or litres; amount_minor: without VAT, but for
    what is priced with it (`gross`)."""

    name: str
    quantity: Decimal
    unit: str
    amount_minor: int
    treatment: Treatment
    description: str = ""
    group: str = ""
    item_id: str = ""


class Issue(msgspec.Struct, frozen=True):
    """What a paper says of itself, and how it is paid."""

    number: str
    issued_on: date
    currency: str
    period: tuple[date, date]
    seller: Account
    buyer: Account
    means: PaymentMeans | None
    reference: str = ""  # BT-10: what the buyer's books want to read
    delivered_in: str = ""  # BT-80, of goods in another country than the operator's


def transfer_to(account: Account, currency: str, number: str) -> PaymentMeans | None:
    """A transfer to the account of who sells; None where he has told none (BR-61)."""
    if not account.iban:
        return None
    code = CREDIT_TRANSFER if currency == "EUR" else OTHER_TRANSFER
    return PaymentMeans(code, number, account.iban, account.party.name, account.bic)


def fee_item(kind: str, quantity: int, amount_minor: int, treatment: Treatment,
             base: str = "") -> Item:
    """A kind of fee. base: what it is of, readable; '' for none."""
    pieces = Decimal(quantity) if kind in _COUNTED and quantity else _ONE
    return Item(FEE_NAMES[kind], pieces if amount_minor >= 0 else -pieces, _PIECE, amount_minor,
                treatment, f"of {base}" if base else "")


def work_item(event: str, count: int, amount_minor: int, treatment: Treatment) -> Item:
    """What a courier or a cash centre has done so many times."""
    return Item(WORK_NAMES[event], Decimal(count), _PIECE, amount_minor, treatment)


def fuel_item(name: str, product: str, station: str, litres: Decimal, amount_minor: int,
              treatment: Treatment) -> Item:
    """A product of a station, or the commission of it; without litres, by the piece."""
    size = abs(litres) if litres else _ONE
    return Item(name, size if amount_minor >= 0 else -size, _LITRE if litres else _PIECE,
                amount_minor, treatment, group=station, item_id=product)


def due_on(issue: Issue) -> date:
    """When it is to be paid: as the one who pays has agreed."""
    return issue.issued_on + timedelta(days=issue.buyer.payment_days)


def fee_invoice(issue: Issue, items: Sequence[Item], paid_minor: int | None = None,
                told: Rate | None = None) -> Document:
    """The operator asks for fees. paid_minor: with VAT, as it was taken off already; None: owed.
    told: VAT is told in another currency too."""
    lines = _lines(items, issue)
    return make_document(
        number=issue.number, type_code=INVOICE, issued_on=issue.issued_on,
        currency=issue.currency, seller=_scoped(issue.seller.party, items),
        buyer=_scoped(issue.buyer.party, items), lines=lines, gross_minor=paid_minor,
        due_on=due_on(issue), period=issue.period, means=issue.means,
        terms="" if paid_minor is None else "Taken off what was paid to you",
        buyer_reference=issue.reference, vat=_groups(lines, items, issue.currency), told=told)


def self_billed(issue: Issue, items: Sequence[Item], *, gross: bool = False) -> Document:
    """The operator writes the supplier's invoice to itself. gross: amounts have VAT in them, and
    their sum is kept to the cent."""
    lines = _lines(items, issue, gross=gross)
    total = sum(item.amount_minor for item in items) if gross else None
    return make_document(
        number=issue.number, type_code=SELF_BILLED, issued_on=issue.issued_on,
        currency=issue.currency, seller=_scoped(issue.seller.party, items),
        buyer=_scoped(issue.buyer.party, items), lines=lines, gross_minor=total,
        due_on=due_on(issue), period=issue.period, means=issue.means,
        buyer_reference=issue.reference, notes=("Self-billed invoice",),
        vat=_groups(lines, items, issue.currency), delivered_in=issue.delivered_in)


def commission_vat(commissions: Iterable[tuple[int, int]]) -> int:
    """The VAT within commissions that are kept: (rate in basis points, with VAT)."""
    sums: dict[int, int] = {}
    for rate, minor in commissions:
        sums[rate] = sums.get(rate, 0) + minor
    return sum(vat_included(minor, rate) for rate, minor in sums.items())


def _lines(items: Sequence[Item], issue: Issue, *, gross: bool = False) -> list[Line]:
    start, end = issue.period
    made = []
    for number, item in enumerate(items, 1):
        rate, step = item.treatment.rate_basis_points, step_of(issue.currency)
        net = net_of(item.amount_minor, rate, step) if gross else item.amount_minor
        made.append(Line(
            number=number, name=item.name, quantity=item.quantity, unit=item.unit, net_minor=net,
            price=line_price(None, item.quantity, net, issue.currency),
            rate_basis_points=rate, category=item.treatment.category,
            gross_minor=item.amount_minor, group=item.group, description=item.description,
            item_id=item.item_id, start=start, end=end))
    return made


def _groups(lines: Sequence[Line], items: Sequence[Item], currency: str) -> tuple[Vat, ...]:
    """The breakdown with its reasons. What is exempt for two reasons is one group of both."""
    nets: dict[tuple[str, int], int] = {}
    reasons: dict[tuple[str, int], dict[str, str]] = {}
    for line, item in zip(lines, items, strict=True):
        key = (line.category, line.rate_basis_points)
        nets[key] = nets.get(key, 0) + line.net_minor
        if item.treatment.reason:
            reasons.setdefault(key, {})[item.treatment.reason] = item.treatment.reason_code
    return tuple(
        Vat(category, rate, net, vat_of(net, rate, step_of(currency)),
            "; ".join(reasons.get((category, rate), ())),
            next(iter(reasons.get((category, rate), {"": ""}).values())))
        for (category, rate), net in sorted(nets.items()))


def _scoped(party: Party, items: Sequence[Item]) -> Party:
    """Where nothing is subject to VAT no VAT number may be told (BR-O-02 to BR-O-04)."""
    if any(item.treatment.category == OUT_OF_SCOPE for item in items):
        # A Polish VAT number is the NIP, which every other office knows its bearer by.
        number = party.vat_id if party.vat_id.startswith("PL") else party.tax_number
        return msgspec.structs.replace(
            party, vat_id="", tax_number=number or party.vat_id,
            company_id=party.company_id or party.vat_id)  # BR-CO-26 wants to know him
    return party

"""A merchant's settlement for one day: what payers paid, what went back, fees, what is paid out.

PURE. Every payment and refund of the day is in it, the ones that cancel out too, so that gross less
refunds is what the journal says that the merchant got, and opening, net, payout and closing are the
merchant's payable in the ledger, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from clearing.party import Address
from clearing.payout import FeeLine


class Merchant(msgspec.Struct, frozen=True):
    """Who is settled with; iban is where the payout goes, '' if none is known."""

    merchant_id: str
    account_id: int | None
    name: str
    iban: str
    address: Address = Address()


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One payment or a part of one, one refund with a negative amount, or a refund that its bank
    would not pay. fee_minor: positive where the merchant is charged."""

    date: str
    time: str
    kind: str  # payment, refund, refund_returned
    reference: str  # journal key
    refund_of: str
    approval_code: str
    purpose: str
    merchant_reference: str
    amount_minor: int
    fee_minor: int


class Payout(msgspec.Struct, frozen=True):
    """state: 'sent' (it is in tonight's bank file) or 'carried', with the reason. date: when what
    the day has brought is on the account, at the earliest."""

    state: str
    reason: str
    end_to_end_id: str
    amount_minor: int
    date: str


class Kept(msgspec.Struct, frozen=True):
    """What a day has held back, and is not released yet. Dates as ISO 8601."""

    date: str
    release_on: str
    amount_minor: int


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """All in minor units: net = gross - refunds - held back + released, less fees and VAT where
    fees_by is 'net'; opening + net = payout + closing."""

    number: str
    run_id: str
    date: str
    created: str  # ISO 8601 date and time
    currency: str
    merchant: Merchant
    plan: str
    payments: tuple[Payment, ...]
    gross_minor: int
    refunds_minor: int
    fees: tuple[FeeLine, ...]
    fees_by: str
    fees_minor: int
    vat_minor: int
    held_back_minor: int
    held_back_until: str  # a date; '' where nothing is held back
    released_minor: int
    net_minor: int
    opening_minor: int
    payout: Payout
    closing_minor: int
    kept: tuple[Kept, ...] = ()

    @property
    def turnover_minor(self) -> int:
        """What the day's rows come to."""
        return self.gross_minor - self.refunds_minor


class Movement(msgspec.Struct, frozen=True):
    """What moves the merchant's balance and is no payment. amount_minor: signed, the merchant's
    positive. charged_minor: of a fee or VAT, also where it is invoiced apart and moves nothing."""

    kind: str  # fee_phone, fee_qr, fee_refund, vat, held_back, released, payout
    amount_minor: int
    charged_minor: int = 0


def movements(settlement: Settlement) -> Iterator[Movement]:
    """From the payments to the closing balance, in the order of a statement; no zeros."""
    netted = settlement.fees_by == "net"
    for line in settlement.fees:
        if line.amount_minor:
            yield Movement(f"fee_{line.kind}", -line.amount_minor if netted else 0,
                           line.amount_minor)
    if settlement.vat_minor:
        yield Movement("vat", -settlement.vat_minor if netted else 0, settlement.vat_minor)
    for kind, minor in (("held_back", -settlement.held_back_minor),
                        ("released", settlement.released_minor),
                        ("payout", -settlement.payout.amount_minor)):
        if minor:
            yield Movement(kind, minor)


def difference(settlement: Settlement) -> str:
    """What of a settlement does not add up, or ''."""
    turnover = gross = charged = 0
    for line in settlement.payments:
        turnover += line.amount_minor
        charged += line.fee_minor
        if line.kind == "payment":
            gross += line.amount_minor
    deducted = settlement.fees_minor + settlement.vat_minor if settlement.fees_by == "net" else 0
    sums = {
        "the payments": (turnover, settlement.turnover_minor),
        "the payments' gross": (gross, settlement.gross_minor),
        "the payments' fees": (charged, settlement.fees_minor),
        "the fees": (sum(line.amount_minor for line in settlement.fees),
                     settlement.fees_minor),
        "the parts": (settlement.turnover_minor - deducted - settlement.held_back_minor
                      + settlement.released_minor, settlement.net_minor),
        "the balance": (settlement.opening_minor + settlement.net_minor
                        - settlement.payout.amount_minor, settlement.closing_minor)}
    return "; ".join(f"{name} come to {found}, it says {stated}"
                     for name, (found, stated) in sums.items() if found != stated)

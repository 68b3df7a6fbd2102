"""A merchant's settlement for one day: what payers paid, what went back, what is paid out.

PURE. Every payment and refund of the day is in it, the ones that cancel out too, so that its net is
the merchant's payable in the ledger to the cent.
"""

from __future__ import annotations

import msgspec


class Merchant(msgspec.Struct, frozen=True):
    """Who is settled with; iban is where the payout goes, '' if none is known."""

    merchant_id: str
    account_id: int | None
    name: str
    iban: str


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One payment, or one refund with a negative amount."""

    date: str
    time: str
    kind: str  # payment, refund
    reference: str  # journal key
    refund_of: str
    approval_code: str
    purpose: str
    merchant_reference: str
    amount_minor: int


class Payout(msgspec.Struct, frozen=True):
    """state: 'sent' (it is in tonight's bank file) or 'carried', with the reason."""

    state: str
    reason: str
    end_to_end_id: str


class Settlement(msgspec.Struct, frozen=True):
    """gross - refunds = net, all in minor units."""

    number: str
    run_id: str
    date: str
    currency: str
    merchant: Merchant
    payments: tuple[Payment, ...]
    gross_minor: int
    refunds_minor: int
    net_minor: int
    payout: Payout


def make_settlement(*, number: str, run_id: str, date: str, currency: str, merchant: Merchant,
                    payments: tuple[Payment, ...], payout: Payout) -> Settlement:
    """A settlement; the payments keep their order."""
    gross = sum(payment.amount_minor for payment in payments if payment.amount_minor > 0)
    refunds = -sum(payment.amount_minor for payment in payments if payment.amount_minor < 0)
    return Settlement(number=number, run_id=run_id, date=date, currency=currency,
                      merchant=merchant, payments=payments, gross_minor=gross,
                      refunds_minor=refunds, net_minor=gross - refunds, payout=payout)

"""What is said of a payment, as JSON. PURE: values in, bytes out.

States are in capitals, instants in ISO 8601 with milliseconds and their offset.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from authhost.payments.model import Asked, Payment, Standing

_encode = msgspec.json.Encoder().encode


class Body(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment as its merchant reads it. payout_date: None until it is known."""

    id: str
    state: str
    reason: str
    version: int
    kind: str
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    capture: str
    purpose: str
    reference: str
    payee: str
    payer_phone: str | None
    sandbox: bool
    created_at: str
    expires_at: str
    changed_at: str
    paid_at: str | None
    payout_date: str | None = None


class Waiting(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment as its payer's phone reads it: what is shown and signed, and what it is by now.
    sandbox: shown as well, and no money moves."""

    id: str
    state: str
    reason: str
    version: int
    merchant_id: str
    payee: str
    amount_minor: int
    currency: str
    purpose: str
    reference: str
    nonce: str
    sandbox: bool
    created_at: str
    expires_at: str


class Said(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to a word about a payment: what it is now."""

    id: str
    state: str
    reason: str = ""


def merchants(payment: Payment) -> bytes:
    """For the merchant."""
    return _encode(merchants_body(payment))


def merchants_body(payment: Payment) -> Body:
    """The same before it is bytes."""
    asked, now = payment.asked, payment.now
    return Body(
        id=asked.payment_id, state=now.state.upper(), reason=now.reason, version=now.version,
        kind=asked.kind, amount_minor=asked.amount_minor, currency=asked.currency,
        captured_minor=now.captured_minor, refunded_minor=now.refunded_minor,
        capture=asked.capture, purpose=asked.purpose, reference=asked.reference,
        payee=asked.payee, payer_phone=now.payer_phone, sandbox=asked.sandbox,
        created_at=said_at(asked.created_at), expires_at=said_at(asked.expires_at),
        changed_at=said_at(now.changed_at),
        paid_at=said_at(now.paid_at) if now.paid_at is not None else None)


def payers(asked: Asked, now: Standing) -> Waiting:
    """For the phone."""
    return Waiting(
        id=asked.payment_id, state=now.state.upper(), reason=now.reason, version=now.version,
        merchant_id=asked.merchant_id, payee=asked.payee, amount_minor=asked.amount_minor,
        currency=asked.currency, purpose=asked.purpose, reference=asked.reference,
        nonce=asked.nonce, sandbox=asked.sandbox, created_at=said_at(asked.created_at),
        expires_at=said_at(asked.expires_at))


def said(payment_id: str, state: str, reason: str = "") -> bytes:
    """What became of it."""
    return _encode(Said(id=payment_id, state=state.upper(), reason=reason))


def said_at(at: datetime) -> str:
    """As bodies say an instant."""
    return at.isoformat(timespec="milliseconds")

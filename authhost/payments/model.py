"""What a payment is, inside: the request that never changes, and what it is by now.

PURE. Money is an integer in minor units with its ISO 4217 currency; instants are aware, in UTC.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from authhost.payments.life import OPEN, State
from authhost.payments.signing import Shown


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who of a merchant speaks. serial: of the phone's certificate behind a session, or ''."""

    merchant_id: str
    user_id: str
    rights: frozenset[str] = frozenset()
    serial: str = ""


class NewPayment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a merchant asks for, checked already (requests.py). expires_in_s: seconds from now."""

    kind: str  # 'phone' or 'qr'
    payer_phone: str | None  # E.164
    amount_minor: int
    currency: str
    purpose: str
    reference: str
    expires_in_s: int
    callback_url: str = ""
    capture: str = ""  # '' as the merchant does it


class Asked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The request: of one id it never changes, so that a process may keep it."""

    payment_id: str
    merchant_id: str
    account_id: int
    user_id: str
    kind: str
    payer_phone: str | None
    amount_minor: int
    currency: str
    purpose: str
    reference: str
    capture: str
    nonce: str
    callback_url: str
    sandbox: bool
    payee: str
    created_at: datetime
    expires_at: datetime

    @property
    def shown(self) -> Shown:
        """What the payer reads and signs."""
        return Shown(payment_id=self.payment_id, merchant_id=self.merchant_id, payee=self.payee,
                     amount_minor=self.amount_minor, currency=self.currency, purpose=self.purpose,
                     reference=self.reference, nonce=self.nonce)


class Standing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What it is by now. version: grows with each change; what is told later has a higher one."""

    state: State
    version: int
    changed_at: datetime
    reason: str = ""
    payer_phone: str | None = None
    paid_at: datetime | None = None
    captured_minor: int = 0
    refunded_minor: int = 0

    @property
    def open(self) -> bool:
        """Whether the payer may still answer."""
        return self.state in OPEN


class Payment(msgspec.Struct, frozen=True, gc=False):
    """Both."""

    asked: Asked
    now: Standing


class Refused(Exception):
    """What was asked is not done, and nothing is stored. where: the field, '' where it is none."""

    def __init__(self, status: int, title: str, why: str, where: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.title = title
        self.why = why
        self.where = where


class Otherwise(Exception):
    """A bank says now what it has denied before: a person looks. It names the event."""

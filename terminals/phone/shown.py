"""What a phone shows before it signs, and what it signs: texts of lines, one value a line.

PURE. Written from docs/phones.md, not from the host's own code: a test compares the two byte by
byte.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from terminals.money import amount

Answer = Literal["approve", "refuse"]


class Waiting(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payment that waits for this payer, or what has become of it. Money in minor units.
    sandbox: a developer's; no money moves."""

    id: str
    merchant_id: str
    payee: str
    amount_minor: int
    currency: str
    purpose: str
    reference: str
    nonce: str
    sandbox: bool = False
    state: str = ""
    reason: str = ""
    version: int = 0
    created_at: str = ""
    expires_at: str = ""


class Login(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody logs in as an agent of a merchant. code: the browser shows the same."""

    id: str
    merchant_id: str
    merchant: str
    user_id: str
    code: str
    browser: str
    nonce: str
    state: str = ""
    created_at: str = ""
    expires_at: str = ""


def payment_text(shown: Waiting, decision: Answer, phone: str, signed_at: str) -> bytes:
    """The payer's word about a payment."""
    return _text("authhost payment v2", shown.id, decision, str(shown.amount_minor),
                 shown.currency, shown.merchant_id, shown.payee, shown.purpose, shown.reference,
                 phone, signed_at, shown.nonce)


def login_text(shown: Login, decision: Answer, phone: str, signed_at: str) -> bytes:
    """An agent's word about a login."""
    return _text("authhost login v1", shown.id, decision, shown.merchant_id, shown.merchant,
                 shown.user_id, shown.code, shown.browser, phone, signed_at, shown.nonce)


def renewal_text(phone: str, serial: str, request_digest: str, signed_at: str) -> bytes:
    """By the key in force. request_digest: SHA-256 of the request (DER), hexadecimal."""
    return _text("authhost renewal v1", phone, serial, request_digest, signed_at)


def revocation_text(phone: str, serial: str, signed_at: str) -> bytes:
    """By the key that is given up."""
    return _text("authhost revocation v1", phone, serial, signed_at)


def push_text(phone: str, endpoint: str, p256dh: str, auth: str, serial: str,
              signed_at: str) -> bytes:
    """Where this phone is told; three empty values: by its events alone."""
    return _text("authhost push v1", phone, endpoint, p256dh, auth, serial, signed_at)


def plain(text: str) -> str:
    """What came from elsewhere, safe for a terminal: no signs that move its cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def in_words(shown: Waiting | Login) -> str:
    """What the payer reads before the PIN is asked."""
    if isinstance(shown, Login):
        return plain(f"{shown.id}  log in as {shown.user_id} of {shown.merchant} "
                     f"({shown.merchant_id}), code {shown.code}, from {shown.browser or '?'}")
    reference = f" [{shown.reference}]" if shown.reference else ""
    test = "TEST, no money moves  " if shown.sandbox else ""
    return plain(f"{test}{shown.id}  {amount(shown.amount_minor, shown.currency)} to {shown.payee} "
                 f"({shown.merchant_id}) for {shown.purpose}{reference}")


def _text(*lines: str) -> bytes:
    return "\n".join(lines).encode()

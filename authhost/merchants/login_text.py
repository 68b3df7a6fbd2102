"""What an agent's phone signs to log in. PURE: values in, bytes out.

As payments' text (payments/signing.py): lines of UTF-8, one value a line, in one order; no value
has a line's end in it. The key and its check are the same.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from authhost.payments.signing import Decision


class Login(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A login as the agent's phone shows it. code: four digits, the browser shows the same;
    browser: what the one who logs in says of himself, '' for nothing."""

    id: str
    merchant_id: str
    merchant: str  # the name that the agent reads
    user_id: str
    code: str
    browser: str
    nonce: str
    created_at: datetime
    expires_at: datetime


class LoginWord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An agent's answer as it came. signed_at: ISO 8601 with its offset, by the phone's clock."""

    decision: Decision
    phone: str
    signed_at: str
    serial: str  # of the certificate, hexadecimal
    signature: str  # base64


def login_text(login: Login, word: LoginWord) -> bytes:
    """The canonical text: version, what was read, the answer, whose, when."""
    lines = ("authhost login v1", login.id, word.decision, login.merchant_id, login.merchant,
             login.user_id, login.code, login.browser, word.phone, word.signed_at, login.nonce)
    return "\n".join(lines).encode()

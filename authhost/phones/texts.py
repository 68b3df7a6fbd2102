"""What a phone signs about itself: renewal, revocation, where it is told.

PURE. Lines of UTF-8, one value a line, in one order, as payments are signed (payments/signing.py).
The first line tells one kind of text from all others: a signature is good for nothing else.
"""

from __future__ import annotations


def renewal_text(phone: str, serial: str, request_digest: str, signed_at: str) -> bytes:
    """By the key in force. request_digest: SHA-256 of the request (PKCS#10, DER), hexadecimal."""
    return _text("authhost renewal v1", phone, serial, request_digest, signed_at)


def revocation_text(phone: str, serial: str, signed_at: str) -> bytes:
    """By the key that is to end."""
    return _text("authhost revocation v1", phone, serial, signed_at)


def push_text(phone: str, endpoint: str, p256dh: str, auth: str, serial: str,
              signed_at: str) -> bytes:
    """Where the phone is told (RFC 8030); three empty lines: nowhere any more."""
    return _text("authhost push v1", phone, endpoint, p256dh, auth, serial, signed_at)


def _text(*lines: str) -> bytes:
    return "\n".join(lines).encode()

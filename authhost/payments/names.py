"""Names of a payment: its id, the claims of its messages, the ids that banks see.

PURE. An id follows from who asked and the Idempotency-Key, so that a request that is sent again has
the same one, on any host; it is keyed, so that nobody guesses another's.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

_DIGEST: Final = 16
_LONG: Final = 26  # base32 of 16 bytes, without padding
_ALPHABET: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def payment_id(secret: bytes, merchant_id: str, user_id: str, idempotency_key: str) -> str:
    """26 characters: base32 (RFC 4648) of a keyed BLAKE2b, in lower case. A key is its user's: two
    tills may both count from 1."""
    return _named(secret, f"payment\n{merchant_id}\n{user_id}\n{idempotency_key}")


def refund_id(secret: bytes, payment: str, idempotency_key: str) -> str:
    """As a payment's."""
    return _named(secret, f"refund\n{payment}\n{idempotency_key}")


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return len(text) == _LONG and _ALPHABET.issuperset(text)


def request_key(payment: str) -> str:
    """The claim of the request itself."""
    return f"pay/{payment}"


def word_key(payment: str) -> str:
    """The claim of the one word that ends the asking: of payer, merchant or clock."""
    return f"pay/{payment}/word"


def bank_key(payment: str) -> str:
    """The claim of the one word of the payer's bank. Its rows book the payment."""
    return f"pay/{payment}/bank"


def named_by(key: str) -> str:
    """The payment that a claim is about."""
    return key.split("/", 2)[1]


def later_key(payment: str, event: str, number: int) -> str:
    """The claim of the n-th capture, refund or undone refund."""
    return f"pay/{payment}/{event}/{number}"


def debit_id(payment: str) -> str:
    """The EndToEndId of the debit (ISO 20022, at most 35 characters): it never changes."""
    return f"P{payment}"


def refund_end_to_end(refund: str) -> str:
    """The EndToEndId of a refund."""
    return f"R{refund}"


def _named(secret: bytes, text: str) -> str:
    digest = hashlib.blake2b(text.encode(), key=secret, digest_size=_DIGEST).digest()
    return base64.b32encode(digest).rstrip(b"=").decode().lower()

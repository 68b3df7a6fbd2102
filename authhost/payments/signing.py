"""What the payer's phone signs, and how a signature is checked.

PURE: values in, a verdict out; the certificate was believed before (parties.py). The text is lines
of UTF-8, one value a line, in one order: no value has a line's end in it, so that no two requests
have one text. Source: ECDSA over P-256 with SHA-256 (FIPS 186-5), DER; Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from authhost.certificates.requests import has_small_order

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Decision = Literal["approve", "refuse"]
SKEW: Final = timedelta(minutes=5)  # by which a phone's clock may differ from the host's
# One form, so that nothing is signed in its place that no payer sees: no line end, no NUL, no other
# digits. The end of the text, for Python too, whose `$` lets a last newline pass.
_SIGNED_AT: Final = (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
                     r"(Z|[+-][0-9]{2}:[0-9]{2})$(?!\n)")
SignedAt = Annotated[str, msgspec.Meta(
    pattern=_SIGNED_AT, description="ISO 8601 with its offset, by the phone's clock.")]
_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_MOST_SIGNATURE: Final = 128


class Shown(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a payer reads before saying yes or no, and what the phone signs with the answer."""

    payment_id: str
    merchant_id: str
    payee: str  # the name that the payer reads
    amount_minor: int
    currency: str
    purpose: str
    reference: str
    nonce: str  # the host's, of this payment alone


class Word(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A payer's answer as it came. signed_at: ISO 8601 with its offset, by the phone's clock."""

    decision: Decision
    phone: str
    signed_at: str
    serial: str  # of the certificate, hexadecimal
    signature: str  # base64


def text_of(shown: Shown, word: Word) -> bytes:
    """The canonical text: version, what was read, the answer, whose, when."""
    return "\n".join((
        "authhost payment v2", shown.payment_id, word.decision, str(shown.amount_minor),
        shown.currency, shown.merchant_id, shown.payee, shown.purpose, shown.reference, word.phone,
        word.signed_at, shown.nonce)).encode()


def usable(certificate: x509.Certificate) -> tuple[PublicKey | None, str]:
    """A certificate's key, and why nothing may be signed with it: 'key', 'usage', or ''.

    Its key usage (RFC 5280, 4.2.1.3) has content commitment: what it signs is meant.
    """
    key = certificate.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        if has_small_order(key):
            return None, "key"
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"):
        return None, "key"
    try:
        extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return key, "usage"
    return key, "" if extension.value.content_commitment else "usage"


def objection(key: PublicKey, text: bytes, signature: str, signed_at: str, now: datetime,
              skew: timedelta = SKEW) -> str:
    """What speaks against a signature: 'signed_at', 'signature', or ''. now: aware.

    signed_at: of the one form that SignedAt has, whoever looked at it before.
    """
    if not re.search(_SIGNED_AT, signed_at):
        return "signed_at"
    try:
        at = datetime.fromisoformat(signed_at)
    except ValueError:
        return "signed_at"  # a day that no calendar has
    if abs(at - now) > skew:
        return "signed_at"
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return "signature"
    if len(raw) > _MOST_SIGNATURE:
        return "signature"
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, text, _ECDSA)
        else:
            key.verify(raw, text)
    except (InvalidSignature, ValueError):
        return "signature"
    return ""

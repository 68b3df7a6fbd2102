"""Where a phone may be told: a web push subscription (RFC 8030, RFC 8291), checked.

Knows the shape of a subscription and of its keys; what may be called at all (https, and nobody's
private network) is webhooks/addresses.py's to say.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.payments.model import Refused

_POINT_BYTES: Final = 65  # of P-256, not compressed
_SECRET_BYTES: Final = 16


class Subscription(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """endpoint: the push service's own URL; p256dh, auth: the receiver's keys, base64url."""

    endpoint: str
    p256dh: str
    auth: str


def check(asked: Subscription, objection: Callable[[str], str]) -> None:
    """Refused names the part that is wrong. objection: what speaks against a URL, or ''."""
    if why := objection(asked.endpoint):
        raise _wrong(why, "endpoint")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), _decoded(asked.p256dh, _POINT_BYTES))
    except ValueError:
        raise _wrong("a point of P-256 (65 bytes, base64url)", "p256dh") from None
    try:
        _decoded(asked.auth, _SECRET_BYTES)
    except ValueError:
        raise _wrong(f"{_SECRET_BYTES} bytes in base64url", "auth") from None


def _decoded(text: str, size: int) -> bytes:
    """base64url, padded or not. ValueError."""
    bare = text.rstrip("=")
    if len(bare) > 2 * size or not bare.isascii():
        raise ValueError
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None
    if len(raw) != size:
        raise ValueError
    return raw


def _wrong(why: str, where: str) -> Refused:
    return Refused(422, "Invalid", why, where)

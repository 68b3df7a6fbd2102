"""Where a phone's browser wants to be woken, as PushSubscription.toJSON has it (W3C Push API).

PURE. A phone names its push service itself, so that URL is judged like any that others name.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.push import bounds
from authhost.webhooks.addresses import Target, Unwelcome, target_of

_AUTH: Final = 16


class Wrong(Exception):
    """No subscription; where: the field."""

    def __init__(self, why: str, where: str) -> None:
        super().__init__(why)
        self.where = where


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """One. target: the push resource; key: the phone's, to agree on one; public: the same, 65
    bytes uncompressed (SEC 1, 2.3.3); auth: 16 bytes."""

    target: Target
    key: ec.EllipticCurvePublicKey
    public: bytes
    auth: bytes

    def __repr__(self) -> str:
        return f"Subscription({self.target.origin})"  # the rest is who may wake the phone


class Told(msgspec.Struct, frozen=True):
    """As it is stored: {"endpoint", "p256dh", "auth"}, the keys in base64url."""

    endpoint: str
    p256dh: str
    auth: str


def subscription_of(told: Told, *, allow_private: bool = False) -> Subscription:
    """Read one. Wrong."""
    try:
        target = target_of(told.endpoint, allow_private=allow_private)
    except Unwelcome as unwelcome:
        raise Wrong(str(unwelcome), "endpoint") from None
    public = _bytes(told.p256dh, "p256dh")
    try:
        if public[:1] != b"\x04":
            raise ValueError
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError:
        raise Wrong("no uncompressed point of P-256", "p256dh") from None
    auth = _bytes(told.auth, "auth")
    if len(auth) != _AUTH:
        raise Wrong(f"not {_AUTH} bytes", "auth")
    return Subscription(target, key, public, auth)


def read_subscription(text: str | bytes, *, allow_private: bool = False) -> Subscription:
    """Read one as it is stored. Wrong."""
    if len(text) > bounds.SUBSCRIPTION_BYTES:
        raise Wrong(f"longer than {bounds.SUBSCRIPTION_BYTES} bytes", "")
    try:
        told = msgspec.json.decode(text, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Wrong(str(error), "") from None
    return subscription_of(told, allow_private=allow_private)


def _bytes(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_",
                                validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("not base64url", where) from None

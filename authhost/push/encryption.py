"""A message that the phone alone can read: RFC 8291 over RFC 8188 (aes128gcm), one record.

PURE: key and salt are handed in, and are of one message. Ours, for there is little of it:
`http-ece` has had one release in five years, is no wheel and has no types, and does three older
codings too; `pywebpush` brings two HTTP clients of its own, and would connect wherever it is told.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authhost.push import bounds
from authhost.push.subscription import Subscription

SALT: Final = 16
_RECORD: Final = 4_096  # rs: no record is longer; ours is the only one
_LAST: Final = b"\x02"  # the delimiter of a last record, before its padding


def encrypted(payload: bytes, to: Subscription, key: ec.EllipticCurvePrivateKey,
              salt: bytes) -> bytes:
    """The body of a push message. key: on P-256, made for this message; salt: 16 bytes, random."""
    assert len(payload) <= bounds.PAYLOAD_BYTES, "it would not be one record"
    assert len(salt) == SALT, "RFC 8188, 2.1"
    public = public_bytes(key.public_key())
    # RFC 8291, 3.3 and 3.4: both keys and the phone's secret are in the key of this message.
    shared = key.exchange(ec.ECDH(), to.key)
    secret = _derived(to.auth, shared, b"WebPush: info\0" + to.public + public, 32)
    # RFC 8188, 2.2 and 2.3; the nonce of the first record is the base itself.
    content_key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    header = salt + _RECORD.to_bytes(4, "big") + bytes([len(public)]) + public
    return header + AESGCM(content_key).encrypt(nonce, payload + _LAST, None)


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """65 bytes, uncompressed (SEC 1, 2.3.3)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt, info).derive(secret)

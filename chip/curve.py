"""ECDSA and ECDH on P-256 with SHA-256: points of 65 bytes, signatures r ‖ s of 64.

New keys come from the system's randomness. FIPS 186-5, SEC 1 (points: 2.3.3), ANSI X9.63.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

POINT: Final = 65
SIGNATURE: Final = 64
_CURVE: Final = ec.SECP256R1()
_HASH: Final = ec.ECDSA(hashes.SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh pair."""
    return ec.generate_private_key(_CURVE)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Its public point, uncompressed."""
    return key.public_key().public_bytes(serialization.Encoding.X962,
                                         serialization.PublicFormat.UncompressedPoint)


def scalar(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The private number, 32 bytes, as the card's memory holds it."""
    return key.private_numbers().private_value.to_bytes(32, "big")


def from_scalar(value: bytes) -> ec.EllipticCurvePrivateKey:
    """The pair of a private number."""
    return ec.derive_private_key(int.from_bytes(value, "big"), _CURVE)


def is_point(value: bytes) -> bool:
    """Whether this is an uncompressed point on the curve."""
    try:
        _public(value)
    except ValueError:
        return False
    return True


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """r ‖ s over the SHA-256 of the message."""
    first, second = utils.decode_dss_signature(key.sign(message, _HASH))
    return first.to_bytes(32, "big") + second.to_bytes(32, "big")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether it is that key's signature. False, too, for what is no point or no signature."""
    if len(signature) != SIGNATURE:
        return False
    encoded = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                         int.from_bytes(signature[32:], "big"))
    try:
        _public(public).verify(encoded, message, _HASH)
    except (InvalidSignature, ValueError):
        return False
    return True


def agree(own: ec.EllipticCurvePrivateKey, other: bytes, shared_info: bytes, size: int) -> bytes:
    """ECDH, then the X9.63 key derivation with SHA-256; ValueError where `other` is no point."""
    secret = own.exchange(ec.ECDH(), _public(other))
    return X963KDF(algorithm=hashes.SHA256(), length=size, sharedinfo=shared_info).derive(secret)


def _public(value: bytes) -> ec.EllipticCurvePublicKey:
    if len(value) != POINT or value[0] != 0x04:
        raise ValueError(f"an uncompressed point of P-256 has 65 bytes, not {len(value)}")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, value)

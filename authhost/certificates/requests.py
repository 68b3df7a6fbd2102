"""A request for a certificate (PKCS#10, RFC 2986): read, and checked before it is believed.

PURE. Knows keys and names; must not know who is asked. Of a request two things are taken, the
public key and the proof that the sender has the private one; what else it wishes for is ours to
say. It is refused where 1. it cannot be read, 2. the key is of another type, too short, or of small
order, 3. its signature is not its own key's, 4. its subject's one common name is not the terminal,
5. it is signed with a hash that is broken. The key comes first: strangers send these, and there are
kinds of keys whose signatures take a hundred times as long to verify.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from authhost.admin.refusals import Invalid

MOST_BYTES: Final = 16_384
WHERE: Final = "request"
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_RSA_BITS: Final = range(2_048, 4_097)
_EXPONENT: Final = 65_537
_HASHES: Final = ("sha256", "sha384", "sha512")
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
# The field of edwards25519 (RFC 8032, 5.1), and the y of its points of order 8, one of the two that
# solve d*y^4 + 2*y^2 = 1; the other one is its negative.
_FIELD: Final = 2**255 - 19
_OF_ORDER_8: Final = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826
# By y alone, for x and -x are of one order: 1 is of order 1, -1 of order 2, 0 of order 4.
_SMALL_ORDERS: Final = frozenset({0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8})


def checked(key: object) -> PublicKey:
    """A key of a type and size that we take. Invalid."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        if has_small_order(key):
            raise Invalid("the key is a point of small order: anybody could sign for it", WHERE)
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS \
            and key.public_numbers().e == _EXPONENT:
        return key
    raise Invalid("a key of P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits (65537)", WHERE)


def has_small_order(key: ed25519.Ed25519PublicKey) -> bool:
    """Whether it is one of the eight points that the cofactor takes to the neutral element, in any
    encoding: of such a key one constant is a signature over every text, or every eighth one.
    """
    encoded = int.from_bytes(key.public_bytes(Encoding.Raw, PublicFormat.Raw), "little")
    return encoded % 2**255 % _FIELD in _SMALL_ORDERS


def public_key_of(text: str, terminal_id: str,
                  check: Callable[[object], PublicKey] = checked) -> PublicKey:
    """The key that a certificate may be made for. Invalid says what is wrong with the request.

    check: which keys are taken, or Invalid.
    """
    try:
        asked = x509.load_pem_x509_csr(text.encode())
        key = check(asked.public_key())
        proved = asked.is_signature_valid
        hashed = asked.signature_hash_algorithm
        subject = names_of(asked.subject)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Invalid("no certificate request that can be read (PKCS#10 in PEM)", WHERE) from None
    if not proved:
        raise Invalid("it is not signed with the key that it names", WHERE)
    if subject != [terminal_id]:
        raise Invalid(f"its subject's common name is not {terminal_id}", WHERE)
    if not isinstance(key, ed25519.Ed25519PublicKey) \
            and (hashed is None or hashed.name not in _HASHES):
        raise Invalid("it is signed with a hash that we do not take: SHA-256 at least", WHERE)
    return key


def names_of(subject: x509.Name) -> list[str]:
    """The common names of a subject; one is expected."""
    return [str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def digest_of(key: PublicKey) -> bytes:
    """SHA-256 of its SubjectPublicKeyInfo: what tells one key from another."""
    return hashlib.sha256(key.public_bytes(Encoding.DER,
                                           PublicFormat.SubjectPublicKeyInfo)).digest()

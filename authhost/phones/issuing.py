"""A certificate of a payer's phone: what is asked for, and what is signed.

Knows X.509 (RFC 5280), PKCS#10 (RFC 2986) and the authority's port; must not know who may have one.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from authhost.admin.refusals import Invalid
from authhost.certificates.authority import Authority, pem
from authhost.certificates.requests import checked, digest_of, public_key_of
from authhost.payments.model import Refused
from authhost.payments.signing import PublicKey

YEARS: Final = 2
WHERE: Final = "request"
_VALID: Final = timedelta(days=365 * YEARS)
_BACKDATED: Final = timedelta(hours=1)  # clocks of phones lag


class Request(msgspec.Struct, frozen=True, gc=False):
    """A request that was read. key_digest: SHA-256 of its SubjectPublicKeyInfo; digest: SHA-256 of
    the request itself (DER), hexadecimal: what a renewal signs."""

    key: PublicKey
    key_digest: bytes
    digest: str


class Enrolled(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the phone has: its certificate and what is above it, PEM."""

    phone: str
    serial: str
    certificate: str
    chain: str
    not_before: datetime
    not_after: datetime


def read(request_pem: str, phone: str) -> Request:
    """A request made on the phone. Refused: unreadable, not proved by its own signature, of another
    subject, or a key that is neither of P-256 nor Ed25519."""
    try:
        key = public_key_of(request_pem, phone, _phones_key)
    except Invalid as refused:
        raise Refused(422, "Invalid request", refused.detail, WHERE) from None
    assert isinstance(key, PublicKey), "no other was taken"
    asked = x509.load_pem_x509_csr(request_pem.encode())
    digest = hashlib.sha256(asked.public_bytes(Encoding.DER)).hexdigest()
    return Request(key, digest_of(key), digest)


def _phones_key(key: object) -> PublicKey:
    if not isinstance(key, PublicKey) or (isinstance(key, ec.EllipticCurvePublicKey)
                                          and key.curve.name != "secp256r1"):
        raise Invalid("a phone's key is of P-256 or Ed25519", WHERE)
    checked(key)
    return key


def issue(authority: Authority, phone: str, key: PublicKey, now: datetime,
          earliest: datetime) -> x509.Certificate:
    """Signed: the key may sign what is meant (content commitment) and be a client of TLS.

    now: by the business clock, that signatures are judged by. earliest: now by whichever clock is
    behind, for TLS knows the machine's alone.
    """
    ours: Any = authority.certificate.public_key()
    ends = min(now + _VALID, authority.certificate.not_valid_after_utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, phone)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False)
    return authority.sign(
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(authority.certificate.subject).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(earliest.replace(microsecond=0) - _BACKDATED)
        .not_valid_after(ends.replace(microsecond=0))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False))


def enrolled(phone: str, serial: str, certificate: x509.Certificate,
             authority: Authority) -> Enrolled:
    """As the phone is told."""
    return Enrolled(
        phone=phone, serial=serial, certificate=pem(certificate).decode(),
        chain=pem(authority.certificate).decode(), not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc)

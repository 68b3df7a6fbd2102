"""Phones of a load test: keys and certificates, many at once. Knows X.509; no host, no file."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from demo.numbers import iban
from loadtest.payment_generator import Phone
from terminals import pki

_DAYS = 20  # the authority of a demo ends soon


class PhonePapers(msgspec.Struct, frozen=True):
    """A phone: its number, its account, its key and its certificate."""

    number: str
    iban: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """As the host names it."""
        return f"{self.certificate.serial_number:x}"

    def row(self, number: int) -> dict[str, Any]:
        """As payments.sql takes it."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"number": number, "phone": self.number, "iban": self.iban, "serial": self.serial,
                "key_digest": hashlib.sha256(public).hexdigest(),
                "certificate": self.certificate.public_bytes(Encoding.DER).hex()}

    def signer(self) -> Phone:
        """As the generator takes it."""
        return Phone(self.number, self.serial, base64.b64encode(self.key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode())

    def pem(self) -> bytes:
        """Certificate and key in one file, as OpenSSL reads it."""
        return self.certificate.public_bytes(Encoding.PEM) + self.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def papers(authority: pki.Authority, count: int) -> list[PhonePapers]:
    """So many phones, each with a certificate of its own."""
    now = datetime.now(UTC)
    return [_phone(authority, number, now) for number in range(count)]


def _phone(authority: pki.Authority, number: int, now: datetime) -> PhonePapers:
    phone = f"+38640{number:06d}"
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, phone)]))
        .issuer_name(authority.certificate.subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
            encipher_only=False, decipher_only=False), critical=True)
        .sign(authority.key, hashes.SHA256()))
    return PhonePapers(phone, iban("SI", f"19100{number:010d}"), key, certificate)

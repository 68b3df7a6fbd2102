"""A small certificate authority for demos and tests: a server's certificate, and one a terminal.

Knows X.509 (RFC 5280) and TLS contexts; knows nothing of messages. A client certificate's common
name is its terminal's id, as the host compares it with field 41. Not for production: the
authority's key lies beside what it signed.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BACKDATED: Final = timedelta(hours=1)  # clocks of terminals lag
_VALID: Final = timedelta(days=30)  # a demo that is found again next year should not still work


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a certificate and its private key lie, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority: signs certificates into its directory."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def certificate_path(self) -> Path:
        """What the peers of its certificates have to trust."""
        return self.directory / "ca.pem"

    @staticmethod
    def create(directory: Path, name: str = "authhost demo CA") -> Authority:
        """A new authority in `directory`, which is made if there is none."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        certificate = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                           critical=False)
            .sign(key, hashes.SHA256())
        )
        authority = Authority(directory, key, certificate)
        _write(authority.certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    def server(self, hosts: Iterable[str] = ("localhost", "127.0.0.1")) -> Identity:
        """The certificate of a server reached by these DNS names or IP addresses."""
        names = [_alternative(host) for host in hosts]
        return self._issue("server", ExtendedKeyUsageOID.SERVER_AUTH,
                           x509.SubjectAlternativeName(names))

    def client(self, terminal_id: str) -> Identity:
        """The certificate of the terminal that `terminal_id` names (field 41)."""
        return self._issue(terminal_id, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _issue(self, name: str, purpose: x509.ObjectIdentifier,
               names: x509.SubjectAlternativeName | None) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            _builder(_name(name), self.certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(identifier, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        identity = Identity(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        _write(identity.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        _write(identity.key, key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return identity


def server_context(authority: Path, identity: Identity) -> ssl.SSLContext:
    """TLS of a server that demands a certificate of `authority` from each client."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(identity.certificate, identity.key)
    return context


def client_context(authority: Path, identity: Identity | None) -> ssl.SSLContext:
    """TLS of a client that trusts `authority` alone; mutual where it has an identity."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def _builder(subject: x509.Name, issuer: x509.Name,
             key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED).not_valid_after(now + _VALID)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner alone from the first byte: a private key may be in it."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)

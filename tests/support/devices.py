"""Devices with keys and certificates of their own, and who signs them, as files."""

from __future__ import annotations

import itertools
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from authhost.certificates.authority import FileAuthority, pem
from authhost.settings import TlsFiles
from terminals.pki import Authority, client_context

PASSPHRASE = "a passphrase that is long enough"
_numbers = itertools.count(1)


class Yard:
    """An outside authority for the server and some devices, ours for others; one file of both."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.outside = Authority.create(directory / "outside")
        self.passphrase = directory / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n")
        self.passphrase.chmod(0o600)
        self.ours = FileAuthority.create(directory / "ours", self.passphrase, "devices",
                                         datetime.now(UTC))
        self.bundle = directory / "bundle.pem"
        self.bundle.write_bytes(self.outside.certificate_path.read_bytes()
                                + pem(self.ours.certificate))
        server = self.outside.server()
        self.tls = TlsFiles(self.bundle, server.certificate, server.key)

    def of_outside(self, name: str) -> ssl.SSLContext:
        """A device with a certificate of the outside authority."""
        return client_context(self.outside.certificate_path, self.outside.client(name))

    def with_ours(self, key: Any, certificate: str) -> ssl.SSLContext:
        """A device with this key and certificate."""
        stem = self.directory / f"device-{next(_numbers)}"
        stem.with_suffix(".pem").write_text(certificate)
        stem.with_suffix(".key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        context = client_context(self.outside.certificate_path, None)
        context.load_cert_chain(stem.with_suffix(".pem"), stem.with_suffix(".key"))
        return context


def device_key() -> ec.EllipticCurvePrivateKey:
    """As a device makes one."""
    return ec.generate_private_key(ec.SECP256R1())


def request_of(key: Any, *names: str, hashed: Any = None) -> str:
    """A certificate request (PKCS#10, PEM) for a subject of these common names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(
        key, hashed if hashed is not False else None)
    return signed.public_bytes(serialization.Encoding.PEM).decode()


SHA256 = hashes.SHA256()

"""The authority: what signs certificates and lists of revoked ones, behind a port.

Knows X.509 and files; must not know whom a certificate is for. The port is two signatures, so that
an HSM can stand behind it. Here the key lies on disk as PKCS#8, encrypted under a passphrase that
lies in another file, which nobody but its owner may read.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE: Final = "ca.pem"
KEY: Final = "ca.key"
YEARS: Final = 10
BACKDATED: Final = timedelta(hours=1)  # clocks of devices lag
_LEAST_PASSPHRASE: Final = 20  # characters: the derivation that PKCS#8 has is a quick one


class AuthorityError(Exception):  # reads as what it says
    """An authority that cannot be made or opened, and why."""


class Authority(Protocol):
    """What signs. certificate: what the peers of its certificates trust."""

    @property
    def certificate(self) -> x509.Certificate: ...

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """A certificate, signed."""

    def sign_list(self, builder: x509.CertificateRevocationListBuilder,
                  ) -> x509.CertificateRevocationList:
        """A list of revoked certificates, signed."""


class FileAuthority:
    """An authority whose key is on disk, and in this process's memory."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @property
    def certificate(self) -> x509.Certificate:
        """Its own."""
        return self._certificate

    @staticmethod
    def create(directory: Path, passphrase_file: Path, name: str, now: datetime) -> FileAuthority:
        """A new one in a directory that has none. AuthorityError, OSError."""
        passphrase = _passphrase(passphrase_file)
        if (directory / CERTIFICATE).exists() or (directory / KEY).exists():
            raise AuthorityError(f"there is an authority in {directory} already")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        public = key.public_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(subject).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=366 * YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(key, hashes.SHA256()))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(directory / KEY, key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase)), 0o600)
        _write(directory / CERTIFICATE, pem(certificate), 0o644)
        return FileAuthority(certificate, key)

    @staticmethod
    def open(directory: Path, passphrase_file: Path) -> FileAuthority:
        """The one in a directory. AuthorityError names what is wrong; OSError."""
        passphrase = _passphrase(passphrase_file)
        _is_private(directory / KEY)
        certificate = x509.load_pem_x509_certificate((directory / CERTIFICATE).read_bytes())
        try:
            key = serialization.load_pem_private_key((directory / KEY).read_bytes(), passphrase)
        except (ValueError, TypeError):
            raise AuthorityError(f"{passphrase_file} does not open {directory / KEY}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) \
                or key.public_key() != certificate.public_key():
            raise AuthorityError(f"{KEY} and {CERTIFICATE} in {directory} do not go together")
        if certificate.not_valid_after_utc <= datetime.now(UTC):
            raise AuthorityError(f"the authority in {directory} has expired")
        return FileAuthority(certificate, key)

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """A certificate, signed (ECDSA with SHA-256)."""
        return builder.sign(self._key, hashes.SHA256())

    def sign_list(self, builder: x509.CertificateRevocationListBuilder,
                  ) -> x509.CertificateRevocationList:
        """A list of revoked certificates, signed."""
        return builder.sign(self._key, hashes.SHA256())


def usage(*, signs_certificates: bool, encipherment: bool = False) -> x509.KeyUsage:
    """What a key may be used for (RFC 5280, 4.2.1.3). encipherment: TLS 1.2 with RSA wants it."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=encipherment,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)


def pem(what: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """As text that every tool reads."""
    return what.public_bytes(serialization.Encoding.PEM)


def replace_file(path: Path, content: bytes) -> None:
    """A file that is there whole or as it was: a server may read it at any moment."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        fresh.unlink()
    _write(fresh, content, 0o644)
    fresh.replace(path)


def _passphrase(path: Path) -> bytes:
    _is_private(path)
    passphrase = path.read_bytes().rstrip(b"\r\n")
    if len(passphrase) < _LEAST_PASSPHRASE:
        raise AuthorityError(f"{path}: a passphrase has {_LEAST_PASSPHRASE} characters at least")
    return passphrase


def _is_private(path: Path) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuthorityError(f"{path} is open to others than its owner: chmod 600")


def _write(path: Path, content: bytes, mode: int) -> None:
    """On disk when this returns, with these rights from its first byte."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

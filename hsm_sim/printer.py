"""The printer of PIN mailers: a spool of files that only the print shop can read.

Knows CMS (RFC 5652, EnvelopedData, AES-256-CBC) and a directory. A mailer exists in clear in memory
alone; on disk it is encrypted to the print shop's certificate. `cryptography` offers RSA recipients
(PKCS #1 v1.5 key transport) and no elliptic curves, so the certificate has an RSA key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

SHORTEST_KEY_BITS: Final = 2_048


class PrinterError(Exception):
    """A print shop's certificate or a spool that cannot be used: which, and why."""


class Printer:
    """Writes mailers. Called with a reference, the file's name without .p7m, and the text."""

    def __init__(self, certificate: Path, spool: Path) -> None:
        """PrinterError: the certificate is none, or not for this; the spool is no directory."""
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise PrinterError(f"{certificate}: no certificate: {error}") from None
        key = self._certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SHORTEST_KEY_BITS:
            raise PrinterError(f"{certificate}: RSA of {SHORTEST_KEY_BITS} bits or more is needed")
        if not spool.is_dir():
            raise PrinterError(f"{spool} is no directory")
        self._spool = spool

    def __call__(self, reference: str, text: bytes) -> None:
        """Encrypt, write, and make sure that it stays; an earlier one is replaced whole.
        OSError."""
        sealed = (PKCS7EnvelopeBuilder().set_data(text).add_recipient(self._certificate)
                  .set_content_encryption_algorithm(AES256)
                  .encrypt(Encoding.DER, [PKCS7Options.Binary]))
        path = self._spool / f"{reference}.p7m"
        part = path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self._spool, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

"""The print shop: its key, its spool, and the mailer that a cardholder opens at home.

Knows CMS and its own private key, which is in memory alone; `python -m issuing.viewer` opens a
mailer as well. The demo's cardholders learn their PINs in no other way.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der
from cryptography.x509.oid import NameOID

_PIN_LINE: Final = re.compile(r"^PIN +((?:[0-9] ?)+)$", re.MULTILINE)


class PrintShop:
    """One shop in a folder of its own. certificate, spool: what the HSM is started with."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.certificate = folder / "certificate.pem"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._own = self._certified()
        self.certificate.write_bytes(self._own.public_bytes(Encoding.PEM))

    @property
    def hsm_options(self) -> tuple[str, ...]:
        """Of the HSM's command line."""
        return ("--mailer-cert", str(self.certificate), "--mailer-spool", str(self.spool))

    def pin(self, reference: str) -> str:
        """The PIN in the mailer of this reference."""
        sealed = (self.spool / f"{reference}.p7m").read_bytes()
        found = _PIN_LINE.search(pkcs7_decrypt_der(sealed, self._own, self._key, []).decode())
        assert found is not None, "every mailer has its PIN"
        return found[1].replace(" ", "")

    def _certified(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "print shop")])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(self._key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .sign(self._key, hashes.SHA256()))

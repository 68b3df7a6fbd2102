"""The print shop: its key, its spool, and the mailer that a cardholder opens at home.

Knows `issuing.viewer`; a PIN is here for as long as somebody reads it. The demo's cardholders learn
their PINs in no other way.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from issuing.viewer import open_mailer

_PIN_LINE: Final = re.compile(r"^PIN +((?:[0-9] ?)+)$", re.MULTILINE)


class PrintShop:
    """One shop in a folder of its own. certificate, spool: what the HSM is started with."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.certificate = folder / "certificate.pem"
        self._key = folder / "key.pem"
        self._make_key()

    @property
    def hsm_options(self) -> tuple[str, ...]:
        """Of the HSM's command line."""
        return ("--mailer-cert", str(self.certificate), "--mailer-spool", str(self.spool))

    def pin(self, reference: str) -> str:
        """The PIN in the mailer of this reference."""
        found = _PIN_LINE.search(open_mailer(self.spool / f"{reference}.p7m", self._key,
                                             self.certificate))
        assert found is not None, "every mailer has its PIN"
        return found[1].replace(" ", "")

    def _make_key(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "print shop")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256()))
        self.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        self._key.touch(mode=0o600)
        self._key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                                NoEncryption()))

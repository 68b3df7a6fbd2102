"""A phone's certificate as TLS shows it: whoever reads what waits is the phone itself.

Knows PEM and ssl; must not know payments. OpenSSL takes keys from files alone, so the key is in one
for a moment: enciphered under a password that nobody keeps.
"""

from __future__ import annotations

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from terminals import pki
from terminals.phone.keystore import Identity, PrivateKey


def context(authority: Path, identity: Identity, key: PrivateKey) -> ssl.SSLContext:
    """TLS of a phone that trusts `authority` alone, and shows its certificate."""
    made = pki.client_context(authority, None)
    password = secrets.token_bytes(32).hex()
    raw = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()))
    with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone
        file.write(identity.certificate.encode() + raw)
        file.flush()
        made.load_cert_chain(file.name, password=password)
    return made

"""The client's own signature over what its safe deposits (Ed25519, RFC 8032).

Knows the text that is signed and the file with the key; knows no message's way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.safe.depositing import Sign
from terminals.settings import ConfigError, secret

_ORDER: Final = "authhost deposit v1"
_SIGNED: Final = ("client", "account", "reference_model", "reference", "depositor", "receipt")


def signer(path: Path | None, terminal_id: str) -> Sign | None:
    """What signs with the key in this PEM file; None without one. ConfigError."""
    if path is None:
        return None
    try:
        key = serialization.load_pem_private_key(secret(path).encode(), None)
    except ValueError as error:
        raise ConfigError(f"[safe] order_key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("[safe] order_key: no Ed25519 key")

    def sign(body: dict[str, Any]) -> bytes:
        return key.sign(text_of(terminal_id, body))

    return sign


def text_of(terminal_id: str, body: dict[str, Any]) -> bytes:
    """What is signed of a deposit's body: one value a line (docs/safes.md)."""
    return "\n".join((_ORDER, terminal_id, body["kind"], str(body["amount_minor"]),
                      body["currency"], *(body.get(name, "") for name in _SIGNED))).encode()

"""The host's own keys: the PAN index and the fingerprint key, in a file only its user can read.

An HSM takes the PAN index over; until one is configured this file is where it lives. The keys never
leave this object: it hides them in its representation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets as entropy
from pathlib import Path

_NAMES = ("pan_index", "fingerprint")


class Secrets:
    """Keyed hashing for what may not be kept in clear."""

    def __init__(self, pan_index_key: bytes, fingerprint_key: bytes) -> None:
        self._pan_index_key = pan_index_key
        self.fingerprint_key = fingerprint_key

    def pan_index(self, pan: str) -> bytes:
        """HMAC-SHA-256 over the whole PAN (PCI DSS 3.5.1.1), 32 bytes."""
        return hmac.digest(self._pan_index_key, pan.encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return "Secrets(hidden)"


def load_secrets(directory: Path) -> Secrets:
    """Read the keys from `directory`/secrets.json, made on first use with mode 0600.

    ValueError when the file is there but is not what this function writes.
    """
    path = directory / "secrets.json"
    if not path.exists():
        _create(path)
    try:
        content = json.loads(path.read_text())
        keys = [base64.b64decode(content[name], validate=True) for name in _NAMES]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold the keys {_NAMES}: {error!r}") from None
    return Secrets(*keys)


def _create(path: Path) -> None:
    """Two processes may start at once: whoever links its file first wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_suffix(f".{os.getpid()}")
    content = {name: base64.b64encode(entropy.token_bytes(32)).decode() for name in _NAMES}
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()

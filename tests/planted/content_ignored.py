"""Breaks invariant 4: any message under a known key gets the first answer, whatever it asks for."""

from __future__ import annotations

import sys

from authhost import keys
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """All contents look the same."""
    assert callable(keys.fingerprint)

    def fingerprint(key: bytes, *parts: object) -> bytes:
        return bytes(16)

    patch(keys, "fingerprint", fingerprint)


if __name__ == "__main__":
    sys.exit(serve(plant))

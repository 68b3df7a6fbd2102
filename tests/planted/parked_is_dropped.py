"""Breaks invariant 10: an advice that cannot be posted is accepted and forgotten."""

from __future__ import annotations

import sys

from authhost.journal.reads import Reads
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Nothing is kept apart."""
    assert callable(Reads.park)

    async def park(self: Reads, key: str, fingerprint: bytes, why: str, content: str) -> None:
        return None

    patch(Reads, "park", park)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks invariant 8: an original that comes after its reversal is decided like any other."""

from __future__ import annotations

import sys

from authhost.journal import append
from tests.planted import Patch, changed, serve

_CLAIMED = "(SELECT key, refers_to FROM aliased)) ORDER BY key\n    ON CONFLICT DO NOTHING"
_OVER = """(SELECT key, refers_to FROM aliased)) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET answer = EXCLUDED.answer, state = EXCLUDED.state,
        fingerprint = EXCLUDED.fingerprint, door = EXCLUDED.door, remaining = EXCLUDED.remaining,
        business_date = EXCLUDED.business_date, journal_id = EXCLUDED.journal_id
    WHERE claim.state = 6"""


def plant(patch: Patch) -> None:
    """A tombstone is no claim."""
    patch(append, "_APPEND", changed(append._APPEND, _CLAIMED, _OVER))


if __name__ == "__main__":
    sys.exit(serve(plant))

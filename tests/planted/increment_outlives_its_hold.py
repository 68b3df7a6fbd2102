"""Breaks invariant 7: a hold is completed, and what it was raised by stays held."""

from __future__ import annotations

import sys

from authhost.journal import settle
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """The lock takes the hold alone."""
    patch(settle, "_LOCK", changed(
        settle._LOCK, " OR (c.extends = ANY ($1::text[]) AND c.state = 2)", ""))


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks invariant 12: the commit does not compare the fence, so what Redis forgot is counted twice
over: its room was given to others, and it is written all the same."""

from __future__ import annotations

import sys

from authhost.journal import append
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """Nothing is ever fenced."""
    patch(append, "_APPEND", changed(
        append._APPEND, "i.fence IS DISTINCT FROM f.fence",
        "i.fence IS DISTINCT FROM f.fence AND false"))


if __name__ == "__main__":
    sys.exit(serve(plant))

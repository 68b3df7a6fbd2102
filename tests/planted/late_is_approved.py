"""Breaks invariant 9: the commit does not look at the clock."""

from __future__ import annotations

import sys

from authhost.journal import append
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """Nothing is ever late."""
    patch(append, "_APPEND", changed(
        append._APPEND, "> i.deadline_us AS late", "> i.deadline_us AND false AS late"))


if __name__ == "__main__":
    sys.exit(serve(plant))

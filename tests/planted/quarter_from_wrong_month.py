"""Breaks invariant 12: hydration lets a quarter begin in December, March, June and September."""

from __future__ import annotations

import sys

from authhost import counters
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The function counts in one window, the sum of the journal goes into another."""
    patch(counters, "_PARTS", {**counters._PARTS, 4: (3, 4)})


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks invariant 12: hydration lets a quarter begin in December, March, June and September."""

from __future__ import annotations

import sys

from authhost import counters
from authhost.counters import Counter, Row
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The function counts in one window, the sum of the journal goes into another."""
    real = counters._window

    def window(counter: Counter, row: Row) -> int | None:
        return (row.month + 1) // 3 if counter.kind == 4 else real(counter, row)

    patch(counters, "_window", window)


if __name__ == "__main__":
    sys.exit(serve(plant))

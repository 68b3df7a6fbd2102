"""Breaks invariant 1: a rolling window is one bucket shorter than the hours that it names."""

from __future__ import annotations

import sys

from authhost import packing
from authhost.counters import Counter, Groups, Limit
from authhost.journal import sums
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The oldest bucket is neither counted nor summed."""
    real = packing.counter_of

    def counter_of(limit: Limit, shared: bool, groups: Groups) -> Counter:
        counter = real(limit, shared, groups)
        return counter._replace(before=max(0, counter.before - 1))

    patch(packing, "counter_of", counter_of)
    patch(sums, "counter_of", counter_of)


if __name__ == "__main__":
    sys.exit(serve(plant))

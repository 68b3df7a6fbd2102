"""Breaks invariant 12: a field is summed from the journal without the products of its rows."""

from __future__ import annotations

import sys

import asyncpg

from authhost.counters import Row
from authhost.journal import sums
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Whole rows alone: no limit on a group has used anything."""
    real = sums._split

    def split(row: asyncpg.Record) -> list[Row]:
        return real(row)[:1]

    patch(sums, "_split", split)


if __name__ == "__main__":
    sys.exit(serve(plant))

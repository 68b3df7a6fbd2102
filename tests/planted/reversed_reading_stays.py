"""Breaks invariant 12: the odometer of a reversed purchase is found again by hydration."""

from __future__ import annotations

import sys

import asyncpg

from authhost.counters import Reading
from authhost.journal import sums
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Rows that take a reading back are passed over."""
    real = sums.readings_of

    def readings_of(rows: list[asyncpg.Record]) -> list[Reading]:
        return real([row for row in rows if row["count"] > 0])

    patch(sums, "readings_of", readings_of)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks rule 4 and so invariant 11: a batch reads the business date without a lock, and commits
into a day that was closed and cleared meanwhile."""

from __future__ import annotations

import sys

from authhost.journal import append
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """The date is the snapshot's."""
    patch(append, "_APPEND", changed(
        append._APPEND, "SELECT version, fuel_date, cash_date, payments_date FROM rules FOR SHARE",
        "SELECT version, fuel_date, cash_date, payments_date FROM rules"))


if __name__ == "__main__":
    sys.exit(serve(plant))

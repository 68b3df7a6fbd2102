"""Breaks invariant 12: a roll-up does not remember how far it has come, and adds rows again."""

from __future__ import annotations

import sys

from authhost.journal import sums
from tests.planted import Patch, changed, serve


def plant(patch: Patch) -> None:
    """The mark stays where it was."""
    real = sums.statement

    def statement(name: str) -> str:
        text = real(name)
        return changed(text, "SET fence = $2", "SET fence = fence + 0 * $2") \
            if name == "rolled_move" else text

    patch(sums, "statement", statement)


if __name__ == "__main__":
    sys.exit(serve(plant))

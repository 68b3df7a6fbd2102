"""Breaks 10 at the bank: a bank that says nothing is taken for one that refused, and the credit
goes into a file too."""

from __future__ import annotations

import sys

from authhost.safes import moves
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Silence is a no."""
    real = moves.steps

    def steps(event: str) -> tuple[str, dict[str, str]]:
        return ("credit", {"sent": "night"}) if event == "silence" else real(event)

    patch(moves, "steps", steps)


if __name__ == "__main__":
    sys.exit(serve(plant))

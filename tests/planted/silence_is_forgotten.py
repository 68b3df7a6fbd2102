"""Breaks 10 at the bank: nobody asks what became of a credit that was not answered."""

from __future__ import annotations

import sys

from authhost.safes import moves
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Silence is the end."""
    real = moves.steps

    def steps(event: str) -> tuple[str, dict[str, str]]:
        return ("credit", {"sent": "none"}) if event == "silence" else real(event)

    patch(moves, "steps", steps)


if __name__ == "__main__":
    sys.exit(serve(plant))

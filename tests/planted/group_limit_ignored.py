"""Breaks invariant 1: a limit on a product group is accepted, and never asked."""

from __future__ import annotations

import sys

from authhost.counters import Limit
from authhost.journal import card_rules
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """What a view is packed from has no limit that names a group."""
    real = card_rules.decode_limits

    def decode_limits(text: str) -> tuple[Limit, ...]:
        return tuple(limit for limit in real(text) if not limit.group)

    patch(card_rules, "decode_limits", decode_limits)


if __name__ == "__main__":
    sys.exit(serve(plant))

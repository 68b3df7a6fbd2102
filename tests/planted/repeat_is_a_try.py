"""Breaks invariant 3 for PINs: a wrong one's repeat, answered alike, is taken for its row."""

from __future__ import annotations

from authhost import authorize
from tests.planted import Patch


class Whenever(int):
    """Equal to every moment."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = int.__hash__


def plant(patch: Patch) -> None:
    """When the known row was decided is not looked at."""
    patch(authorize, "_decided_ms", lambda _: Whenever())

"""Breaks invariant 3 for PINs: a wrong PIN's repeat, answered alike, is taken for the row itself."""

from __future__ import annotations

from typing import Any

from authhost import authorize
from tests.planted import Patch


class _Any:
    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # it is compared alone


def plant(patch: Patch) -> None:
    """When the known row was decided is not looked at."""

    def whenever(_: Any) -> Any:
        return _Any()

    patch(authorize, "_decided_ms", whenever)

"""A dictionary with a bound (invariant 16). PURE."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(dict[K, V], Generic[K, V]):
    """Forgets its oldest entry beyond a number of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: K, value: V) -> None:
        """Remember, and forget the oldest if there are too many."""
        if len(self) >= self._most and key not in self:
            del self[next(iter(self))]
        self[key] = value

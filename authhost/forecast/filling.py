"""From what comes to when it is full: a day, and the range in which it lies four times in five.

Knows a chance by day and a room; no clock, no database. The sums of days only grow, so the chance
that a safe is full within so many days is the chance that these days bring what has room: each
edge is the first day by which it is full with that chance.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Protocol

import msgspec

LOW: Final = 0.1
HIGH: Final = 0.9
HORIZON: Final = 120  # days that are looked ahead
_QUANTILES: Final = (LOW, 0.5, HIGH)


class Chances(Protocol):
    """Whatever says how likely so many days bring so many pieces."""

    def chance(self, days: int, room: int) -> float:
        """0 to 1."""


class Full(msgspec.Struct, frozen=True):
    """When it is full. None: not within the horizon. With 80 of 100 it lies from earliest to
    latest, both included."""

    earliest: date | None
    expected: date | None
    latest: date | None


def when_full(chances: Chances, first: date, room: int, horizon: int = HORIZON) -> Full:
    """first: the day that the chance of one day is of. room: pieces that still fit."""
    if room <= 0:
        yesterday = first - timedelta(days=1)
        return Full(yesterday, yesterday, yesterday)
    found: list[date | None] = []
    for days in range(1, horizon + 1):
        chance = chances.chance(days, room)
        while len(found) < len(_QUANTILES) and chance >= _QUANTILES[len(found)]:
            found.append(first + timedelta(days=days - 1))
        if len(found) == len(_QUANTILES):
            break
    earliest, expected, latest = (*found, None, None, None)[:3]
    return Full(earliest, expected, latest)

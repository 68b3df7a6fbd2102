"""A model of an account's counters in plain Python: windows by zoneinfo, limits by the book.

Knows what the Lua functions must come to, not how they do it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

MEASURES = {"money": 0, "volume": 1, "count": 2}
WINDOWS = ("day", "week", "month", "total")
Amounts = tuple[int, int, int]


def windows_of(now_ms: int, zone: str) -> tuple[int, int, int]:
    """(day since 1970, week from Monday, month since the year 0) of an instant."""
    local = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(ZoneInfo(zone))
    day = local.date().toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    return day, (day + 3) // 7, local.year * 12 + local.month - 1


class Counters:
    """One scope: what was taken in its newest day, week and month, and ever."""

    def __init__(self) -> None:
        self.windows = [0, 0, 0]
        self.taken = [[0, 0, 0] for _ in WINDOWS]

    def roll(self, now: tuple[int, int, int]) -> None:
        """A newer window begins empty; none ever goes back."""
        for at, window in enumerate(now):
            if window > self.windows[at]:
                self.windows[at], self.taken[at] = window, [0, 0, 0]

    def add(self, amounts: Amounts, sign: int, now: tuple[int, int, int] | None = None) -> None:
        """Count in all windows; with `now` in those alone that are still the same."""
        for at in range(len(WINDOWS)):
            if now is None or at == len(now) or now[at] == self.windows[at]:
                self.taken[at] = [taken + sign * amount
                                  for taken, amount in zip(self.taken[at], amounts, strict=True)]

    def packed(self) -> tuple[int, ...]:
        """As functions.lua keeps it."""
        return tuple(number for window, taken in zip(self.windows, self.taken[:3], strict=True)
                     for number in (window, *taken)) + tuple(self.taken[3])


def allowed(limits: list[tuple[str, str, int]], counters: Counters, amounts: Amounts) -> int:
    """The most money that these limits let through; below 0: nothing at all."""
    money, volume, _ = amounts
    most = money
    for window, measure, maximum in limits:
        at = MEASURES[measure]
        left = maximum
        if window != "transaction":
            left -= counters.taken[WINDOWS.index(window)][at]
        if amounts[at] <= left:
            continue
        if measure == "money":
            most = min(most, left)
        elif measure == "volume" and left > 0 and money > 0:
            most = min(most, int(Fraction(money * left, volume)))
        else:
            most = -1
    return most

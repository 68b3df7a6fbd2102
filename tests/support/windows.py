"""A model of an account's counters in plain Python: windows by zoneinfo, limits by the book.

Knows what the Lua functions must come to, not how they do it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

MEASURES = {"money": 0, "volume": 1, "count": 2}
WINDOWS = ("day", "week", "month", "quarter", "year", "total")
Amounts = tuple[int, int, int]


def windows_of(now_ms: int, zone: str) -> tuple[int, int, int]:
    """(day since 1970, week from Monday, month since the year 0) of an instant."""
    local = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(ZoneInfo(zone))
    day = local.date().toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    return day, (day + 3) // 7, local.year * 12 + local.month - 1


class Counters:
    """One scope: what was taken in its newest day, week, month, quarter and year, and ever."""

    def __init__(self) -> None:
        self.windows = [0] * (len(WINDOWS) - 1)
        self.taken = [[0, 0, 0] for _ in WINDOWS]

    def roll(self, now: tuple[int, int, int]) -> None:
        """A newer window begins empty; none ever goes back."""
        for at, window in enumerate(all_windows(now)):
            if window > self.windows[at]:
                self.windows[at], self.taken[at] = window, [0, 0, 0]

    def add(self, amounts: Amounts, sign: int, now: tuple[int, int, int] | None = None) -> None:
        """Count in all windows; with `now` in those alone that are still the same."""
        then = all_windows(now) if now is not None else ()
        for at in range(len(WINDOWS)):
            if now is None or at == len(then) or then[at] == self.windows[at]:
                self.taken[at] = [taken + sign * amount
                                  for taken, amount in zip(self.taken[at], amounts, strict=True)]

    def of(self, window: str, measure: str) -> tuple[int, int]:
        """(the newest window's number, what was taken in it)."""
        at = WINDOWS.index(window)
        number = self.windows[at] if at < len(self.windows) else 0
        return number, self.taken[at][MEASURES[measure]]


def all_windows(now: tuple[int, int, int]) -> tuple[int, ...]:
    """A day, its week and month, and the quarter and year that the month is in."""
    return (*now, now[2] // 3, now[2] // 12)


def allowed(limits: list[tuple[str, str, int]], counters: Counters, amounts: Amounts) -> int:
    """The most money that these limits let through; below 0: nothing at all."""
    money, volume, _ = amounts
    most = money
    for window, measure, maximum in limits:
        at = MEASURES[measure]
        left = maximum
        if window != "transaction":
            left -= counters.taken[WINDOWS.index(window)][at]
        if amounts[at] <= max(left, 0):  # what asks nothing of a limit does not break it
            continue
        if measure == "money":
            most = min(most, left)
        elif measure == "volume" and left > 0 and money > 0:
            most = min(most, int(Fraction(money * left, volume)))
        else:
            most = -1
    return most

"""Invented histories of safes: pieces a day, as shops of seven kinds would bring them.

Knows a seed and arithmetic. They stand in for real ones where there are none: each has what makes
forecasts hard somewhere, so that a method is not chosen by the easy ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

import msgspec

_HOLIDAYS: Final = frozenset({(1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 25),
                              (12, 26)})
_SHOP: Final = (0.9, 0.85, 0.9, 1.0, 1.3, 1.45, 0.0)
_EVERY_DAY: Final = (0.9, 0.85, 0.9, 0.95, 1.2, 1.35, 0.85)


class History(msgspec.Struct, frozen=True):
    """One safe: its kind, its first day, pieces by day."""

    kind: str
    first: date
    pieces: tuple[int, ...]


def histories(seed: int, each: int, days: int, last: date) -> Iterator[History]:
    """`each` safes of every kind; the kinds that say so are shorter."""
    for kind, (level, shape) in _KINDS.items():
        for number in range(each):
            random = Random(f"{seed}/{kind}/{number}")
            long = days - number % 2 if kind != "new" else 35 + 7 * (number % 6)
            first = last - timedelta(days=long - 1)
            size = level * random.uniform(0.4, 2.5)
            spread = random.uniform(0.15, 0.45)
            moods = _moods(random, long // 7 + 2)
            carried = 0.0
            pieces = []
            for at in range(long):
                day = first + timedelta(days=at)
                mean, carried = shape(random, day, at, long, carried)
                mean *= size * moods[at // 7]
                pieces.append(round(random.gammavariate(1 / spread**2, mean * spread**2))
                              if mean > 0 else 0)
            yield History(kind, first, tuple(pieces))


def _moods(random: Random, weeks: int) -> list[float]:
    """Good and bad weeks hang together."""
    mood = 0.0
    moods = []
    for _ in range(weeks):
        mood = 0.7 * mood + random.gauss(0, 0.07)
        moods.append(math.exp(mood))
    return moods


def _festive(day: date) -> float:
    """Closed on a holiday, and more on the day before it."""
    if (day.month, day.day) in _HOLIDAYS:
        return 0.0
    after = day + timedelta(days=1)
    return 1.35 if (after.month, after.day) in _HOLIDAYS else 1.0


def _shop(_random: Random, day: date, _at: int, _days: int, _: float) -> tuple[float, float]:
    return _SHOP[day.weekday()] * _festive(day), 0.0


def _market(_random: Random, day: date, at: int, days: int, _: float) -> tuple[float, float]:
    """A supermarket that grows, and has its Christmas."""
    christmas = 1 + 0.5 * math.exp(-((date(day.year, 12, 20) - day).days / 12) ** 2)
    return _EVERY_DAY[day.weekday()] * _festive(day) * (0.85 + 0.3 * at / days) * christmas, 0.0


def _fuel(_random: Random, day: date, _at: int, _days: int, _: float) -> tuple[float, float]:
    return (1.0, 1.0, 1.0, 1.05, 1.25, 1.2, 0.95)[day.weekday()], 0.0


def _seldom(random: Random, day: date, _at: int, _days: int,
            carried: float) -> tuple[float, float]:
    """The takings of some days are brought together."""
    carried += _SHOP[day.weekday()] * _festive(day)
    return (carried, 0.0) if day.weekday() < 6 and random.random() < 0.45 else (0.0, carried)


def _moved(_random: Random, day: date, at: int, days: int, _: float) -> tuple[float, float]:
    """A second till, or a competitor: another level from some day on."""
    level = 1.0 if at < 0.72 * days else (1.8 if days % 2 else 0.55)
    return _SHOP[day.weekday()] * _festive(day) * level, 0.0


def _season(_random: Random, day: date, _at: int, _days: int, _: float) -> tuple[float, float]:
    """A restaurant by the sea."""
    summer = 0.35 + 1.1 * math.exp(-((day.timetuple().tm_yday - 215) / 45) ** 2)
    return (0.8, 0.0, 0.9, 1.0, 1.4, 1.6, 1.3)[day.weekday()] * summer, 0.0


_Shape = Callable[[Random, date, int, int, float], tuple[float, float]]
_KINDS: Final[dict[str, tuple[float, _Shape]]] = {
    "shop": (160, _shop), "market": (420, _market), "fuel": (240, _fuel),
    "seldom": (120, _seldom), "moved": (170, _moved), "season": (220, _season),
    "new": (180, _shop),
}

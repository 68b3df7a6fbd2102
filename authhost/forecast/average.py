"""A weekday average with its level and spread: how many pieces come on each of the next days.

Knows whole numbers by day, the oldest first, and no clock, no database, no library. 1. The shape of
a week is each weekday's mean over half a year, newer weeks weigh more; its height is that of the
last few weeks, for shops grow and seasons turn. 2. A day's spread is half its weekday's own and
half what all days have, in proportion to the mean. 3. How wrong the height is, say the weeks
themselves: each was forecast from those before it, and missed by so much; that makes whole
stretches uncertain, the longer the more. 4. Sums of days are taken to be spread as a gamma
distribution: never below nothing, with its long end above (the cube root of Wilson and Hilferty).
5. What is less than MEASURED days is no pattern: one mean for all days, and a wide spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import NormalDist
from typing import Final

import msgspec

WEEK: Final = 7
MEASURED: Final = 3 * WEEK  # days of history that make a pattern
WEEKS: Final = 26  # older ones are not looked at
_SHAPE: Final = 0.92  # what a week weighs beside the one after it: for the shape
_HEIGHTS: Final = (0.25, 0.5, 0.7, 0.85)  # and for the height: which, a safe's own weeks say
_LITTLE_DAY: Final = 1.0  # spread of a day, and of all of them, in means, where little is known
_LITTLE_LEVEL: Final = 0.6
_LEAST_LEVEL: Final = 0.06  # next week is never known better than this
_GROWS: Final = 0.2  # of the height's variance, a week further
_GROWN: Final = 4  # weeks; then it is as uncertain as it gets
_NORMAL: Final = NormalDist()


class Pattern(msgspec.Struct, frozen=True):
    """Means and variances by weekday, Monday first. level: spread of a whole stretch, in means."""

    means: tuple[float, ...]
    variances: tuple[float, ...]
    level: float
    days: int  # of history

    @property
    def measured(self) -> bool:
        """Whether it is a pattern at all."""
        return self.days >= MEASURED


def pattern(pieces: Sequence[int], last: date) -> Pattern:
    """The pattern of a history that ends with the day `last`. Empty: nothing comes, for certain."""
    days = len(pieces)
    recent = list(pieces)[-WEEKS * WEEK:]
    if days < MEASURED:
        mean = sum(recent) / days if days else 0.0
        return Pattern((mean,) * WEEK, ((mean * _LITTLE_DAY) ** 2,) * WEEK, _LITTLE_LEVEL, days)
    # (weekday, weight, pieces): the newest seven days have the whole weight.
    rows = [((last - timedelta(days=age)).weekday(), _SHAPE ** (age // WEEK), count)
            for age, count in enumerate(reversed(recent))]
    weights = [sum(weight for weekday, weight, _ in rows if weekday == of) for of in range(WEEK)]
    means = [sum(weight * count for weekday, weight, count in rows if weekday == of) / weights[of]
             for of in range(WEEK)]
    own = [sum(weight * (count - means[of]) ** 2 for weekday, weight, count in rows
               if weekday == of) / weights[of] for of in range(WEEK)]
    squares = sum(mean * mean for mean in means)
    common = sum(own) / squares if squares else 0.0
    variances = [(own[of] + common * means[of] ** 2) / 2 for of in range(WEEK)]
    height, level = _height(recent, sum(means), sum(variances))
    return Pattern(tuple(mean * height for mean in means),
                   tuple(variance * height for variance in variances), level, days)


def _height(pieces: Sequence[int], mean: float, variance: float) -> tuple[float, float]:
    """The last weeks in means of a week, and how wrong such a height was, in itself."""
    if not mean:
        return 0.0, _LITTLE_LEVEL
    weeks = [sum(pieces[start:start + WEEK]) / mean
             for start in range(len(pieces) % WEEK, len(pieces), WEEK)]
    missed, height = min(_followed(weeks, kept) for kept in _HEIGHTS)
    if not height:
        return 0.0, _LITTLE_LEVEL
    # What the days alone would make it miss is in their own spread already.
    beyond = max(0.0, missed - variance / mean ** 2)
    return height, max(_LEAST_LEVEL, sqrt(beyond) / height)


def _followed(weeks: Sequence[float], kept: float) -> tuple[float, float]:
    """(mean square of what it missed, height at the end) where each week is forecast by the height
    before it, and moves it. The first weeks only show where to begin."""
    begun = min(4, len(weeks) // 2)
    height = sum(weeks[:begun]) / begun
    missed = weight = 0.0
    for age, week in zip(range(len(weeks) - begun, 0, -1), weeks[begun:], strict=True):
        missed += _SHAPE ** age * (week - height) ** 2
        weight += _SHAPE ** age
        height += (1 - kept) * (week - height)
    return missed / weight, height


class Coming(msgspec.Struct, frozen=True):
    """Sums of the next days: means and variances, element 0 after the first day."""

    means: tuple[float, ...]
    variances: tuple[float, ...]

    def chance(self, days: int, room: int) -> float:
        """The probability that `days` days bring `room` pieces or more. room > 0, days >= 1."""
        mean, variance = self.means[days - 1], self.variances[days - 1]
        if mean <= 0:
            return 0.0
        if variance <= 0:
            return float(mean >= room)
        ninth = variance / (9 * mean * mean)
        return 1 - _NORMAL.cdf(((room / mean) ** (1 / 3) - 1 + ninth) / sqrt(ninth))

    def between(self, days: int, low: float, high: float) -> tuple[int, int]:
        """Pieces after so many days at two quantiles."""
        mean, variance = self.means[days - 1], self.variances[days - 1]
        if mean <= 0:
            return 0, 0
        ninth = variance / (9 * mean * mean)
        least, most = (max(0, round(mean * (1 - ninth + _NORMAL.inv_cdf(of) * sqrt(ninth)) ** 3))
                       for of in (low, high))
        return least, most


def coming(found: Pattern, first: date, days: int, already: int = 0) -> Coming:
    """Sums from the day `first` on. already: pieces that came on it, and are not to come again."""
    means: list[float] = []
    variances: list[float] = []
    mean = variance = 0.0
    for ahead in range(days):
        weekday = (first + timedelta(days=ahead)).weekday()
        today = found.means[weekday]
        share = 1.0
        if not ahead and already:
            share = max(0.0, today - already) / today if today else 0.0
        mean += today * share
        variance += found.variances[weekday] * share
        means.append(mean)
        variances.append(variance + (found.level * mean) ** 2 * (
            1 + _GROWS * min(ahead / WEEK, _GROWN)))
    return Coming(tuple(means), tuple(variances))

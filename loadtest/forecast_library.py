"""A forecast by a library, to be compared: exponential smoothing (statsforecast's AutoETS).

Knows statsforecast, which comes with the extra `forecast`; only loadtest.forecast imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy
from statsforecast.models import AutoETS

from authhost.forecast.average import WEEK, WEEKS

_AHEAD: Final = 28
_PATHS: Final = 400


def ets(pieces: Sequence[int], last: date) -> tuple[Sequence[float], Paths]:
    """Means of the next days, and sums by simulation; the library chooses among all its kinds."""
    recent = numpy.array(pieces[-WEEKS * WEEK:], dtype=float)
    model = AutoETS(season_length=WEEK)
    model.fit(recent)
    means = numpy.maximum(0, model.predict(_AHEAD)["mean"])
    paths = numpy.maximum(0, model.simulate(_AHEAD, _PATHS, seed=last.toordinal()))
    return list(means), Paths(paths.cumsum(axis=1))


class Paths:
    """Chances from simulated sums, a row a path."""

    def __init__(self, sums: Any) -> None:
        self._sums = sums

    def chance(self, days: int, room: int) -> float:
        """The share of paths that reach it."""
        return float((self._sums[:, days - 1] >= room).mean())

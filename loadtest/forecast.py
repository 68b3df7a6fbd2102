"""Which forecast is better: our weekday average, or a library's, on weeks that were held back.

    python -m loadtest.forecast [--each 6] [--weeks 12] [--database-url URL] [--json]

Rolling origin: at every fifth day of the held-back weeks each method sees what was known by then
and says how many pieces each of the next 14 days brings, and when a safe with so much room is full.
mase: absolute error of a day, in units of what "as a week ago" errs within the history (below 1 is
better). days_error: mean absolute error of the expected day, in days. pinball_days: mean pinball
loss of earliest, expected and latest day. covered: how often the safe was full between earliest and
latest (80 of 100 are promised, whole days make it more). ms: of one forecast. The histories are
invented (safe_histories.py), or a host's own with --database-url. The library is the extra
`forecast`; where it is not installed, its figures are missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from random import Random
from statistics import fmean
from typing import Any, Final

import asyncpg

from authhost.forecast.average import WEEK, coming, pattern
from authhost.forecast.filling import HIGH, LOW, Chances, Full, when_full
from loadtest.safe_histories import History, histories

AHEAD: Final = 28
_DAILY: Final = 14
_STEP: Final = 5
_LAST: Final = date(2026, 11, 21)
Method = Callable[[Sequence[int], date], tuple[Sequence[float], Chances]]


def main() -> int:
    """Compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--each", type=int, default=6, help="safes of every kind")
    parser.add_argument("--days", type=int, default=300, help="of history")
    parser.add_argument("--weeks", type=int, default=12, help="that are held back")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="", help="a host's own histories")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.database_url:
        safes = asyncio.run(_own(arguments.database_url))
    else:
        safes = list(histories(arguments.seed, arguments.each, arguments.days, _LAST))
    figures = compare(safes, arguments.weeks, methods())
    if arguments.json:
        print(json.dumps(figures))
        return 0
    for name, found in figures["methods"].items():
        print(f"{name:<12}" + "  ".join(f"{of} {value}" for of, value in found["all"].items()))
    return 0


def methods() -> dict[str, Method]:
    """By name; the library where there is one."""
    found: dict[str, Method] = {"average": _average}
    if find_spec("statsforecast") is not None:
        found["ets"] = import_module("loadtest.forecast_library").ets
    return found


def compare(safes: Sequence[History], weeks: int, chosen: dict[str, Method]) -> dict[str, Any]:
    """The figures of every method, for all safes and by kind."""
    sums: dict[str, dict[str, list[dict[str, float]]]] = {name: defaultdict(list)
                                                          for name in chosen}
    for safe in safes:
        for at, room in _origins(safe, weeks):
            known, later = safe.pieces[:at], safe.pieces[at:]
            last = safe.first + timedelta(days=at - 1)
            actual = _filled(later, room)
            scale = fmean(abs(known[day] - known[day - WEEK]) for day in range(WEEK, len(known)))
            if actual is None or not scale:
                continue
            for name, method in chosen.items():
                started = time.perf_counter()
                means, chances = method(known, last)
                full = when_full(chances, last + timedelta(days=1), room, AHEAD)
                spent = time.perf_counter() - started
                errors = [abs(means[day] - later[day]) for day in range(min(_DAILY, len(later)))]
                row = {"mase": fmean(errors) / scale, "ms": spent * 1000,
                       **_day_errors(full, last, actual)}
                sums[name][safe.kind].append(row)
                sums[name]["all"].append(row)
    return {"safes": len(safes), "weeks_held_back": weeks, "methods": {
        name: {kind: {"origins": len(rows), **{of: round(fmean(row[of] for row in rows), 3)
                                               for of in rows[0]}}
               for kind, rows in by_kind.items()} for name, by_kind in sums.items()}}


def _average(pieces: Sequence[int], last: date) -> tuple[Sequence[float], Chances]:
    sums = coming(pattern(pieces, last), last + timedelta(days=1), AHEAD)
    return [after - before for after, before in zip(sums.means, (0.0, *sums.means), strict=False)
            ], sums


def _origins(safe: History, weeks: int) -> Iterator[tuple[int, int]]:
    """(days that are known, room in pieces): a room for a day to a fortnight and a half."""
    random = Random(f"{safe.kind}{safe.first}{sum(safe.pieces)}")
    for at in range(max(2 * WEEK, len(safe.pieces) - weeks * WEEK), len(safe.pieces) - 1, _STEP):
        mean = fmean(safe.pieces[:at][-8 * WEEK:])
        room = round(mean * random.uniform(1, 17))
        if room > 0:
            yield at, room


def _filled(later: Sequence[int], room: int) -> int | None:
    """The day after which it was full, counted from 1; None where the data end before."""
    total = 0
    for day, count in enumerate(later[:AHEAD], 1):
        total += count
        if total >= room:
            return day
    return None


def _day_errors(full: Full, last: date, actual: int) -> dict[str, float]:
    told = [AHEAD + 1 if day is None else (day - last).days
            for day in (full.earliest, full.expected, full.latest)]
    losses = [max(quantile * (actual - day), (quantile - 1) * (actual - day))
              for quantile, day in zip((LOW, 0.5, HIGH), told, strict=True)]
    return {"days_error": float(abs(told[1] - actual)), "pinball_days": fmean(losses),
            "covered": float(told[0] <= actual <= told[2]), "width_days": float(told[2] - told[0])}


async def _own(url: str) -> list[History]:
    """What a host has rolled up, notes and coins together; days without a deposit are nothing."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT terminal_id, local_day, notes + coins AS pieces FROM safe_day")
    finally:
        await connection.close()
    safes: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        safes[row["terminal_id"]][row["local_day"]] += row["pieces"]
    return [History("own", min(days), tuple(days[min(days) + timedelta(days=at)] for at in range(
        (max(days) - min(days)).days + 1))) for days in safes.values()]


if __name__ == "__main__":
    raise SystemExit(main())

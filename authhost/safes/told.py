"""What a safe told against what is here: sums by currency and kind, pieces by value. PURE."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from authhost.translate.safe_bodies import Counter, PieceDifference, Total, TotalDifference


def total_differences(told: Iterable[Total], host: Iterable[Total]) -> tuple[TotalDifference, ...]:
    """Where sums differ, ordered. Two lines of one currency and kind are one."""
    theirs, ours = _totals(told), _totals(host)
    found = []
    for place in sorted(theirs.keys() | ours.keys()):
        said, known = theirs.get(place, (0, 0)), ours.get(place, (0, 0))
        if said != known:
            found.append(TotalDifference(
                currency=place[0], kind=place[1], told_count=said[0], told_minor=said[1],
                host_count=known[0], host_minor=known[1]))
    return tuple(found)


def piece_differences(told: Iterable[Counter],
                      host: Iterable[Counter]) -> tuple[PieceDifference, ...]:
    """Where pieces differ, ordered."""
    theirs, ours = _pieces(told), _pieces(host)
    return tuple(
        PieceDifference(currency=place[0], value_minor=place[1], kind=place[2],
                        told_count=theirs.get(place, 0), host_count=ours.get(place, 0))
        for place in sorted(theirs.keys() | ours.keys())
        if theirs.get(place, 0) != ours.get(place, 0))


def state_of(*differences: tuple[object, ...]) -> Literal["balanced", "differs"]:
    """The word for it."""
    return "differs" if any(differences) else "balanced"


def _totals(rows: Iterable[Total]) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for row in rows:
        count, amount = sums.get((row.currency, row.kind), (0, 0))
        sums[row.currency, row.kind] = count + row.count, amount + row.amount_minor
    return {place: one for place, one in sums.items() if any(one)}


def _pieces(rows: Iterable[Counter]) -> dict[tuple[str, int, str], int]:
    sums: dict[tuple[str, int, str], int] = {}
    for row in rows:
        place = row.currency, row.value_minor, row.kind
        sums[place] = sums.get(place, 0) + row.count
    return {place: count for place, count in sums.items() if count}

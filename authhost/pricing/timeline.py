"""What was in force when: values over instants, found by bisection.

PURE. An instant is an integer in microseconds since 1970 UTC; a period has its start and not its
end. Local midnights and daylight saving have become instants before they come here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

V = TypeVar("V")
BEGINNING: Final = -(2**63)
FOREVER: Final = 2**63 - 1


class Timeline(Generic[V]):
    """Values with their periods; None where nothing is in force. Does not change."""

    def __init__(self, changes: Iterable[tuple[int, V | None]] = ()) -> None:
        self._starts: list[int] = [BEGINNING]
        self._values: list[V | None] = [None]
        for start, value in changes:
            assert start >= self._starts[-1], "in order of time"
            if start == self._starts[-1]:
                self._values[-1] = value
            elif value is not self._values[-1]:
                self._starts.append(start)
                self._values.append(value)

    def at(self, instant_us: int) -> tuple[V | None, int, int]:
        """(what is in force, since when it is, until when it is)."""
        index = bisect_right(self._starts, instant_us) - 1
        end = self._starts[index + 1] if index + 1 < len(self._starts) else FOREVER
        return self._values[index], self._starts[index], end


def latest(rows: Iterable[tuple[int, int, int | None, V | None]]) -> Timeline[V]:
    """Rows (from, version, until, value): each ends where the next begins, or earlier by itself.

    Of rows from one instant the highest version counts. What has ended does not let what was
    before it come back: it was superseded. This is how price lists and tax rates go.
    """
    kept = {start: (until, value)
            for start, _, until, value in sorted(rows, key=lambda row: row[:2])}
    changes: list[tuple[int, V | None]] = []
    for start, (until, value) in kept.items():
        if changes and changes[-1][0] > start:  # the one before would have ended later
            changes.pop()
        changes.append((start, value))
        if until is not None:
            changes.append((until, None))
    return Timeline(changes)


def highest(rows: Iterable[tuple[int, int, int | None, V]]) -> Timeline[V]:
    """Rows (from, version, until, value): at each instant the highest version in force counts.

    When a version ends, a lower one that is still in force counts again: a version for a month
    is an exception from the contract, not its end.
    """
    newest_first = sorted(rows, key=lambda row: -row[1])
    edges = sorted({edge for start, _, until, _ in newest_first
                    for edge in (start, until) if edge is not None})
    return Timeline(
        (edge, next((value for start, _, until, value in newest_first
                     if start <= edge and (until is None or edge < until)), None))
        for edge in edges)

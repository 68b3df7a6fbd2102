"""A point: a row of a table of states, or a step beside it, and who dies there in which moment; and
some of many points by chance.

Knows no table: each channel has its own. PURE.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Literal

import msgspec

# Of a transition: before its statement, after it, after its commit, once it was told. Of a step:
# before and after.
Moment = Literal["before", "moved", "committed", "after"]
Target = Literal["process", "postgres", "connector", "valkey"]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One death. column: which table the row is of, or 'step'. process: who makes the move, host or
    night; postgres, valkey: its servers; connector: what it was doing, within a host that lives on.
    """

    column: str
    before: str
    event: str
    moment: Moment
    target: Target

    @property
    def name(self) -> str:
        """The row of the table, or who does what."""
        return f"{self.before} {self.event}"

    def __str__(self) -> str:
        return f"{self.name}, {self.moment}, {self.target}"


def chosen(points: Iterable[Point], seed: int) -> list[Point]:
    """Every transition, step and who may die there, once, at a moment by chance."""
    random = Random(seed)
    found: dict[tuple[str, Target], list[Point]] = {}
    for point in points:
        found.setdefault((point.name, point.target), []).append(point)
    return [random.choice(moments) for moments in found.values()]


def sampled(points: Iterable[Point], seed: int, count: int) -> list[Point]:
    """So many of these by chance, in their order; of a transition or step no more than one."""
    random = Random(seed)
    by_name: dict[str, list[Point]] = {}
    for point in chosen(points, seed):
        by_name.setdefault(point.name, []).append(point)
    wanted = set(random.sample(sorted(by_name), min(count, len(by_name))))
    return [random.choice(found) for name, found in by_name.items() if name in wanted]

"""Where is killed: every transition of a deposit's life, and every step beside it, in each moment,
whoever may die there.

Transitions are those of the tables of `authhost/safes/life.py`. What is written beside a deposit is
in STEPS, for no table names it: decisions and what is booked after them, counts, swaps, the steps
of a night. PURE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final, Literal

import msgspec

from authhost.safes.life import CREDIT, CUSTODY

# Of a transition: before its statement, after it, after its commit. Of a step: before and after.
Moment = Literal["before", "moved", "committed", "after"]
Column = Literal["state", "credit", "step"]
Target = Literal["process", "postgres", "connector"]
MOMENTS: Final[tuple[Moment, ...]] = ("before", "moved", "committed")
TARGETS: Final[tuple[Target, ...]] = ("process", "postgres", "connector")
NIGHT: Final = "night"
# What the connector alone does; there it may die and its host live on.
OF_CONNECTOR: Final = frozenset({"send", "accept", "refuse", "silence", "resend", "give_up",
                                 "rejected_to_night"})
# (who, what): the moments. Which function each is, says killed.py.
STEPS: Final[Mapping[tuple[str, str], tuple[Moment, ...]]] = {
    ("deposit", "told"): ("before",),  # it is committed, and its safe has not heard
    ("swap", "effect"): ("before", "after"),  # within the transaction
    ("swap", "take"): ("after",),  # committed, and not answered
    ("count", "match"): ("before", "after"),  # the count is stored; it is compared
    ("count", "take"): ("after",),
    ("decision", "apply"): ("before", "after"),
    ("decision", "decide"): ("after",),  # committed, and nothing is posted
    ("custody", "post"): ("before", "after"),  # posted, and not marked
    ("custody", "match"): ("before", "after"),  # marked; its stay is compared again
    **{(NIGHT, step): ("before",) for step in (
        "close", "read", "post", "invoices", "settlements", "fees", "bookings", "bank", "safes",
        "lists", "control", "release", "done")},
    (NIGHT, "show"): ("after",),  # its files are shown, and the run does not know
}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One death. process: who makes the move, host or night; postgres: its database; connector:
    what it was doing, within a host that lives on."""

    column: Column
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


def transitions() -> list[str]:
    """All rows of both tables."""
    return [f"{before} {event}" for before, event in (*CUSTODY, *CREDIT)]


def names() -> list[str]:
    """All transitions and steps."""
    return [*transitions(), *(f"{who} {what}" for who, what in STEPS)]


def points() -> list[Point]:
    """Every transition and step, every moment, everybody who may die there."""
    tables: Sequence[tuple[Column, Iterable[tuple[str, str]]]] = (
        ("state", CUSTODY), ("credit", CREDIT), ("step", STEPS))
    return [Point(column=column, before=str(before), event=event, moment=moment, target=target)
            for column, pairs in tables for before, event in pairs
            for moment in (STEPS[before, event] if column == "step" else MOMENTS)
            for target in (TARGETS if event in OF_CONNECTOR else TARGETS[:2])]


def chosen(seed: int) -> list[Point]:
    """Every transition, step and who may die there, once, at a moment by chance."""
    random = Random(seed)
    found: dict[tuple[str, Target], list[Point]] = {}
    for point in points():
        found.setdefault((point.name, point.target), []).append(point)
    return [random.choice(moments) for moments in found.values()]


def sampled(seed: int, count: int) -> list[Point]:
    """So many of these by chance, in their order; of a transition or step no more than one."""
    random = Random(seed)
    by_name: dict[str, list[Point]] = {}
    for point in chosen(seed):
        by_name.setdefault(point.name, []).append(point)
    wanted = set(random.sample(sorted(by_name), min(count, len(by_name))))
    return [random.choice(found) for name, found in by_name.items() if name in wanted]

"""Where is killed: every transition of a deposit's life, and every step beside it, in each moment,
whoever may die there.

Transitions are those of the tables of `authhost/safes/life.py`. What is written beside a deposit is
in STEPS, for no table names it: decisions and what is booked after them, counts, swaps, the steps
of a night. PURE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from authhost.safes.life import CREDIT, CUSTODY
from tests.crash.points import Moment, Point, Target

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
        "close", "read", "post", "fees", "bookings", "own books", "documents", "bank", "safes",
        "lists", "control", "release", "done")},
    (NIGHT, "show"): ("after",),  # its files are shown, and the run does not know
}


def transitions() -> list[str]:
    """All rows of both tables."""
    return [f"{before} {event}" for before, event in (*CUSTODY, *CREDIT)]


def names() -> list[str]:
    """All transitions and steps."""
    return [*transitions(), *(f"{who} {what}" for who, what in STEPS)]


def points() -> list[Point]:
    """Every transition and step, every moment, everybody who may die there."""
    tables: Sequence[tuple[str, Iterable[tuple[str, str]]]] = (
        ("state", CUSTODY), ("credit", CREDIT), ("step", STEPS))
    return [Point(column=column, before=str(before), event=event, moment=moment, target=target)
            for column, pairs in tables for before, event in pairs
            for moment in (STEPS[before, event] if column == "step" else MOMENTS)
            for target in (TARGETS if event in OF_CONNECTOR else TARGETS[:2])]

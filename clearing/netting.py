"""From what a client is due and what is taken off to the credits of a night.

PURE. Money in minor units of one currency. A bank file gives and never takes: what is taken off is
covered by the fewest of the client's credits; where all of them are not enough, everything waits
for the next night. Nothing is split, so each deposit is in one credit, whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Part(msgspec.Struct, frozen=True):
    """What belongs together by the client's posting logic: a safe's deposits, one deposit, or all.

    number: the caller's own. amount_minor may be nothing or less, where reversals outweigh.
    loose: it belongs to none of the client's credits (a fee, an adjustment), so any may have it.
    """

    number: int
    place_id: str  # the safe; '' where it belongs to none, or to several
    amount_minor: int
    loose: bool = False


class Net(msgspec.Struct, frozen=True):
    """One credit. held: 'carried_over' takes more than it gives and waits; 'nothing_due' comes to
    nothing and is done with; '' pays."""

    place_id: str
    parts: tuple[int, ...]  # numbers
    amount_minor: int
    held: str


def net(parts: Sequence[Part]) -> tuple[Net, ...]:
    """The credits of one client in one currency, in the order of their first parts."""
    shared = [part for part in parts if part.loose or part.amount_minor < 0]
    alone = [part for part in parts if not part.loose and part.amount_minor >= 0]
    covers: list[Part] = []
    total = sum(part.amount_minor for part in shared)
    if shared:
        for part in sorted(alone, key=lambda part: (-part.amount_minor, part.place_id)):
            if covers and total > 0:
                break
            if part.amount_minor:
                covers.append(part)
                total += part.amount_minor
    taken = {part.number for part in covers}
    made = [_credit([part], part.amount_minor) for part in alone if part.number not in taken]
    if shared:
        made.append(_credit([*covers, *shared], total))
    order = {part.number: position for position, part in enumerate(parts)}
    return tuple(sorted(made, key=lambda credit: min(order[one] for one in credit.parts)))


def _credit(parts: Sequence[Part], total: int) -> Net:
    places = {part.place_id for part in parts if part.place_id}
    held = "" if total > 0 else "carried_over" if total else "nothing_due"
    return Net(places.pop() if len(places) == 1 else "", tuple(part.number for part in parts),
               total, held)

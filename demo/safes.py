"""The stories at safes: deposits, repeated ones, and one whose notes do not make its sum.

Knows notes, coins and shop keepers; must not know when credit is given.
"""

from __future__ import annotations

from random import Random
from typing import Final

from demo.plan import Story, Visit
from demo.tally import Tally
from terminals.json_door import Posted, Problem
from terminals.safe import Denomination, Safe

_NOTES: Final = (20_000, 10_000, 5_000, 2_000, 1_000)
_COINS: Final = (200, 100, 50)
_DEPOSITORS: Final = ("Berger", "Fuchs", "Lang", "Winkler")


class SafeDay:
    """All safes."""

    def __init__(self, safes: list[Safe], tally: Tally) -> None:
        self._safes = safes
        self._tally = tally

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.SAFES."""
        return {"deposit": self._deposit, "deposit_repeated": self._repeated,
                "deposit_wrong": self._wrong}

    async def _deposit(self, random: Random, _visit: Visit) -> None:
        await self._deposited(random)

    async def _repeated(self, random: Random, _visit: Visit) -> None:
        safe, first = await self._deposited(random)
        again = await safe.repeat(first)
        self._tally.repeat(first.key, first.raw, again.raw, again.latency_s)

    async def _wrong(self, random: Random, _visit: Visit) -> None:
        """The safe claims more than its notes make: that is no deposit, and is said so."""
        safe, notes = random.choice(self._safes), _counted(random)
        claimed = sum(entry.value_minor * entry.count for entry in notes) + 1_000
        try:
            posted = await safe.deposit(notes, amount_minor=claimed)
        except Problem:
            self._tally.problem("deposit")
        else:
            self._tally.posted(posted)
            self._tally.surprises.append(f"a wrong sum was answered {posted.decision}")

    async def _deposited(self, random: Random) -> tuple[Safe, Posted]:
        safe = random.choice(self._safes)
        posted = await safe.deposit(
            _counted(random), depositor=random.choice(_DEPOSITORS),
            cassette=f"3{random.randrange(10**4):017d}",
            reference=f"RF{random.randrange(10**6):06d}")
        self._tally.posted(posted)
        if not posted.decision.approved:
            self._tally.surprises.append(f"a deposit was answered {posted.decision}")
        return safe, posted


def _counted(random: Random) -> list[Denomination]:
    """Some notes of some values, sometimes coins."""
    counted = [Denomination(value, random.randint(1, 20))
               for value in sorted(random.sample(_NOTES, random.randint(1, 4)))]
    if random.random() < 0.3:
        counted.append(Denomination(random.choice(_COINS), random.randint(5, 50), "coin"))
    return counted

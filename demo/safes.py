"""The stories at safes: deposits in two steps, repeated messages, and one that claims too much.

Knows notes, coins and shop keepers; must not know when credit is given.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from random import Random
from typing import Final

from demo.plan import Story, Visit
from demo.portfolio import DEPOSITORS
from demo.tally import Tally
from terminals.json_door import Problem
from terminals.safe.counted import GENUINE, Count, Piece, Slip
from terminals.safe.depositing import Offer
from terminals.safe.door import HostAway, SafeDoor
from terminals.safe.machine import MachineInSoftware
from terminals.safe.one_message import Denomination, Safe
from terminals.safe.program import SafeProgram
from terminals.safe.rows import Row
from terminals.safe.states import State

_NOTES: Final = (20_000, 10_000, 5_000, 2_000, 1_000)
_COINS: Final = (200, 100, 50)
_PATIENCE_S: Final = 8.0


class Equipped:
    """A safe with its program, its machine, and a second hand at its door. old: the same safe as a
    device that knows one message."""

    def __init__(self, program: SafeProgram, machine: MachineInSoftware, door: SafeDoor,
                 old: Safe) -> None:
        self.program = program
        self.machine = machine
        self.door = door
        self.old = old
        self.turn = asyncio.Lock()  # one depositor stands before it

    @property
    def currency(self) -> str:
        """Of its client."""
        return self.program.config.terminal.currencies[0]


class SafeDay:
    """All safes, by their terminals' ids."""

    def __init__(self, safes: Mapping[str, Equipped], tally: Tally) -> None:
        self._safes = list(safes.values())
        self._tally = tally

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.SAFES."""
        return {"deposit": self._deposit, "deposit_repeated": self._repeated,
                "deposit_wrong": self._wrong}

    async def _deposit(self, random: Random, _visit: Visit) -> None:
        await self._deposited(random)

    async def _repeated(self, random: Random, _visit: Visit) -> None:
        """The same bytes once more, though they were answered."""
        safe, row = await self._deposited(random)
        if row is not None:
            row = await safe.program.told(row, _PATIENCE_S)
        if row is None or row.state is not State.FORWARDED:
            return  # it was refused, or this safe is off line
        started = time.perf_counter()
        try:
            again = await safe.door.tell(row.sequence, row.path, row.body)
        except HostAway:
            return  # its line was pulled out meanwhile
        self._tally.repeat(f"{safe.old.terminal_id} {row.sequence}", row.answer, again.body,
                           time.perf_counter() - started)

    async def _wrong(self, random: Random, _visit: Visit) -> None:
        """A device that knows one message claims more than its notes make: that is no deposit."""
        safe, counted = random.choice(self._safes), _counted(random)
        notes = [Denomination(piece.value_minor, piece.count, piece.kind) for piece in counted]
        claimed = sum(entry.value_minor * entry.count for entry in notes) + 1_000
        try:
            posted = await safe.old.deposit(notes, amount_minor=claimed)
        except Problem:
            self._tally.problem("deposit")
        else:
            self._tally.posted(posted)
            self._tally.surprises.append(f"a wrong sum was answered {posted.decision}")

    async def _deposited(self, random: Random) -> tuple[Equipped, Row | None]:
        """None: the host refused, and the notes went back. A cap alone may be in the way."""
        safe = random.choice(self._safes)
        count = Count(currency=safe.currency, pieces=_counted(random))
        slip = Slip(depositor=random.choice(DEPOSITORS),
                    reference=f"RF{random.randrange(10**6):06d}")
        offer, row = await put_in(safe, count, slip)
        if row is None and not offer.reason.startswith("limit:"):
            self._tally.surprises.append(f"notes were refused: {offer.reason}")
        return safe, row


async def put_in(safe: Equipped, count: Count, slip: Slip) -> tuple[Offer, Row | None]:
    """A depositor's notes: in where they may, else back."""
    async with safe.turn:
        safe.machine.insert(count)
        return await safe.program.deposit(slip)


def _counted(random: Random) -> tuple[Piece, ...]:
    """Some notes of some values, sometimes coins."""
    counted = [Piece(value, random.randint(1, 20), "note", GENUINE)
               for value in sorted(random.sample(_NOTES, random.randint(1, 4)))]
    if random.random() < 0.3:
        counted.append(Piece(random.choice(_COINS), random.randint(5, 50), "coin"))
    return tuple(counted)

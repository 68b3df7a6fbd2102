"""A safe as the run has it: its program, and the machine that nobody kills.

Knows what its cashier and its courier do, and waits until the host has taken it.
"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Final

from terminals.safe.config import Config, HostSettings, MachineSettings, Place, Rules, StoreSettings
from terminals.safe.counted import Count, Piece, Slip
from terminals.safe.machine import MachineInSoftware
from terminals.safe.program import SafeProgram
from tests.crash.deposits.portfolio import Role
from tests.crash.ground import PATIENCE_S, Stuck

_LOOK_S: Final = 0.05
NOTE: Final = 1_000


async def _pause(seconds: float) -> None:
    """Tries are soon, statuses as they are set."""
    await asyncio.sleep(seconds if seconds > PATIENCE_S * 2 else _LOOK_S)


class Safe:
    """A safe of one role: its program, and the machine that nobody kills."""

    def __init__(self, role: Role, folder: Path, url: str) -> None:
        self.role = role
        self.machine = MachineInSoftware(folder / f"{role.role}.json")
        self.program = SafeProgram(
            Config(terminal=Place(id=role.terminal_id), host=HostSettings(url=url),
                   store=StoreSettings(path=folder / f"{role.role}.db"),
                   machine=MachineSettings(file=folder / f"{role.role}.json"),
                   safe=Rules(two_steps=False, shift_required=False, status_s=3_600)),
            machine=self.machine, pause=_pause, timeout_s=5.0)
        self._cassettes = itertools.count(1)

    async def swap(self) -> str:
        """A courier takes the cassette; which one."""
        stay = await self.program.stay()
        row, _ = await self.program.swap(self.role.cassette(next(self._cassettes)))
        await self.told(row.sequence)
        return stay.cassette if stay is not None else ""

    async def emptied(self) -> None:
        """Nothing of earlier acts lies in it, such as what was reversed and is still there."""
        if self.machine.drawers.cassette:
            await self.swap()

    async def deposit(self, depositor: str = "ana", notes: int = 3) -> int:
        """Notes of ten; the number under which the host has them."""
        self.machine.insert(Count(currency="EUR", pieces=(Piece(NOTE, notes, "note", "4a"),)))
        _, row = await self.program.deposit(Slip(depositor=depositor))
        assert row is not None, "nobody is asked"
        await self.told(row.sequence)
        return row.sequence

    async def told(self, sequence: int) -> None:
        """The host has taken it. Stuck."""
        row = await self.program.find(sequence)
        assert row is not None, "it was given"
        row = await self.program.told(row, PATIENCE_S)
        if row.state != "forwarded":
            raise Stuck(f"{self.role.role} {sequence} is {row.state}: {row.status} {row.answer!r}")

"""A safe that knows one message: it counts notes and coins, and reports the deposit.

Knows denominations and its own sequence numbers, and keeps nothing; must not know whether credit is
given. The program of `program.py` is the whole of a safe; this is the small one, for trying out:

    python -m terminals.safe --url http://127.0.0.1:8580 --terminal S0001 5000x4 2000x1
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from terminals.json_door import JsonDoor, Posted


class Denomination(msgspec.Struct, frozen=True, gc=False):
    """So many notes or coins of one value."""

    value_minor: int
    count: int
    kind: Literal["note", "coin"] = "note"


class Safe:
    """One safe. now: its clock; local times are sent without zone."""

    def __init__(self, terminal_id: str, door: JsonDoor, *, now: Callable[[], datetime],
                 currency: str = "EUR", first_sequence: int = 1) -> None:
        self.terminal_id = terminal_id
        self.currency = currency
        self._door = door
        self._now = now
        self._sequences = itertools.count(first_sequence)

    async def deposit(self, denominations: Sequence[Denomination], *, depositor: str = "",
                      cassette: str = "", reference: str = "",
                      amount_minor: int | None = None) -> Posted:
        """Report what was counted. amount_minor: only to claim another sum than the notes make.

        Problem where the host finds the message itself wrong; NoAnswer when it is silent.
        """
        counted = sum(entry.value_minor * entry.count for entry in denominations)
        sequence = f"{next(self._sequences):06d}"
        content = {
            "terminal_id": self.terminal_id,
            "sequence": sequence,
            "local_time": self._now().replace(tzinfo=None).isoformat(timespec="seconds"),
            "amount_minor": counted if amount_minor is None else amount_minor,
            "currency": self.currency,
            "denominations": msgspec.to_builtins(denominations),
            "depositor": depositor,
            "cassette": cassette,
            "reference": reference,
        }
        return await self._door.post("deposit", "/v1/deposits", content,
                                     client_id=self.terminal_id,
                                     key=f"{self.terminal_id}-{sequence}")

    async def repeat(self, posted: Posted) -> Posted:
        """The same deposit again: counted once, the same answer."""
        return await self._door.post_again(posted, self.terminal_id)

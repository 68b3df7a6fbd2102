"""What a phone does before its payer answers: it is handed a request, and shows it.

Knows the table of states and three statements. These moves decide nothing, so they are gathered
and written by one statement, beside the lane: one that is lost (this process dies before it is
written) leaves a payment CREATED or SENT, from where everything goes on as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.payments.archive import payment_of
from authhost.payments.crowding import MOST
from authhost.payments.gathering import Gathering
from authhost.payments.life import OPEN, Event, State, after, befores
from authhost.payments.model import Asked, Payment
from authhost.payments.ports import Told
from authhost.payments.statements import statement

GATHERED_S: Final = 0.1
ROWS: Final = 256  # in one statement
WAITING: Final = 16_384
RESULTS: Final = timedelta(days=1)  # for so long a phone hears of what became of its payments
_EVENTS: Final = (Event.NOTIFY, Event.OPEN)
_BEFORES: Final = [" ".join(befores(event)) for event in _EVENTS]
_AFTERS: Final = [str(after(event)) for event in _EVENTS]

Move = tuple[Asked, Event, str]


class Moves:
    """Over a pool. tell: hears of every payment that has moved."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, tell: Callable[[Told], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._tell = tell
        self._gathering: Gathering[str, Move] = Gathering(
            "moves of payments", self._write, most=WAITING, at_once=ROWS, wait_s=GATHERED_S)

    def put(self, asked: Asked, event: Event, phone: str) -> None:
        """NOTIFY or OPEN, soon. Who has opened it was handed it: of one payment one is written."""
        there = self._gathering.get(asked.payment_id)
        if there is None or there[1] is not Event.OPEN:
            self._gathering.put(asked.payment_id, (asked, event, phone))

    def over(self, told: Told) -> None:
        """A payment that has gone on need not be moved: its row would not let it."""
        if told.state not in OPEN:
            self._gathering.drop(told.asked.payment_id)

    async def read(self, payment_ids: Sequence[str]) -> list[Payment]:
        """As they are now, in no order. JournalUnavailable."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("moves_read"), payment_ids)
        return [payment_of(row) for row in rows]

    async def of_phone(self, phone: str) -> list[Payment]:
        """What waits for a payer, of each merchant the newest, and what became of the rest within
        RESULTS; at most 200."""
        now = self._clock.now()
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("moves_of_phone"), phone, now, now - RESULTS,
                                          MOST)
        return [payment_of(row) for row in rows]

    async def close(self) -> None:
        """Write what waits."""
        await self._gathering.close()

    @property
    def lost(self) -> int:
        """Moves that were dropped, for the database was away or slow."""
        return self._gathering.lost

    async def _write(self, moves: dict[str, Move]) -> None:
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("moves"), list(moves), [event for _, event, _ in moves.values()],
                [phone for _, _, phone in moves.values()], list(_EVENTS), _BEFORES, _AFTERS,
                self._clock.now())
        for row in rows:
            asked, _, phone = moves[row["payment_id"]]
            self._tell(Told(asked, State(row["state"]), "",
                            round(row["changed_at"].timestamp() * 1000), phone))

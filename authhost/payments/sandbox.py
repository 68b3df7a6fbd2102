"""A developer's payments: no bank is asked; the amount says what becomes of it.

Knows amounts and the rows that nobody has answered for. By the last two digits of the minor units:

    01 and any other  paid at once
    02                refused: no funds
    03                refused by the bank
    04                never answered, then found paid
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import asyncpg

from authhost.bank import bounds
from authhost.clock import Clock, as_datetime
from authhost.journal.reads import Borrowed
from authhost.payments.answers import Answers
from authhost.payments.orders import Order, order_of
from authhost.payments.statements import statement

_NO: Final = {2: ("AM04", "no_funds"), 3: ("MS03", "refused_by_bank")}
_LATE: Final = 4
_YES: Final = "ACSC"


class Sandbox:
    """Of one host."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, answers: Answers) -> None:
        self._pool = pool
        self._clock = clock
        self._answers = answers

    def begin(self, order: Order) -> None:
        """A debit whose row has just been written as SENT."""
        if order.amount_minor % 100 == _LATE:
            now = as_datetime(self._clock.real_now_us())
            self._answers.silent(order.key, order.tries + 1,
                                 now + timedelta(seconds=bounds.SANDBOX_S))
        else:
            self._decide(order, order.tries + 1)

    async def look(self) -> int:
        """Decide what waits: refunds, what is found paid late, what a host that died has left."""
        now = as_datetime(self._clock.real_now_us())
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("order_sandbox"), now, bounds.SANDBOX_ROWS,
                                          now + timedelta(seconds=bounds.CLAIM_S))
        for order in map(order_of, rows):
            self._decide(order, order.tries)
        return len(rows)

    def _decide(self, order: Order, tried: int) -> None:
        no = _NO.get(order.amount_minor % 100)
        if no is None:
            self._answers.yes(order, _YES)
        else:
            self._answers.no(order, *no, tried)

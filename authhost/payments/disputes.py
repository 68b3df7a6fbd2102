"""Disputes: an administrator opens one for a payer, and decides it.

Knows who may, the trail of it, and requests that are sent again; what becomes of the payment and
its money is after.py's, in the same transaction.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.journal.reads import Borrowed
from authhost.payments.after import After
from authhost.payments.ports import Told


class Disputes:
    """pool: locked.pool_of, for the rows of the journal that a lost one writes."""

    def __init__(self, pool: asyncpg.Pool, after: After) -> None:
        self._pool = pool
        self._after = after

    async def open(self, actor: Actor, payment_id: str, reason: str, evidence: str,
                   request: Asked | None) -> Row:
        """Nobody captures or refunds it until it is decided. Refused of either room."""
        allow(actor, "dispute.open")
        told: list[Told] = []

        async def work() -> Row:
            number, one = await self._after.dispute(connection, payment_id, reason, evidence,
                                                    actor.name)
            told.append(one)
            row: dict[str, Any] = {"payment": payment_id, "number": number, "reason": reason,
                                   "state": one.state.upper()}
            await audit(connection, actor, f"payment/{payment_id}", "dispute opened",
                        {"reason": (None, reason), "evidence": (None, evidence)})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            made = await once(connection, actor, request, work)
        self._tell(told)
        return made

    async def resolve(self, actor: Actor, payment_id: str, outcome: str,
                      request: Asked | None) -> Row:
        """'won' or 'lost' by the merchant; lost: what is left of it goes back. Refused."""
        allow(actor, "dispute.resolve")
        told: list[Told] = []

        async def work() -> Row:
            refund, one = await self._after.resolve(connection, payment_id, outcome, actor.name)
            told.append(one)
            await audit(connection, actor, f"payment/{payment_id}", f"dispute {outcome}",
                        {"outcome": (None, outcome), "refund": (None, refund or None)})
            return {"payment": payment_id, "outcome": outcome, "refund": refund or None,
                    "state": one.state.upper()}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            made = await once(connection, actor, request, work)
        self._tell(told)
        return made

    def _tell(self, told: list[Told]) -> None:
        for one in told:
            self._after.tell(one)

"""Breaks 10 at a payer's bank: the debit leaves before the row that says SENT."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from authhost.payments.debits import PayersBanks
from authhost.payments.ports import Debit
from authhost.payments.writer import Writer
from tests.planted import Patch, serve

_ANSWERED_S = 0.3


def plant(patch: Patch) -> None:
    """Whoever finds a place for a debit sends it; the row is written when it has left."""
    real_place, real_debit, real_put = PayersBanks.place, PayersBanks.debit, Writer.put
    sent: set[str] = set()

    def place(self: PayersBanks, payer: Any, asked: Any) -> tuple[str, str, int]:
        order, why, due_us = real_place(self, payer, asked)
        if order == "sent" and not (why or asked.sandbox):
            real_debit(self, Debit(asked, payer, order, due_us))
            sent.add(asked.payment_id)
        return order, why, due_us

    def debit(self: PayersBanks, of: Debit) -> None:
        if of.asked.payment_id not in sent:
            real_debit(self, of)

    async def put(self: Writer, message: Any, legs: Any) -> Any:
        if message.detail["event"] == "sign" and message.asked.payment_id in sent:
            await asyncio.sleep(_ANSWERED_S)
        return await real_put(self, message, legs)

    patch(PayersBanks, "place", place)
    patch(PayersBanks, "debit", debit)
    patch(Writer, "put", put)


if __name__ == "__main__":
    sys.exit(serve(plant))

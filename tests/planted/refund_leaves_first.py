"""Breaks 10 at a payer's bank: a refund is in the outbox before the payment has given it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg

from authhost.payments import after, names
from authhost.payments.after import After
from tests.planted import Patch, changed, serve

_SENT_S = 1.0


def plant(patch: Patch) -> None:
    """The order is committed by another connection, and leaves."""
    real, real_statement = After._give_back, after.statement

    async def give_back(self: After, connection: asyncpg.Connection, held: Any, new: Any,
                        at: Any) -> Any:
        async with self._pool.acquire() as other:
            await other.execute(
                "INSERT INTO bank_order (end_to_end_id, kind, payment_id, refund_id, account_id,"
                " bank_id, currency, amount_minor, state, business_date, recorded_at, next_at)"
                " SELECT $1, 'refund', $2, $3, $4, $5, $6, $7, 'queued', r.payments_date, now(),"
                " now() FROM rules r ON CONFLICT DO NOTHING",
                names.refund_end_to_end(new.refund_id), held.asked.payment_id, new.refund_id,
                held.payer_id, held.bank_id, held.asked.currency, new.amount_minor)
        await asyncio.sleep(_SENT_S)
        return await real(self, connection, held, new, at)

    def statement(name: str) -> str:
        text = real_statement(name)
        return changed(text, "FROM rules r", "FROM rules r ON CONFLICT DO NOTHING") \
            if name == "refund_new" else text

    patch(After, "_give_back", give_back)
    patch(after, "statement", statement)


if __name__ == "__main__":
    sys.exit(serve(plant))

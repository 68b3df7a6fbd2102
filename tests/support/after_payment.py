"""A shop whose payments are paid, and what comes after: captures, refunds, disputes.

Knows the payments of a rig's host; the banks' word is the test's.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from authhost.admin.access import operator
from authhost.payments.after import After
from authhost.payments.disputes import Disputes
from authhost.payments.locked import pool_of
from authhost.payments.model import Asked
from authhost.payments.plan_desk import Plans
from authhost.payments.ports import Told
from authhost.payments.refunds import Refunds
from authhost.payments.settled import Settled
from tests.support.payments import CALLER, Shop, Signer
from tests.support.rig import Rig

ADMIN = operator("olga")
SECRET = b"0" * 32


class PaidShop(Shop):
    """Payments that are paid at once, and what the host does after them."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig)
        pool = rig.host.reads._pool
        self.after_told: list[Told] = []
        self._writing = rig.run(opened(pool_of(rig.database_url)))
        self.after = After(self._writing, rig.settings.clock, SECRET, self.after_told.append)
        self.refunds = Refunds(pool)
        self.disputes = Disputes(self._writing, self.after)
        self.plans = Plans(pool)
        self.settled = Settled(pool)

    def close(self) -> None:
        """Stop writing."""
        self.rig.run(self._writing.close())
        super().close()

    def paid(self, amount: int = 10_000, signer: Signer | None = None, **more: Any) -> Asked:
        """A payment that its bank has moved. capture='manual': not yet captured."""
        phone = signer or self.phone()
        asked = self.ask(phone, amount, **more)
        self.say(asked, phone.word(asked.shown))
        self.rig.run(self.payments.paid(asked, phone.account_id, "ACSC"))
        return asked

    def capture(self, asked: Asked, amount: int | None, key: str = "", *,
                final: bool = False) -> dict[str, Any]:
        """A capture's body."""
        return decoded(self.rig.run(self.after.capture(
            CALLER, asked.payment_id, amount, key or f"key-{next(self._keys)}", final=final)))

    def refund(self, asked: Asked, amount: int, key: str = "", reason: str = "wilted",
               reference: str = "C-1") -> dict[str, Any]:
        """A refund's body."""
        return decoded(self.rig.run(self.after.refund(
            CALLER, asked.payment_id, amount, reason, reference,
            key or f"key-{next(self._keys)}")))

    def standing(self, asked: Asked) -> tuple[str, int, int]:
        """(state, captured, refunded)."""
        now = self.now(asked).now
        return now.state, now.captured_minor, now.refunded_minor

    def books(self, asked: Asked) -> dict[str, int]:
        """What the journal books of a payment for the payer and for the merchant, all in all."""
        rows = self.rig.sql(
            "SELECT account_id = $2 AS merchants, sum(posted_minor)::bigint AS minor FROM journal "
            "WHERE key LIKE $1 AND account_id IS NOT NULL GROUP BY 1",
            f"pay/{asked.payment_id}%", asked.account_id)
        return {"merchant" if row["merchants"] else "payer": row["minor"] for row in rows}

    def order(self, refund_id: str) -> tuple[str, int, str]:
        """(state, amount, the bank's word) of what the payer's bank is asked."""
        [row] = self.rig.sql("SELECT state, amount_minor, bank_reason FROM bank_order "
                             "WHERE refund_id = $1", refund_id)
        return tuple(row)


async def opened(pool: asyncpg.Pool) -> asyncpg.Pool:
    """A pool that is open."""
    return await pool


def decoded(body: bytes) -> dict[str, Any]:
    """A body."""
    value: dict[str, Any] = msgspec.json.decode(body)
    return value

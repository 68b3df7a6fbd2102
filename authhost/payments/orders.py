"""The outbox of payments: what payers' banks are asked, as table bank_order has it.

Knows the statements and what is committed together; must not know HTTP. An order is SENT on the
disk before its request leaves: a debit is born so where its host sends it at once, and any other is
marked here. Whoever dies in between leaves it to be asked about. An order that never leaves is
UNKNOWN with no try: nobody sends it any more, and whoever finds it says why. Instants are real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import msgspec

from authhost.bank import bounds
from authhost.bank.meanings import told_payer
from authhost.journal.reads import Borrowed
from authhost.payments.statements import statement

DEBIT: Final = "debit"
# What passes by itself. A debit is declined all the same; a refund waits.
PASSING: Final = frozenset({"outside_hours", "bank_down", "bank_unavailable", "bank_settings"})


class Order(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A debit of a payer, or a refund. account_id: the payer's; party: its master data as JSON;
    tries: how often it was sent before now; bank_reason: the bank's last word, or why it is given
    up."""

    end_to_end_id: str
    kind: str  # 'debit' or 'refund'
    payment_id: str
    refund_id: str | None = None
    account_id: int
    currency: str
    amount_minor: int
    payee: str
    purpose: str
    reference: str
    party: str | None
    recorded_at: datetime
    sent_at: datetime | None = None
    tries: int = 0
    bank_reason: str = ""

    @property
    def key(self) -> str:
        """As the bank's room names it."""
        return self.end_to_end_id


class Saying(Protocol):
    """Who writes down what became of an order. tried: the try that it is about."""

    def no(self, order: Order, word: str, why: str, tried: int) -> None:
        """It is not done, and will not be."""

    def silent(self, key: str, tried: int, ask_at: datetime, word: str = "") -> None:
        """The bank has not decided it: UNKNOWN, and asked about at that instant."""


class Orders:
    """Of one bank."""

    def __init__(self, pool: asyncpg.Pool, bank_id: str, saying: Saying) -> None:
        self._pool = pool
        self._bank_id = bank_id
        self._saying = saying

    async def waits(self) -> bool:
        """Is there anything to send?"""
        return bool(await self._pool.fetchval(statement("order_waits"), self._bank_id))

    async def take(self, most: int, objection: Callable[[Order], str],
                   rail: Callable[[Order], str], now: datetime,
                   due: datetime) -> tuple[list[Order], bool]:
        """Mark up to `most` SENT; those, and whether there may be more. What there is an objection
        to is given up, and its payment declined; a refund waits where that passes."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            found = [order_of(row) for row in await connection.fetch(
                statement("order_take"), self._bank_id, most)]
            against = {order.key: why for order in found if (why := objection(order))}
            sent = [order for order in found if order.key not in against]
            if sent:
                await connection.execute(statement("order_sent"), [order.key for order in sent],
                                         now, due)
            later = [order.key for order in found
                     if order.kind != DEBIT and against.get(order.key) in PASSING]
            if later:
                await connection.execute(statement("order_later"), later,
                                         now + timedelta(seconds=bounds.REFUND_S))
            lost = await self._give_up(
                connection, [order for order in found if order.key in against
                             and order.key not in later], against, now)
        self._say(lost)
        return sent, len(found) == most

    async def overdue(self, now: datetime) -> int:
        """SENT, and the time for an answer over: UNKNOWN; how many. A debit that has waited for a
        connection for too long is given up beside: its payer waits."""
        since = now - timedelta(seconds=bounds.QUEUED_S)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("order_overdue"), self._bank_id, now,
                                          bounds.OVERDUE_ROWS)
            async with connection.transaction():
                late = [order_of(row) for row in await connection.fetch(
                    statement("order_impatient"), self._bank_id, since, bounds.OVERDUE_ROWS)]
                lost = await self._give_up(
                    connection, late, {order.key: "bank_unavailable" for order in late}, now)
        self._say(lost)
        for row in rows:
            self._saying.silent(row["end_to_end_id"], row["tries"], now)
        return len(rows)

    async def due(self, most: int, now: datetime, lease: datetime) -> list[Order]:
        """What is to be asked about now; until `lease` nobody else does."""
        async with Borrowed(self._pool) as connection:
            found = [order_of(row) for row in await connection.fetch(
                statement("order_unknown"), self._bank_id, now, most, lease)]
        self._say([order for order in found if not order.tries])
        return [order for order in found if order.tries]

    async def resend(self, keys: Sequence[str], due: datetime, why: str) -> set[str]:
        """UNKNOWN is SENT again, on the disk before it leaves; the keys that are."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("order_resend"), list(keys), due)
        return {row["end_to_end_id"] for row in rows}

    async def reject(self, orders: Sequence[Order], word: str) -> None:
        """Refunds that their bank has rejected for a passing cause that does not pass."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("order_read"), [order.key for order in orders])
        for order in map(order_of, rows):
            self._saying.no(order, word, told_payer(word), order.tries)

    async def _give_up(self, connection: asyncpg.Connection, orders: Sequence[Order],
                       against: dict[str, str], now: datetime) -> list[Order]:
        """They never leave, from this commit on; with the reason."""
        if orders:
            await connection.execute(
                statement("order_given_up"), [order.key for order in orders],
                [against[order.key] for order in orders],
                now + timedelta(seconds=bounds.CLAIM_S))
        return [msgspec.structs.replace(order, bank_reason=against[order.key]) for order in orders]

    def _say(self, lost: Sequence[Order]) -> None:
        for order in lost:
            self._saying.no(order, "", order.bank_reason, order.tries)


def order_of(row: asyncpg.Record) -> Order:
    """An order of its row."""
    return Order(**dict(row))

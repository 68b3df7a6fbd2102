"""Our orders and files, as answers name them.

Knows the views of what was sent; must not know what an answer says of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import asyncpg
import msgspec

from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.banks import debtor_for, parse_bank
from clearing.queries import Connection
from clearing.settings import Settings


class Order(msgspec.Struct, frozen=True, gc=False):
    """One order. kind: credit, debit (of a file), payer_debit, payer_refund. Minor units, positive.

    family: the posting rule that it was booked by; stream: whose next run books what comes of it.
    """

    end_to_end_id: str
    kind: str
    run_id: str | None
    family: str
    account_id: int | None
    currency: str
    amount_minor: int
    stream: str
    about: str  # the safe or merchant, the invoice, the payment or refund
    block_id: str = ""  # PmtInfId, where it was looked up with its file


class File(msgspec.Struct, frozen=True):
    """A payment file. bic: of the bank that it went to."""

    message_id: str
    run_id: str
    kind: str
    bank_id: str
    currency: str
    path: str
    count: int
    sum_minor: int
    bic: str
    orders: Mapping[str, Order]

    def batch(self, name: str) -> dict[str, Order]:
        """The orders that a bank names as one: by MsgId all, by PmtInfId those of a block."""
        return {identifier: order for identifier, order in self.orders.items()
                if name in {self.message_id, order.block_id}}


async def find_file(connection: Connection, name: str) -> File | None:
    """A file under its lock, with its orders, by its MsgId or by a block's PmtInfId (which is that
    and a number); None where we have sent none of this name."""
    message_id = name.partition("/")[0]
    row = await connection.fetchrow(statement("file"), message_id)
    if row is None:
        return None
    settings = msgspec.json.decode(row["settings"], type=Settings)
    bank = parse_bank(row["bank_id"], row["bank"]) if row["bank"] else None
    debtor = debtor_for(bank, settings, row["currency"])
    orders = {found.end_to_end_id: found for found in
              _orders(await connection.fetch(statement("orders_of_file"), message_id))}
    return File(
        **{name: row[name] for name in ("message_id", "run_id", "kind", "bank_id", "currency",
                                        "path", "count", "sum_minor")},
        bic=debtor.bic if debtor is not None else "", orders=orders)


async def find_orders(connection: Connection, ids: Iterable[str]) -> dict[str, Order]:
    """Orders by their end-to-end ids."""
    return {found.end_to_end_id: found for found in
            _orders(await connection.fetch(statement("orders"), list(ids)))}


def _orders(rows: Iterable[asyncpg.Record]) -> Iterable[Order]:
    return (Order(*row.values()) for row in rows)


async def rules_now(connection: Connection) -> Answers:
    """What the newest run's settings say of answers."""
    settings = await connection.fetchval(statement("rules"))
    return msgspec.json.decode(settings, type=Settings).answers if settings else Answers()

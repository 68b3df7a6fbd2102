"""Chip cards that somebody wants: orders gathered into a batch that issuing personalizes.

Knows orders, and issuing's tables by what it wrote there. An order is made at the desk like any
other row; here it becomes a line of a file for `authhost card issue`, and what only the order
knows (which card is replaced) reaches the card once issuing has made it active.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.cards import end_replaced
from authhost.admin.desk import locked, said_by_database, update
from authhost.admin.nouns import CARD
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit, raise_fences
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed

_MOST: Final = 10_000  # lines of a batch, as issuing reads it
_BATCH_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class CardOrders:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def gather(self, actor: Actor, batch_id: str, program_id: str,
                     request: Asked | None) -> Row:
        """All orders of a program that wait become a batch. Refused."""
        allow(actor, "card_order.batch")
        if not _BATCH_ID.fullmatch(batch_id):
            raise Invalid("up to 32 letters, digits, - and _", "batch_id")

        async def work() -> Row:
            rows = await connection.fetch(statement("batch_gather"), batch_id, program_id, _MOST)
            if not rows:
                raise Conflict("no order of this program waits", "program_id")
            await audit(connection, actor, f"card_batch/{batch_id}",
                        f"batch {batch_id}: {len(rows)} cards ordered",
                        {"orders": (None, len(rows))})
            return {"batch_id": batch_id, "orders": len(rows)}

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

    async def file(self, actor: Actor, batch_id: str) -> list[dict[str, Any]]:
        """The batch as issuing reads it, JSON. Unknown where there is none."""
        allow(actor, "card_order.batch")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("batch_lines"), batch_id)
        if not rows:
            raise Unknown("there is no such batch", "batch_id")
        return [_line(row) for row in rows]

    async def finish(self, actor: Actor, batch_id: str) -> Row:
        """Give the cards that issuing has made what their orders say; replaced ones end."""
        allow(actor, "card_order.batch")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            rows = await connection.fetch(statement("batch_finished"), batch_id)
            for row in rows:
                before = await locked(connection, actor, CARD, row["card_id"])
                await update(connection, actor, CARD, before,
                             {"replaces": row["replaces"],
                              "offline_max_minor": row["offline_max_minor"]},
                             f"card {row['card_id']} is that of order {row['order_id']}")
                if row["replaces"] is not None:
                    await end_replaced(connection, actor, row["replaces"])
            await raise_fences(connection, {row["account_id"] for row in rows})
        return {"batch_id": batch_id, "finished": len(rows)}


def _line(row: asyncpg.Record) -> dict[str, Any]:
    address = json.loads(row["address"])
    lines = [row["fleet"], " ".join(filter(None, (address.get("street"), address.get("number")))),
             " ".join(filter(None, (address.get("postcode"), address.get("town")))),
             address.get("country")]
    found: dict[str, Any] = {
        "account": row["account"], "expiry": row["expiry"], "holder": row["holder"],
        "address": [line for line in lines if line], "limits": json.loads(row["limits"]),
        "offline_limit": row["offline_limit"]}
    return found | {name: row[name] for name in ("vehicle", "driver", "products", "sites")
                    if row[name] is not None}

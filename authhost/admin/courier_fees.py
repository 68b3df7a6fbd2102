"""What couriers and cash centres ask for their work, from a day on: versions, never changed.

Knows one table. A day that is closed has been settled with them: no version begins on one.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from authhost.admin import checks
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.safe_fields import CourierFee
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed


class CourierFees:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor, courier_id: str) -> list[dict[str, Any]]:
        """Every version, the newest day first; a courier's own alone."""
        allow(actor, "courier_fee.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("courier_fee_list"), courier_id,
                                          actor.courier_id)
        return [dict(row.items()) for row in rows]

    async def add(self, actor: Actor, fee: CourierFee, request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, "courier_fee.change")
        given = fee.given()
        checks.check(given)

        async def work() -> Row:
            courier = await connection.fetchrow(statement("courier_of_fee"), fee.courier_id)
            if courier is None:
                raise Unknown("there is no such courier", "courier_id")
            if courier["status"] == "closed":
                raise Conflict("the courier is closed", "courier_id")
            if fee.valid_from < courier["business_date"]:
                raise Invalid(f"before {courier['business_date']}, which is not closed yet, "
                              "everything is settled", "valid_from")
            version = await connection.fetchval(
                statement("courier_fee_add"), fee.courier_id, fee.valid_from, fee.currency,
                fee.per_pickup_minor, fee.per_count_minor, actor.name)
            row = {**given, "version": version}
            await audit(connection, actor, f"courier_fee/{fee.courier_id}",
                        f"fees of courier {fee.courier_id} from {fee.valid_from}",
                        {name: (None, value) for name, value in row.items()})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

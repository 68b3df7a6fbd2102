"""What clients of safes pay, from a day on: a schedule is never changed, a later version holds.

Knows one table. A day that is closed has been billed: no schedule begins on one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.once import Asked, Row, once
from authhost.admin.raising import audit
from authhost.admin.refusals import Invalid, Unknown
from authhost.admin.safe_fields import Fee
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed


class SafeFees:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor, account_id: int | None) -> list[dict[str, Any]]:
        """Every version, the newest day first; a client's own alone."""
        allow(actor, "safe_fee.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("safe_fee_list"), account_id,
                                          actor.account_id)
        return [dict(row.items()) | {"terms": msgspec.Raw(row["terms"].encode())} for row in rows]

    async def add(self, actor: Actor, fee: Fee, request: Asked | None) -> Row:
        """One more version, as it is kept. Refused."""
        allow(actor, "safe_fee.change")
        terms = fee.given()["terms"]
        largest = fee.terms.largest_minor
        if largest is not None and largest < fee.terms.smallest_minor:
            raise Invalid("is less than the smallest", "terms.largest_minor")
        for name in ("per_note", "per_coin"):
            # As a decimal has it: '0.50' and '0.5' are one price.
            terms[name] = format(Decimal(terms[name]).normalize(), "f")

        async def work() -> Row:
            account = await connection.fetchrow(statement("client_of_safe"), fee.account_id)
            if account is None or account["kind"] != "safe_client":
                raise Unknown("there is no such client of a safe", "account_id")
            if fee.valid_from < account["business_date"]:
                raise Invalid(f"before {account['business_date']}, which is not closed yet, "
                              "everything is billed", "valid_from")
            version = await connection.fetchval(
                statement("safe_fee_add"), fee.account_id, fee.valid_from,
                msgspec.json.encode(terms).decode(), actor.name)
            row = {"account_id": fee.account_id, "valid_from": fee.valid_from.isoformat(),
                   "version": version, "terms": terms}
            await audit(connection, actor, f"safe_fee/{fee.account_id}",
                        f"fees of account {fee.account_id} from {fee.valid_from}",
                        {"terms": (None, terms), "valid_from": (None, row["valid_from"]),
                         "version": (None, version)})
            return row

        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await once(connection, actor, request, work)

"""Which clients a safe may credit, and how it calls each: '' is the one it need not name.

Knows one table; each change raises the fences of all clients of the safe, and the rules version.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.desk import locked, raise_for, said_by_database
from authhost.admin.nouns import SAFE
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed


class SafeClients:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor, terminal_id: str) -> list[dict[str, Any]]:
        """Those of a safe that are the actor's to see. Unknown where it is no safe of his."""
        allow(actor, "safe_client.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("safe_clients"), terminal_id,
                                          actor.account_id, actor.bank_id)
            there = bool(rows) or (actor.scope is None and await connection.fetchval(
                "SELECT true FROM safe WHERE terminal_id = $1", terminal_id))
        if not there:
            raise Unknown("there is no such safe", "terminal_id")
        return [dict(row.items()) for row in rows]

    async def put(self, actor: Actor, terminal_id: str, account_id: int | None,
                  reference: str) -> None:
        """This client may be credited by this safe, from now on, under this name. Refused."""
        allow(actor, "safe_client.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            safe = await locked(connection, actor, SAFE, terminal_id)
            account = await connection.fetchrow(statement("client_of_safe"), account_id)
            if account is None:
                raise Unknown("there is no such account", "account_id")
            if account["kind"] != "safe_client":
                raise Invalid(f"a {account['kind']} is no safe's client", "account_id")
            if account["status"] == "closed":
                raise Conflict("the account is closed", "account_id")
            if account["currency"] not in safe["currencies"]:
                raise Conflict(f"the safe takes no {account['currency']}", "currency")
            row = await connection.fetchrow(statement("safe_client_put"), terminal_id, account_id,
                                            reference)
            assert row is not None, "one row always"
            if row["changed"]:
                await audit(connection, actor, f"safe/{terminal_id}",
                            f"safe {terminal_id} credits account {account_id}",
                            {f"client/{account_id}": (row["before"], reference)})
                await raise_for(connection, SAFE, safe)

    async def drop(self, actor: Actor, terminal_id: str, account_id: int | None) -> None:
        """The safe credits this client no more. Unknown where it did not."""
        allow(actor, "safe_client.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            safe = await locked(connection, actor, SAFE, terminal_id)
            # Before he is none of the safe's any more, or his fence would stay.
            await raise_for(connection, SAFE, safe)
            before = await connection.fetchval(statement("safe_client_drop"), terminal_id,
                                               account_id)
            if before is None:
                raise Unknown("there is no such client", "account_id")
            await audit(connection, actor, f"safe/{terminal_id}",
                        f"safe {terminal_id} credits account {account_id} no more",
                        {f"client/{account_id}": (before, None)})

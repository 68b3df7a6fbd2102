"""What each profile calls a product, where it does not use the code inside.

Knows one table; each change raises the rules version with it.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit, raise_rules
from authhost.admin.refusals import Unknown
from authhost.admin.statements import statement
from authhost.journal.reads import Borrowed


class ProductCodes:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self, actor: Actor, profile: str) -> list[dict[str, Any]]:
        """Those of a profile; '' is every one."""
        allow(actor, "product_code.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("product_code_list"), profile)
        return [dict(row.items()) for row in rows]

    async def put(self, actor: Actor, profile: str, code: str, product: str) -> None:
        """This code stands for this product from now on. Refused."""
        allow(actor, "product_code.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(statement("product_code_put"), profile, code, product)
            assert row is not None, "one row always"
            if row["changed"]:
                await audit(connection, actor, f"product_code/{profile}/{code}",
                            f"{profile} calls {product} {code}",
                            {"product": (row["before"], product)})
                await raise_rules(connection)

    async def drop(self, actor: Actor, profile: str, code: str) -> None:
        """This code stands for nothing any more. Unknown where it did not."""
        allow(actor, "product_code.change")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            before = await connection.fetchval(statement("product_code_drop"), profile, code)
            if before is None:
                raise Unknown("there is no such code", "code")
            await audit(connection, actor, f"product_code/{profile}/{code}",
                        f"{profile} has no {code} any more", {"product": (before, None)})
            await raise_rules(connection)

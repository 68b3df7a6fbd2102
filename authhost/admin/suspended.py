"""What may be decided of a captured row in suspense: whose it becomes, and by which authorization.

Knows accounts, claims and the queue; must not know what the next run books (clearing.suspense). It
is asked before two people have decided, so that a night never finds a decision without an account.
"""

from __future__ import annotations

import asyncpg

from authhost.admin.refusals import Conflict, Invalid
from authhost.admin.statements import statement


async def check_target(connection: asyncpg.Connection, row: asyncpg.Record, decision: str,
                       target: str) -> int | None:
    """Whose authorization `target` (its key) is, of a match; None of any other decision.

    Invalid: there is none of a fleet in that currency, or another decision has named one.
    Conflict: another capture was matched with it, or has completed it.
    """
    if decision != "match":
        if target:
            raise Invalid("only a match names an authorization", "target")
        return None
    found = await connection.fetchrow(statement("authorization_named"), target)
    if found is None:
        raise Invalid(f"{target!r} is no authorization of a fleet", "target")
    if found["currency"] != row["currency"]:
        raise Invalid(f"the authorization is in {found['currency']}, the capture in "
                      f"{row['currency']}", "target")
    other = await connection.fetchval(statement("authorization_taken"), target,
                                      row["exception_id"])
    if other is not None:
        raise Conflict(f"exception {other} was matched with it", "target")
    if await connection.fetchval(statement("authorization_captured"), target,
                                 row["exception_id"]):
        raise Conflict("another capture has completed it", "target")
    account_id: int = found["account_id"]
    return account_id

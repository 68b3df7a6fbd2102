"""What a change names must be there, and be the same account's: looked up before it is written.

Knows statements; must not know which noun is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from authhost.admin.checks import limit_groups
from authhost.admin.refusals import Conflict, Invalid
from authhost.admin.statements import statement

_NAMES: Final = {"products": ("product", False), "sites": ("site", False),
                 "vehicle_id": ("vehicle", True), "driver_id": ("driver", True),
                 "subaccount_id": ("subaccount", True), "replaces": ("card", True)}


async def look_up(connection: asyncpg.Connection, values: Mapping[str, Any],
                  account_id: int | None) -> None:
    """Invalid names the first field whose value is not there, or is another account's."""
    products = [code for code in values.get("products") or () if not code.startswith("@")]
    groups = {code[1:] for code in values.get("products") or () if code.startswith("@")}
    missing = await connection.fetchrow(
        statement("references"), account_id, products, sorted(groups | limit_groups(values)),
        values.get("sites") or [], values.get("vehicle_id"), values.get("driver_id"),
        values.get("subaccount_id"), values.get("replaces"))
    if missing is None:
        return
    field, value = missing
    if field == "group":
        in_products = value in groups
        raise Invalid(f"there is no product group {value}",
                      "products" if in_products else "limits")
    name, owned = _NAMES[field]
    raise Invalid(f"there is no {name} {value}{' of this account' if owned else ''}", field)


async def safes_are_there(connection: asyncpg.Connection, terminals: Sequence[str],
                          account_id: int) -> None:
    """Invalid names the first that is no safe of this client."""
    found = await connection.fetchval(statement("safes_not_of"), list(terminals), account_id)
    if found is not None:
        raise Invalid(f"{found} is no safe of this client", "terminals")


async def is_safe(connection: asyncpg.Connection, terminal_id: str) -> None:
    """Invalid where there is no such terminal, or it is no safe."""
    kind = await connection.fetchval("SELECT kind FROM terminal WHERE terminal_id = $1",
                                     terminal_id)
    if kind != "safe":
        raise Invalid("it is no safe" if kind else "there is no such terminal", "terminal_id")


async def number_is_free(connection: asyncpg.Connection, table: str, key: int | str | None,
                         values: Mapping[str, Any], account_id: int) -> None:
    """A number typed in at a prompt names one vehicle, one driver of a fleet. Conflict."""
    number = values.get("number")
    if not number or values.get("status") == "closed":
        return
    text = statement("numbers_taken", table=table, key=f"{table}_id")
    taken = await connection.fetchval(text, account_id, number, key or 0)
    if taken is not None:
        raise Conflict(f"{table} {taken} has the number {number}", "number")

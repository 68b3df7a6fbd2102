"""A creating request under its Idempotency-Key: done once, the same answer again.

Knows the table of keys. The key is claimed and the answer is kept in the transaction that creates:
either all of it is there or nothing.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.refusals import Conflict
from authhost.admin.statements import statement

Row = dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """A key, and a keyed hash (32 bytes) over what was asked: a body may have a card's number."""

    key: str
    fingerprint: bytes


def asked(key: str, secret: bytes, *content: bytes) -> Asked:
    """The hash over method, path and body; secret: 32 bytes."""
    digest = hmac.new(secret, b"\0".join(content), "sha256").digest()
    return Asked(key, digest)


async def once(connection: asyncpg.Connection, actor: Actor, request: Asked | None,
               work: Callable[[], Awaitable[Row]]) -> Row:
    """Do the work, or give the answer that it had. Conflict for a key with other content."""
    if request is None:
        return await work()
    if await connection.fetchval(statement("request_begin"), actor.access_id, request.key,
                                 request.fingerprint) is None:
        answer = await remembered(connection, actor, request)
        assert answer is not None, "a key that is taken has a row"
        return answer
    made = await work()
    await connection.execute(statement("request_end"), actor.access_id, request.key,
                             msgspec.json.encode(made).decode())
    return made


async def remembered(connection: asyncpg.Connection, actor: Actor,
                     request: Asked | None) -> Row | None:
    """The answer under this key, None where there is none. Conflict for other content."""
    if request is None:
        return None
    known = await connection.fetchrow(statement("request_read"), actor.access_id, request.key)
    if known is None:
        return None
    if not hmac.compare_digest(known["fingerprint"], request.fingerprint):
        raise Conflict("this Idempotency-Key stands for other content", "Idempotency-Key")
    answer: Row = json.loads(known["answer"])
    return answer

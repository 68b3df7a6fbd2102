"""Answers of banks told by people and banks: read, taken, and audited.

Knows who may tell of which file and account; what an answer means is clearing's.
"""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from authhost.admin.access import Actor, allow, operator
from authhost.admin.bank_statements import accounts_of
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.journal.reads import Borrowed
from clearing.answers.reports import Foreign, Told, ToldOtherwise
from clearing.answers.telling import Answer, read_answer, take_answer
from clearing.camt053 import StatementError
from clearing.queries import connect

_AT_ONCE: Final = 2  # files that are read: a tree takes ten times the room of its file


class BankAnswers:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._reading = asyncio.Semaphore(_AT_ONCE)

    async def tell(self, actor: Actor, content: bytes) -> tuple[Told, ...]:
        """A pain.002 or camt.054, taken whole or not at all. Refused says where."""
        allow(actor, "bank_answer.tell")
        async with self._reading:
            try:
                # Apart from the loop: it has deposits to answer meanwhile.
                answer = await asyncio.to_thread(read_answer, content)
            except StatementError as error:
                raise Invalid(error.what, error.where) from None
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            try:
                return await _taken(connection, actor, answer)
            except ToldOtherwise as error:
                raise Conflict(error.what, error.where) from None
            except Foreign as error:
                raise Unknown(error.what, error.where) from None
            except StatementError as error:
                raise Invalid(error.what, error.where) from None


async def tell_answer(database_url: str, content: bytes) -> tuple[Told, ...]:
    """The same by the operator at his machine. StatementError."""
    answer = read_answer(content)
    connection = await connect(database_url)
    try:
        async with connection.transaction():
            return await _taken(connection, operator("operator"), answer)
    finally:
        await connection.close()


async def _taken(connection: asyncpg.Connection, actor: Actor, answer: Answer) -> tuple[Told, ...]:
    """Take it, and write down who told it; what is known already is told for nothing."""
    found = await take_answer(connection, answer, actor.name, actor.bank_id,
                              await accounts_of(connection, actor))
    for one in found:
        if not one.known:
            await audit(connection, actor, f"bank_answer/{one.about}/{one.message_id}",
                        "an answer of a bank was told",
                        {"sha256": (None, answer.digest.hex()), "outcomes": (None, one.outcomes)})
    return found

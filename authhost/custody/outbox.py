"""What was decided reaches the journal: once, whoever dies in between.

Knows the outbox of postings and the port that books. A posting is written in the transaction of
its decision; the port books it under the posting's own reference, so that a second time does
nothing; then it is marked. Whoever finds it unmarked posts it again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from typing import Any, Final, Protocol

import asyncpg
import structlog

from authhost.clock import Clock
from authhost.custody.statements import statement
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.model import Kind

AT_ONCE: Final = 200  # postings, stays, cases a sweep
MOST_ROUNDS: Final = 100  # of postings a sweep: those that are refused stand before the others
_log = structlog.get_logger()


class Post(Protocol):
    """Books one row and returns its journal key; the same reference is booked once.

    amount_minor: of an ADJUSTMENT what the books move by, signed; of a VERIFICATION what the
    account's balance is freed of, above 0.
    """

    def __call__(self, kind: Kind, account_id: int, amount_minor: int, currency: str,
                 key_reference: str, detail: dict[str, Any], who: str) -> Awaitable[str]: ...


class Outbox:
    """Over a pool of connections and the port."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, post: Post) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def post(self) -> int:
        """Post what waits; how many are in the journal now. JournalUnavailable ends it early.

        One that is refused (an account that is closed) waits, is told, and stops no other.
        """
        posted = after = 0
        for _ in range(MOST_ROUNDS):
            async with Borrowed(self._pool) as connection:
                rows = await connection.fetch(statement("postings_open"), AT_ONCE, after)
            posted += await self._post_all(rows)
            if len(rows) < AT_ONCE:
                break
            after = rows[-1]["posting_id"]
        return posted

    async def _post_all(self, rows: Sequence[asyncpg.Record]) -> int:
        posted = 0
        for row in rows:
            try:
                key = await self._post(
                    Kind(row["kind"]), row["account_id"], row["amount_minor"], row["currency"],
                    f"custody/{row['posting_id']}", json.loads(row["detail"]), row["who"])
            except JournalUnavailable:
                raise
            except Exception as error:
                _log.error("custody_posting_refused", posting_id=row["posting_id"],
                           account_id=row["account_id"], why=str(error))
                continue
            async with Borrowed(self._pool) as connection:
                await connection.execute(statement("posting_posted"), row["posting_id"], key,
                                         self._clock.now())
            posted += 1
        return posted

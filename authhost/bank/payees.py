"""Whom nobody credits at once: payees who are like somebody on a list of sanctions.

Knows the operator's list and whom people have released; must not know how a credit is sent, nor
what the night makes of one that waits for it. Such a credit goes by night, which holds it, and is
an exception from then on. Where the list cannot be read nobody is credited at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from authhost.bank import bounds
from authhost.bank.outbox import Credit
from authhost.bounded import Bounded
from clearing.bankfiles.queries import query
from clearing.bankfiles.screening import (
    SCREENING,
    Hit,
    Screener,
    hit_content,
    hit_subject,
    read_list,
)
from clearing.errors import ClearingError
from clearing.exceptions import open_exception
from clearing.party import Party, parse_party

UNREADABLE: Final = "screening_unreadable"
_STREAM: Final = "cash"
_WHO: Final = "connector"
_log = structlog.get_logger()


class Payees:
    """One host's look at them. list_path: a table of id, name, program; None: nobody is listed."""

    def __init__(self, pool: asyncpg.Pool, list_path: Path | None) -> None:
        self._pool = pool
        self._path = list_path
        self._read: tuple[int, int] = (0, 0)  # when it was changed, and its size
        self._screener: Screener | None = None  # None: the list is not read, or cannot be
        self._released: frozenset[str] = frozenset()
        self._hits: Bounded[str, Sequence[Hit]] = Bounded(bounds.CREDITORS)

    async def look(self) -> None:
        """Read the list again where it has changed, and what people have decided."""
        if self._path is None:
            return
        try:
            found = self._path.stat()
            if (found.st_mtime_ns, found.st_size) != self._read or self._screener is None:
                self._screener = await asyncio.to_thread(read_list, str(self._path))
                self._read = found.st_mtime_ns, found.st_size
                self._hits.clear()
        except (OSError, ClearingError) as error:
            if self._screener is not None or self._read == (0, 0):
                _log.error("nobody is credited at once: the screening list", why=str(error))
            self._screener, self._read = None, (-1, -1)
        rows = await self._pool.fetch(query("payees_decided"), [SCREENING])
        self._released = frozenset(row["subject"] for row in rows if row["decision"] == "release")

    def objection(self, credit: Credit) -> str:
        """Why this payee is not credited at once, or ''."""
        if self._path is None:
            return ""
        if self._screener is None:
            return UNREADABLE
        return SCREENING if self._open(credit) else ""

    async def tell(self, connection: asyncpg.Connection, credits_: Sequence[Credit]) -> None:
        """Have people look, in the caller's transaction; the night says the same of each."""
        for credit in credits_:
            for hit, party in self._open(credit):
                await open_exception(
                    connection, stream=_STREAM, reason=SCREENING, subject_kind="payee",
                    subject=hit_subject(credit.account_id, hit, party.name),
                    account_id=credit.account_id, currency=credit.currency,
                    amount_minor=credit.amount_minor, who=_WHO,
                    content={**hit_content(hit, party.name),
                             "end_to_end_id": credit.end_to_end_id})

    def _open(self, credit: Credit) -> list[tuple[Hit, Party]]:
        """The entries that the payee is like, and nobody has released him from."""
        party = parse_party(credit.party)
        if party is None or self._screener is None:
            return []
        hits = self._hits.get(party.name)
        if hits is None:
            hits = self._screener.hits(party.name)
            self._hits.put(party.name, hits)
        return [(hit, party) for hit in hits
                if hit_subject(credit.account_id, hit, party.name) not in self._released]

"""Whom nobody credits at once: payees who are like somebody on a list of sanctions.

Knows the operator's list and what people have decided; must not know how a credit is sent, nor
what the night makes of one that waits for it. Such a credit goes by night and is an exception from
then on, and for that exception alone every night holds it, whichever list is the night's. Where
the list cannot be read nobody is credited at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
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
        self._decided_at_s: float | None = None  # when that was read
        self._hits: Bounded[str, Sequence[Hit]] = Bounded(bounds.CREDITORS)

    async def look(self) -> None:
        """Read the list again where it has changed, and now and then whom people have released:
        until then they go by night, as all whom nobody has decided."""
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
        now_s = monotonic()
        if self._decided_at_s is None or now_s - self._decided_at_s >= bounds.DECISIONS_S:
            rows = await self._pool.fetch(query("payees_decided"), [SCREENING], None)
            self._released = frozenset(
                row["subject"] for row in rows if row["decision"] == "release")
            self._decided_at_s = now_s

    def objection(self, credit: Credit) -> str:
        """Why this payee is not credited at once, or ''."""
        if self._path is None:
            return ""
        if self._screener is None:
            return UNREADABLE
        return SCREENING if self._open(credit) else ""

    async def tell(self, connection: asyncpg.Connection, credits_: Sequence[Credit]) -> None:
        """Have people look at those of these credits whose payee is listed, in the caller's
        transaction. As by night, what they have decided they are not asked again."""
        found: dict[str, tuple[Credit, Hit, Party]] = {}
        for credit in credits_:
            for hit, party in self._open(credit):
                subject = hit_subject(credit.account_id, hit, party.name)
                found.setdefault(subject, (credit, hit, party))
        if not found:
            return
        # Read here, and not with `look`: whom people have rejected a moment ago stays rejected.
        decided = {row["subject"] for row in await connection.fetch(
            query("payees_decided"), [SCREENING], list(found))}
        # In one order at every host: who waits for another's exception holds no later one.
        for subject in sorted(found.keys() - decided):
            credit, hit, party = found[subject]
            await open_exception(
                connection, stream=_STREAM, reason=SCREENING, subject_kind="payee",
                subject=subject, account_id=credit.account_id, currency=credit.currency,
                amount_minor=credit.amount_minor, who=_WHO,
                content={**hit_content(hit, party.name), "end_to_end_id": credit.end_to_end_id})

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

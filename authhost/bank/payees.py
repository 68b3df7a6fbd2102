"""Whom nobody credits at once: payees who are like somebody on a list of sanctions, and those
whose bank has another name.

Knows the operator's list, what nights and hosts have found, and what people have decided; must not
know how a credit is sent, nor what the night makes of one that waits for it. Such a credit goes by
night and is an exception from then on, and for that exception alone every night holds it and no
host credits it, whichever list is theirs. Where the list cannot be read nobody is credited at once.
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
from clearing.bankfiles.payees import (
    NAME,
    hits_standing,
    misnamed,
    name_subject,
    standing_hits,
)
from clearing.bankfiles.queries import query
from clearing.bankfiles.screening import (
    SCREENING,
    Hit,
    NobodyListed,
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
    """One host's look at them. list_path: a table of id, name, program; None: nobody is listed, and
    yet who was found by another list is not credited."""

    def __init__(self, pool: asyncpg.Pool, list_path: Path | None) -> None:
        self._pool = pool
        self._path = list_path
        self._read: tuple[int, int] = (0, 0)  # when it was changed, and its size
        # The newest that could be read: whom it has is told to people, whatever became of it since.
        self._screener: Screener = NobodyListed()
        self._is_readable = list_path is None
        self._released: frozenset[str] = frozenset()
        self._standing: dict[int, list[tuple[str, Hit]]] = {}
        self._misnamed: frozenset[str] = frozenset()
        self._decided_at_s: float | None = None  # when that was read
        self._hits: Bounded[str, Sequence[Hit]] = Bounded(bounds.CREDITORS)

    async def look(self) -> None:
        """Read the list again where it has changed, and now and then what nights have found and
        whom people have released: until then they go by night, as all whom nobody has decided."""
        if self._path is not None:
            await self._read_list(self._path)
        now_s = monotonic()
        if self._decided_at_s is None or now_s - self._decided_at_s >= bounds.DECISIONS_S:
            rows = await self._pool.fetch(query("payees_decided"), [SCREENING], None)
            self._released = frozenset(
                row["subject"] for row in rows if row["decision"] == "release")
            self._standing = await standing_hits(self._pool)
            self._misnamed = await misnamed(self._pool)
            self._decided_at_s = now_s

    async def _read_list(self, path: Path) -> None:
        try:
            found = await asyncio.to_thread(path.stat)
            if (found.st_mtime_ns, found.st_size) != self._read:
                self._screener = await asyncio.to_thread(read_list, str(path))
                self._read, self._is_readable = (found.st_mtime_ns, found.st_size), True
                self._hits.clear()
        except (OSError, ClearingError) as error:
            if self._is_readable or self._read == (0, 0):
                _log.error("nobody is credited at once: the screening list", why=str(error))
            self._read, self._is_readable = (-1, -1), False

    def objection(self, credit: Credit) -> str:
        """Why this payee is not credited at once, or ''."""
        if not self._is_readable:
            return UNREADABLE
        if self._open(credit):
            return SCREENING
        return NAME if self._is_misnamed(credit) else ""

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
        """The entries that the payee is like, by this host's list or by what was found before, and
        nobody has released him from."""
        party = parse_party(credit.party)
        if party is None:
            return []
        hits = self._hits.get(party.name)
        if hits is None:
            hits = self._screener.hits(party.name)
            self._hits.put(party.name, hits)
        return [(hit, party) for hit in
                hits_standing(self._standing, credit.account_id, party.name, hits)
                if hit_subject(credit.account_id, hit, party.name) not in self._released]

    def _is_misnamed(self, credit: Credit) -> bool:
        party = parse_party(credit.party) if self._misnamed else None
        return party is not None and name_subject(credit.account_id, party) in self._misnamed

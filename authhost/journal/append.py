"""The write path of what takes: a batch of entries becomes claims and journal rows at once.

Knows the statement and how to read its verdicts: known before fenced before new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
import msgspec

from authhost.journal.entry import (
    FENCED,
    LATE,
    NEW,
    PARKED,
    STALE_RULES,
    Claim,
    Entry,
    Result,
    Verdict,
)
from authhost.journal.statements import statement

_APPEND: Final = statement("append") + statement("append_deposits")
_CLAIMS: Final = statement("claims")


More = Callable[[list[Entry]], Sequence[object]]


def _nothing(_: list[Entry]) -> Sequence[object]:
    return ()


class Posting(msgspec.Struct, frozen=True, gc=False):
    """The legs of one message; the first carries the claim."""

    legs: tuple[Entry, ...]
    gives_up_us: int

    @property
    def key(self) -> str:
        """The key of the message."""
        return self.legs[0].key


class Append:
    """The work of an append lane. text: of its statement, which begins with append.sql, '' for that
    of fuel and cash; more: what it takes beside a batch and its accounts."""

    def __init__(self, text: str = "", more: More = _nothing) -> None:
        self._text = text
        self._more = more
        self.fenced = 0

    async def run(self, connection: asyncpg.Connection, items: list[Posting]) -> list[Result]:
        """Write the batch in key order; a result for each item, in the order given."""
        if len(items) == 1:
            ordered = items
        else:
            ordered = sorted(items, key=lambda posting: posting.legs[0][0])
        entries = [leg for posting in ordered for leg in posting.legs]
        done = await append(connection, entries, self._text, self._more(entries))
        if len(done.claimed) == len(items) and not done.late:
            return [NEW] * len(items)
        missing = [posting.legs[0] for posting in items if posting.key not in done.claimed]
        known = await read_claims(connection, missing)
        return [self._result(posting.legs[0], done, known) for posting in items]

    def _result(self, entry: Entry, done: Appended, known: dict[str, Claim]) -> Result:
        if entry.key in done.late:
            return LATE
        if entry.key in done.claimed:
            return NEW
        claim = known.get(entry.key) or known.get(entry.alias)
        if claim is not None:
            return Result(Verdict.KNOWN, claim)
        self.fenced += 1
        return STALE_RULES if entry.rules_version != done.rules_version else FENCED

    async def park(self, connection: asyncpg.Connection, item: Posting, why: str) -> Result:
        """Keep apart what PostgreSQL refuses."""
        await park(connection, item.legs[0], why)
        return PARKED


class Appended(msgspec.Struct, frozen=True):
    """What one statement did: the keys it won, those of them that were late, the rules it saw."""

    claimed: frozenset[str]
    late: frozenset[str]
    rules_version: int


async def append(connection: asyncpg.Connection, entries: list[Entry], text: str = "",
                 more: Sequence[object] = ()) -> Appended:
    """Run append.sql over these entries, which are in key order, legs together."""
    accounts = sorted({entry.account_id for entry in entries if entry.account_id is not None})
    # asyncpg keeps the prepared statement of a text it has seen.
    row = await connection.fetchrow(text or _APPEND, entries, accounts, *more)
    assert row is not None, "there is one rules row, always"
    return Appended(frozenset(row["claimed"] or ()), frozenset(row["late"] or ()), row["version"])


async def read_claims(connection: asyncpg.Connection, entries: list[Entry]) -> dict[str, Claim]:
    """What stands under the keys and aliases of these entries."""
    keys = [entry.key for entry in entries] + [entry.alias for entry in entries if entry.alias]
    rows = await connection.fetch(_CLAIMS, keys)
    return {row["key"]: Claim(*row.values()) for row in rows}


async def park(connection: asyncpg.Connection, entry: Entry, why: str) -> None:
    """Keep a row apart with what it said: seen, never dropped. NUL and lone surrogates escape."""
    content = {name: value for name, value in entry._asdict().items()
               if isinstance(value, str | int | None)}
    text = json.dumps(content, ensure_ascii=True).replace("\\u0000", "\\ufffd")
    await connection.execute(statement("park"), entry.key.replace("\0", "\ufffd"),
                             entry.fingerprint, why, text)

"""A cash centre's counts: taken in once, put to their stay, compared.

Knows the table of counts and one transaction a count. A count is known by the cash centre's own
reference: told again with the same content it does nothing, with another it is refused. A recount
has a reference of its own; the newest stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.csv_lines import Fault
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Conflict, Invalid, Refused, Unknown
from authhost.clock import Clock
from authhost.custody.count_csv import Told, read_counts
from authhost.custody.counting import Count, digest, problem, stored
from authhost.custody.opening import NewCase, open_case
from authhost.custody.settling import match_stay
from authhost.custody.statements import statement
from authhost.journal.reads import Borrowed
from authhost.safes.sscc import is_sscc

_AHEAD: Final = timedelta(days=1)
MOST_FAULTS: Final = 1_000
Source = Literal["message", "csv"]
Row = dict[str, Any]


class Taken(msgspec.Struct, frozen=True):
    """What became of a count. state of the stay: '' where no stay of this cassette is known."""

    count_id: int
    stay_id: int | None
    known: bool
    stay: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. counts: (reference, cassette, line) of each; faults by line."""

    state: Literal["taken", "dry_run", "refused"]
    sha256: str
    counts: int = 0
    known: int = 0
    taken: tuple[Taken, ...] = ()
    problems: tuple[Fault, ...] = ()
    more_problems: int = 0


class _DryRun(Exception):
    """All of it would be taken: nothing is kept."""


class Counts:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(self, actor: Actor, count: Count, source: Source = "message") -> Taken:
        """Take one count in and compare it. Refused: bad content, or the reference of another."""
        where, what = self._wrong(count)
        if what:
            raise Invalid(what, where)
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            return await self._put(connection, actor, count, source)

    async def take_file(self, actor: Actor, content: bytes, *, dry_run: bool) -> Report:
        """Take all counts of a CSV file in, or none of them."""
        sha256 = hashlib.sha256(content).hexdigest()
        # A big file takes a while to read: not in the loop that answers terminals.
        told, faults = await asyncio.to_thread(read_counts, content)
        for one in told if not faults else ():
            where, what = self._wrong(one.count, judged=True)
            if what:
                faults.append(Fault(one.line, where, what))
                break
        taken: list[Taken] = []
        if not faults:
            try:
                async with Borrowed(self._pool) as connection, said_by_database(connection):
                    taken = await self._put_all(connection, actor, told, faults)
                    if dry_run or faults:
                        raise _DryRun  # nothing of it is kept
            except _DryRun:
                pass
        if faults:
            return Report(state="refused", sha256=sha256, counts=len(told),
                          problems=tuple(faults[:MOST_FAULTS]),
                          more_problems=max(len(faults) - MOST_FAULTS, 0))
        return Report(state="dry_run" if dry_run else "taken", sha256=sha256, counts=len(told),
                      known=sum(one.known for one in taken),
                      taken=() if dry_run else tuple(taken))

    async def listed(self, actor: Actor, *, stay_id: int | None, cassette: str,
                     before: int | None, most: int) -> list[Row]:
        """Counts, the newest first: those of whoever asks. What was found in a cassette that others
        have put money in as well is not his to see: `whole` is false then, and it is left out."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(
                statement("counts_read"), stay_id, cassette, actor.bank_id, actor.courier_id,
                before, most, actor.account_id)
        return [{**row, **{name: json.loads(row[name]) if row["whole"] else []
                           for name in ("pieces", "counterfeits")}} for row in rows]

    async def _put_all(self, connection: asyncpg.Connection, actor: Actor, told: Sequence[Told],
                       faults: list[Fault]) -> list[Taken]:
        taken = []
        # Stays are locked in the order of cassettes, so that two files do not lock each other out.
        for one in sorted(told, key=lambda one: (one.count.cassette, one.line)):
            try:
                async with connection.transaction():
                    taken.append(await self._put(connection, actor, one.count, "csv"))
            except Refused as refused:
                faults.append(Fault(one.line, refused.where, refused.detail))
        faults.sort(key=lambda fault: fault.line)
        return taken

    async def _put(self, connection: asyncpg.Connection, actor: Actor, count: Count,
                   source: Source) -> Taken:
        stay = await self._stay(connection, actor, count)
        stay_id = stay["stay_id"] if stay is not None else None
        said, by, now = digest(count), _teller(actor), self._clock.now()
        count_id = await connection.fetchval(
            statement("count_put"), stay_id, count.cassette, count.reference, count.counted_at,
            now, by, source, msgspec.json.encode(stored(count)).decode(),
            msgspec.json.encode(count.counterfeits).decode(), said)
        if count_id is None:
            known = await connection.fetchrow(statement("count_by_reference"), by, count.reference)
            assert known is not None, "a reference that is taken has a row"
            if known["digest"] != said:
                raise Conflict("the reference stands for another count: a recount has one of its "
                               "own", "reference")
            return Taken(known["count_id"], known["stay_id"], True, "")
        await audit(connection, actor, f"cassette/{count.cassette}",
                    f"count {count.reference} of cassette {count.cassette} is told")
        if stay_id is None:
            await _open_unknown(connection, count, count_id, now)
            return Taken(count_id, None, False, "")
        return Taken(count_id, stay_id, False, await match_stay(connection, stay_id, now))

    async def _stay(self, connection: asyncpg.Connection, actor: Actor,
                    count: Count) -> asyncpg.Record | None:
        """The stay of a count, where it is for this one to tell. Unknown where it is not."""
        stay = await connection.fetchrow(statement("stay_of_count"), count.cassette,
                                         count.counted_at)
        if stay is None:
            return None
        foreign = actor.courier_id is not None and stay["courier_id"] != actor.courier_id
        if actor.bank_id is not None:
            foreign = not await connection.fetchval(statement("stay_has_bank"), stay["stay_id"],
                                                    actor.bank_id)
        if foreign:
            raise Unknown("there is no such cassette", "cassette")
        return stay

    def _wrong(self, count: Count, *, judged: bool = False) -> tuple[str, str]:
        """(where, what). judged: that nothing in itself is wrong with it was found already."""
        if not is_sscc(count.cassette):
            return "cassette", "the check digit of the SSCC is wrong"
        where, what = ("", "") if judged else problem(count)
        if not what and count.counted_at > self._clock.now() + _AHEAD:
            return "counted_at", "lies ahead"
        return where, what


async def link_again(connection: asyncpg.Connection, now: datetime, most: int) -> list[int]:
    """Counts whose swap had not been told, and has been since, go to their stay; the stays."""
    rows = await connection.fetch(statement("counts_linked"), most)
    for row in rows:
        await connection.execute(statement("case_gone"), row["case_id"], now,
                                 "the swap of the cassette was told")
    stays = sorted({row["stay_id"] for row in rows})
    for stay_id in stays:
        await match_stay(connection, stay_id, now)
    return stays


async def _open_unknown(connection: asyncpg.Connection, count: Count, count_id: int,
                        now: datetime) -> None:
    """A case for the money of a cassette that nobody told to have left a safe."""
    amounts: dict[str, int] = {}
    for piece in count.pieces:
        amounts[piece.currency] = amounts.get(piece.currency, 0) \
            + piece.value_minor * piece.count
    for item in count.items:
        amounts[item.currency] = amounts.get(item.currency, 0) + item.amount_minor
    for currency, amount in sorted(amounts.items()) or [("", 0)]:
        await open_case(connection, NewCase(
            kind="unknown_cassette", currency=currency, amount_minor=amount,
            content={"cassette": count.cassette, "reference": count.reference,
                     "count_id": count_id}), now)


def _teller(actor: Actor) -> str:
    """Who tells: a bank or a courier is one teller, whoever types for it."""
    return f"{actor.scope[0]}/{actor.scope[1]}" if actor.scope is not None else actor.name

"""The device's own numbers: which came, which are missing, which are spent.

A safe numbers all that it says, from 1, and never again. What came is kept in safe.sequence_seen,
written together for all safes a few times a second; what a crash forgets is asked for once more,
and a repeat is answered as before. So the memory here may be behind, and is never the judge: before
a gap is told it is looked up, and what a number stands for says the table of claims.

A device that leaves out number after number for ever must not fill the row: beyond a bound the
oldest gaps are given up, and an alarm says so. What is given up is the asking: a number from there
is still taken when it comes, for a number that may have come is looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import asyncpg
import msgspec

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.safes.statements import statement

Range = tuple[int, int]  # both included
_LOOKED_AT_US: Final = 1_000_000  # a gap that stays is looked up so often


class Numbers:
    """A set of numbers as ranges, in order. At most as many ranges as there are gaps; beyond
    limits.SEQUENCE_RANGES whoever keeps them lets the oldest gaps go."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges: list[Range] = list(ranges)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._ranges, number, key=lambda one: one[0])
        return at > 0 and number <= self._ranges[at - 1][1]

    def add(self, number: int) -> None:
        """One more."""
        if number in self:
            return
        at = bisect_right(self._ranges, number, key=lambda one: one[0])
        first = last = number
        if at < len(self._ranges) and self._ranges[at][0] == number + 1:
            last = self._ranges.pop(at)[1]
        if at > 0 and self._ranges[at - 1][1] == number - 1:
            first = self._ranges.pop(at - 1)[0]
            at -= 1
        self._ranges.insert(at, (first, last))

    @property
    def is_full(self) -> bool:
        """Whether there are more ranges than are kept."""
        return len(self._ranges) > limits.SEQUENCE_RANGES

    def give_up(self) -> None:
        """Ask for the oldest gaps no more."""
        self.begin(self._ranges[-limits.SEQUENCE_RANGES_KEPT][0])

    def begin(self, first: int) -> None:
        """Nothing is missed below this number."""
        rest = [(max(one, first), last) for one, last in self._ranges if last >= first]
        if rest and rest[0][0] == first:
            first = rest.pop(0)[1] + 1
        self._ranges = [(1, first - 1), *rest]

    def gaps(self, most: int = limits.MISSING_RANGES) -> tuple[Range, ...]:
        """What is not there below the greatest, from 1, the first of them."""
        found: list[Range] = []
        before = 0
        for first, last in self._ranges:
            if first > before + 1:
                found.append((before + 1, first - 1))
                if len(found) == most:
                    break
            before = last
        return tuple(found)

    def text(self) -> str:
        """As PostgreSQL writes a multirange."""
        return "{" + ",".join(f"[{first},{last + 1})" for first, last in self._ranges) + "}"


class _Known(msgspec.Struct):
    numbers: Numbers
    looked_at_us: int


class Sequences:
    """What this process knows of all safes' numbers."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._known: Bounded[str, _Known] = Bounded(limits.SEQUENCES)
        self._pending: dict[str, Numbers] = {}
        self._looks: list[tuple[str, Numbers]] = []  # under way, and what came meanwhile

    def learn(self, terminal_id: str, sequence: int) -> None:
        """This number came, and is committed with what it stands for."""
        known = self._known.get(terminal_id)
        if known is not None:
            known.numbers.add(sequence)
            if known.numbers.is_full:
                known.numbers.give_up()
        for looked_up, newer in self._looks:
            if looked_up == terminal_id:
                newer.add(sequence)

    def note(self, terminal_id: str, sequence: int) -> None:
        """This number came, and what it stands for is committed; the next flush writes it."""
        self.learn(terminal_id, sequence)
        pending = self._pending.get(terminal_id)
        if pending is None:
            if len(self._pending) >= limits.SEQUENCES:
                return  # asked for again one day
            pending = self._pending[terminal_id] = Numbers()
        if not pending.is_full:  # of a database that was away long; asked for again one day
            pending.add(sequence)

    async def is_new(self, terminal_id: str, sequence: int) -> bool:
        """True where this number surely has not come; False where it may have.

        JournalUnavailable.
        """
        known = self._known.get(terminal_id)
        if known is None:
            known = await self._look(terminal_id)
        return sequence not in known.numbers

    async def missing(self, terminal_id: str) -> tuple[Range, ...]:
        """Numbers below the greatest that never came, at most 32 ranges. JournalUnavailable."""
        known = self._known.get(terminal_id)
        if known is None or (known.numbers.gaps(1) and
                             self._clock.real_now_us() - known.looked_at_us > _LOOKED_AT_US):
            known = await self._look(terminal_id)
        return known.numbers.gaps()

    async def used(self, terminal_id: str, sequence: int, keys: Iterable[str]) -> frozenset[str]:
        """What stands under a number: kinds of messages, and which of these claims."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("number_used"), terminal_id, sequence,
                                          list(keys))
        return frozenset(row["what"] for row in rows)

    async def flush(self) -> None:
        """Write what came since last time, a chore. JournalUnavailable leaves it to the next."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            async with Borrowed(self._pool) as connection:
                await connection.execute(
                    statement("sequences_put"), list(pending),
                    [numbers.text() for numbers in pending.values()], self._clock.now(),
                    limits.SEQUENCE_RANGES, limits.SEQUENCE_RANGES_KEPT)
        except BaseException:
            for terminal_id, numbers in pending.items():
                newer = self._pending.get(terminal_id)
                self._pending[terminal_id] = _joined(numbers, newer) if newer else numbers
            raise

    async def _look(self, terminal_id: str) -> _Known:
        await self.flush()
        look = terminal_id, Numbers()
        self._looks.append(look)
        try:
            async with Borrowed(self._pool) as connection:
                numbers = await numbers_of(connection, terminal_id)
        finally:
            self._looks.remove(look)
        for newer in (self._pending.get(terminal_id), look[1]):
            numbers = _joined(numbers, newer) if newer else numbers
        known = _Known(numbers, self._clock.real_now_us())
        self._known.put(terminal_id, known)
        return known


async def numbers_of(connection: asyncpg.Connection, terminal_id: str) -> Numbers:
    """The numbers of a safe that are known to have come."""
    rows = await connection.fetch(statement("sequences_read"), terminal_id)
    return Numbers((row["first"], row["after"] - 1) for row in rows)


def _joined(one: Numbers, other: Numbers) -> Numbers:
    """Both; the other is what came in the last instants."""
    for first, last in other._ranges:
        for number in range(first, last + 1):
            one.add(number)
    return one


def header(ranges: Iterable[Range]) -> str:
    """As the header Missing-Sequences says it: `7,9-12`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)

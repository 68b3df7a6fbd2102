"""Shifts reconciled: totals compared, then transactions; each step kept, a balanced one closed.

Knows the tables of shifts; what is compared with what says comparing.py. A shift told again with
the same content is the same attempt: while it differs it is compared anew, for what was missing may
have come; once it is balanced its answer never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station import booked as journal
from authhost.station.comparing import (
    KINDS,
    Booked,
    Changed,
    Comparison,
    Difference,
    Told,
    TotalLine,
    compare,
    differences,
    in_range,
)
from authhost.station.statements import sql
from authhost.station.watching import Terminal

MOST_DAYS: Final = 7
MOST_SHIFTS: Final = 1_000
_json = msgspec.json.encode


class BadShift(Exception):
    """A shift that cannot be compared as it was told: which part of it, and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class NoSuchShift(Exception):
    """A shift whose totals were never told."""


class Span(msgspec.Struct, frozen=True):
    """Whose transactions: the terminal's own dates, both included, and its sequence numbers.

    last_day None: the day, and what the next one has in the range and no other shift claims.
    from_sequence '': all of these dates. A range may pass 999999 -> 1.
    """

    shift: str
    day: date
    from_sequence: str = ""
    to_sequence: str = ""
    last_day: date | None = None


class Line(msgspec.Struct, frozen=True):
    """A line as it is kept."""

    card_type: str
    product: str
    kind: str
    count: int
    amount_minor: int
    volume_ml: int


class Outcome(msgspec.Struct, frozen=True):
    """What totals came to: 'balanced' or 'differs', and where."""

    state: str
    differences: tuple[Difference, ...] = ()


class Missing(msgspec.Struct, frozen=True):
    """A transaction that the terminal alone has. why: what became of it here, '' unknown here."""

    kind: str
    sequence: str
    local_date: str
    amount_minor: int
    why: str


class Found(msgspec.Struct, frozen=True):
    """What transactions came to."""

    missing_at_host: tuple[Missing, ...]
    missing_at_terminal: tuple[Told, ...]
    different: tuple[Changed, ...]


class _Attempt(msgspec.Struct, frozen=True):
    """A row of station_shift."""

    attempt: int
    digest: bytes
    state: str
    answer: bytes
    span: Span


class Shifts:
    """Reconciles; counts what came of it."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.balanced = 0
        self.differing = 0

    async def totals(self, terminal: Terminal, span: Span, lines: Sequence[TotalLine]) -> Outcome:
        """Compare a shift's totals. BadShift, JournalUnavailable."""
        kept = tuple(Line(line.card_type, line.product, line.kind, line.count, line.amount_minor,
                          line.volume_ml) for line in lines)
        _check(span, kept)
        told = _json({"span": span, "totals": kept})
        digest = hashlib.sha256(told).digest()
        async with Borrowed(self._pool) as connection, connection.transaction():
            attempts = await self._attempts(connection, terminal, span.shift)
            same = next((one for one in attempts if one.digest == digest), None)
            if same is not None and same.state == "balanced":
                return msgspec.json.decode(same.answer, type=Outcome)
            names = await _names(connection, terminal)
            rows = await self._booked(connection, terminal, span)
            found = differences(rows, kept, names)
            closed = any(one.state == "balanced" for one in attempts)
            # A closed shift stays as it is: what is told of it afterwards is kept beside it.
            state = "differs" if found or closed else "balanced"
            outcome = Outcome(state, found)
            number = same.attempt if same is not None else len(attempts) + 1
            await self._keep(connection, terminal, span, number, digest, told, outcome,
                             wants_upload=state == "differs" and not closed)
            if state == "balanced":
                await connection.execute(sql("shift_settled"), terminal.terminal_id, span.shift)
        self._count(state)
        return outcome

    async def transactions(self, terminal: Terminal, shift: str, told: Sequence[Told]) -> Found:
        """Compare a shift's transactions with those of its newest totals; close it where they agree
        and it is not closed. NoSuchShift, BadShift, JournalUnavailable.
        """
        for number, one in enumerate(told):
            if one.kind not in KINDS:
                raise BadShift(f"transactions[{number}].kind", f"no such kind: {one.kind}")
        async with Borrowed(self._pool) as connection, connection.transaction():
            attempts = await self._attempts(connection, terminal, shift)
            if not attempts:
                raise NoSuchShift(shift)
            newest = attempts[-1]
            names = await _names(connection, terminal)
            rows = await self._booked(connection, terminal, newest.span)
            comparison = compare(rows, told, names)
            found = await self._named(connection, terminal, comparison)
            now = self._clock.now()
            answer = _json(found)
            await connection.execute(
                sql("shift_step_put"), terminal.terminal_id, shift, newest.attempt, now,
                "transactions", _json(told).decode(), answer.decode())
            closed = any(one.state == "balanced" for one in attempts)
            if comparison.agrees and not closed:
                await connection.execute(
                    sql("shift_close"), terminal.terminal_id, shift, newest.attempt,
                    _json(Outcome("balanced")).decode(), now)
                await connection.execute(sql("shift_settled"), terminal.terminal_id, shift)
                await self._event(connection, terminal, shift, newest.attempt, "balanced", now)
                self._count("balanced")
        return found

    async def listed(self, terminal_id: str | None = None, site_id: str | None = None,
                     most: int = MOST_SHIFTS) -> list[dict[str, object]]:
        """Every attempt at every shift, newest first, as its columns say it."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(sql("shift_list"), terminal_id, site_id,
                                          min(most, MOST_SHIFTS))
        return [{**row, "answer": msgspec.Raw(row["answer"].encode())} for row in map(dict, rows)]

    async def _attempts(self, connection: asyncpg.Connection, terminal: Terminal,
                        shift: str) -> list[_Attempt]:
        await connection.execute(sql("shift_lock"), terminal.terminal_id, shift)
        rows = await connection.fetch(sql("shift_attempts"), terminal.terminal_id, shift)
        return [_Attempt(row["attempt"], bytes(row["digest"]), row["state"], row["answer"].encode(),
                         msgspec.json.decode(row["told"], type=_Told).span)
                for row in rows]

    async def _booked(self, connection: asyncpg.Connection, terminal: Terminal,
                      span: Span) -> list[Booked]:
        """The host's side: in the span, less what is on the next day and another shift's."""
        last = span.last_day or span.day + timedelta(days=1)
        try:
            rows = await journal.read(connection, terminal.acquirer_id, terminal.terminal_id,
                                      span.day, last if span.from_sequence else
                                      span.last_day or span.day)
        except journal.TooMany as error:
            raise BadShift("from_sequence", str(error)) from None
        rows = [one for one in rows
                if in_range(one.sequence, span.from_sequence, span.to_sequence)]
        if span.last_day is not None or not span.from_sequence:
            return rows
        others = await connection.fetch(sql("shift_others"), terminal.terminal_id, span.shift,
                                        [last])
        return [one for one in rows if one.local_date == span.day.isoformat() or not any(
            in_range(one.sequence, other["from_sequence"], other["to_sequence"])
            for other in others)]

    async def _keep(self, connection: asyncpg.Connection, terminal: Terminal, span: Span,
                    attempt: int, digest: bytes, told: bytes, outcome: Outcome, *,
                    wants_upload: bool) -> None:
        now = self._clock.now()
        answer = _json(outcome).decode()
        await connection.execute(
            sql("shift_put"), terminal.terminal_id, span.shift, attempt, digest, told.decode(),
            span.day, span.last_day or span.day, span.from_sequence, span.to_sequence,
            outcome.state, answer, wants_upload, now, now if outcome.state == "balanced" else None)
        await connection.execute(
            sql("shift_step_put"), terminal.terminal_id, span.shift, attempt, now, "totals",
            told.decode(), answer)
        await self._event(connection, terminal, span.shift, attempt, outcome.state, now)

    @staticmethod
    async def _event(connection: asyncpg.Connection, terminal: Terminal, shift: str, attempt: int,
                     state: str, now: datetime) -> None:
        detail = _json({"shift": shift, "attempt": attempt}).decode()
        await connection.execute(sql("event_put"), now, terminal.terminal_id, f"shift_{state}",
                                 detail)

    @staticmethod
    async def _named(connection: asyncpg.Connection, terminal: Terminal,
                     comparison: Comparison) -> Found:
        missing = comparison.missing_at_host
        fates = await journal.fates(connection, terminal.acquirer_id, terminal.terminal_id,
                                    missing) if missing else []
        return Found(
            tuple(Missing(one.kind, one.sequence, one.local_date, one.amount_minor, why)
                  for one, why in zip(missing, fates, strict=True)),
            comparison.missing_at_terminal, comparison.different)

    def _count(self, state: str) -> None:
        if state == "balanced":
            self.balanced += 1
        else:
            self.differing += 1


class _Told(msgspec.Struct, frozen=True):
    """What is kept of what was told, as far as it is read again."""

    span: Span


async def _names(connection: asyncpg.Connection, terminal: Terminal) -> dict[str, str]:
    """The terminal's own codes of products to those inside."""
    rows = await connection.fetch(sql("product_names"), terminal.profile)
    return {row["code"]: row["product"] for row in rows}


def _check(span: Span, lines: Sequence[Line]) -> None:
    """BadShift where a span or a line means nothing."""
    if bool(span.from_sequence) != bool(span.to_sequence):
        raise BadShift("to_sequence", "a range has a first and a last number")
    for name in ("from_sequence", "to_sequence"):
        value = getattr(span, name)
        if value and not (value.isascii() and value.isdigit() and len(value) <= 12):
            raise BadShift(name, "is no sequence number")
    if span.last_day is not None and not 0 <= (span.last_day - span.day).days < MOST_DAYS:
        raise BadShift("last_day", f"a shift has at most {MOST_DAYS} days, and ends after it began")
    for number, line in enumerate(lines):
        if line.kind not in KINDS:
            raise BadShift(f"totals[{number}].kind", f"no such kind: {line.kind}")
        if line.count < 0:
            raise BadShift(f"totals[{number}].count", "is below zero")

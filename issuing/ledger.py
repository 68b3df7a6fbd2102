"""What is written about a batch and its cards: one transaction a step, before the next step.

Knows the tables of issuing and `card`; knows no card number in clear, no PIN, no HSM, no reader.
A card row that changes raises its account's fence, as the console does, and leaves an audit row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from authhost.journal.statements import statement
from issuing.batch import Batch, Line
from issuing.portfolio import Portfolio
from issuing.statements import sql
from issuing.states import Event, State, WrongMove, after

_LOCK_SEED = 5  # batches and whoever else locks by a hashed name do not meet


class BatchRefused(Exception):
    """A batch that cannot be opened: another content, another program, or somebody works on it."""


class Progress(msgspec.Struct, frozen=True):
    """One line as it stands. card_id is None while it is planned."""

    line: int
    state: State
    attempt: int
    card_id: int | None
    card_serial: str
    pan_masked: str


class NewCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card's row, before it has an id. The number is its keyed hash and its mask."""

    pan_hmac: bytes
    pan_masked: str
    card_serial: str
    pin_value: str


class Ledger:
    """One batch, locked for as long as its connection lives: two programs cannot work on it."""

    def __init__(self, connection: asyncpg.Connection, batch_id: str, program_id: str,
                 who: str) -> None:
        self._connection = connection
        self.batch_id = batch_id
        self._program_id = program_id
        self._who = who

    async def open(self, batch: Batch, medium: str) -> bool:
        """Open the batch, or find it; True when it is new. BatchRefused."""
        if not await self._connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtextextended($1, $2))", self.batch_id, _LOCK_SEED):
            raise BatchRefused(f"somebody is working on batch {self.batch_id}")
        async with self._connection.transaction():
            new = await self._connection.fetchval(
                sql("batch_open"), self.batch_id, self._program_id, medium, batch.digest, self._who)
            row = await self._connection.fetchrow(sql("batch_read"), self.batch_id)
            assert row is not None, "it was opened now or before"
            if row["digest"] != batch.digest:
                raise BatchRefused(f"batch {self.batch_id} was begun with another content")
            if (row["program_id"], row["medium"]) != (self._program_id, medium):
                raise BatchRefused(f"batch {self.batch_id} was begun with program"
                                   f" {row['program_id']} on {row['medium']}")
            await self._connection.execute(sql("lines_make"), self.batch_id,
                                           [line.line for line in batch.lines])
            if new is not None:
                await self._audit(f"batch {self.batch_id} opened: {len(batch.lines)} cards")
        return new is not None

    async def progress(self) -> dict[int, Progress]:
        """All lines by their number."""
        return {row["line"]: Progress(row["line"], State(row["state"]), *list(row.values())[2:])
                for row in await self._connection.fetch(sql("lines_read"), self.batch_id)}

    async def portfolio(self, batch: Batch) -> Portfolio:
        """The accounts, vehicles and drivers that the batch names, as they are now."""
        accounts = await self._connection.fetch(
            sql("accounts_read"), sorted({line.account for line in batch.lines}))
        vehicles = await self._connection.fetch(
            sql("vehicles_read"), sorted({line.vehicle for line in batch.lines if line.vehicle}))
        drivers = await self._connection.fetch(
            sql("drivers_read"), sorted({line.driver for line in batch.lines if line.driver}))
        return Portfolio(
            {row["account_id"]: (row["kind"], row["status"], row["currency"]) for row in accounts},
            {row["id"]: (row["account_id"], row["name"]) for row in vehicles},
            {row["id"]: (row["account_id"], row["name"]) for row in drivers})

    async def number(self, line: Line, card: NewCard) -> Progress | None:
        """The card row, not effective, and the line with it; None when the number is taken."""
        after(State.PLANNED, Event.NUMBER)
        async with self._connection.transaction():
            card_id = await self._connection.fetchval(
                sql("card_make"), line.account, card.pan_hmac, card.pan_masked, line.expiry,
                line.vehicle, line.driver, line.products, line.sites,
                msgspec.json.encode(line.limits).decode(), self._program_id, card.pin_value)
            if card_id is None:
                return None
            attempt = await self._connection.fetchval(
                sql("line_number"), self.batch_id, line.line, card_id, card.card_serial,
                card.pan_masked)
            if attempt is None:
                raise WrongMove(f"line {line.line} is not planned any more")
            await self._audit(f"card {card_id} of batch {self.batch_id} line {line.line}: begun")
        return Progress(line.line, State.NUMBERED, attempt, card_id, card.card_serial,
                        card.pan_masked)

    async def move(self, progress: Progress, event: Event) -> Progress:
        """A step that changes nothing about what the card may: loaded, mailed."""
        assert event in {Event.LOAD, Event.MAIL}
        async with self._connection.transaction():
            return await self._step(progress, event)

    async def activate(self, line: Line, progress: Progress) -> Progress:
        """The card is good from this commit on."""
        async with self._connection.transaction():
            done = await self._step(progress, Event.ACTIVATE)
            await self._card_status(line, progress, "active")
            await self._audit(f"card {progress.card_id} is active now")
        return done

    async def spoil(self, line: Line, progress: Progress, why: str) -> Progress:
        """The card is none, its row is closed, the line is planned again. why: no value in it."""
        state = after(progress.state, Event.SPOIL)
        async with self._connection.transaction():
            found = await self._connection.fetchval(
                sql("line_spoil"), self.batch_id, line.line, progress.card_id, why)
            if found is None:
                raise WrongMove(f"line {line.line} is not {progress.state} any more")
            await self._card_status(line, progress, "closed")
            await self._audit(f"card {progress.card_id} is spoiled: {why}")
        return Progress(line.line, state, progress.attempt, None, "", "")

    async def _step(self, progress: Progress, event: Event) -> Progress:
        state = after(progress.state, event)
        found = await self._connection.fetchval(
            sql("line_move"), self.batch_id, progress.line, progress.card_id, state,
            progress.state)
        if found is None:
            raise WrongMove(f"line {progress.line} is not {progress.state} any more")
        return msgspec.structs.replace(progress, state=state)

    async def _card_status(self, line: Line, progress: Progress, status: str) -> None:
        await self._connection.execute(sql("card_set_status"), progress.card_id, status)
        await self._connection.execute(statement("raise_fence"), line.account)

    async def _audit(self, what: str) -> None:
        await self._connection.execute(statement("audit"), self._who, what)


@asynccontextmanager
async def ledger(database_url: str, batch_id: str, program_id: str,
                 who: str) -> AsyncIterator[Ledger]:
    """A ledger on a connection of its own; the lock goes with the connection."""
    connection = await asyncpg.connect(database_url)
    try:
        yield Ledger(connection, batch_id, program_id, who)
    finally:
        await connection.close()

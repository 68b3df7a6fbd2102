"""What is read from the journal outside a batch: claims, originals, sums, totals.

Knows statements and a pool of connections. A read never decides: what it found may have moved by
the time that a batch locks it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg

from authhost import keys
from authhost.journal.entry import Claim, JournalUnavailable
from authhost.journal.settle import read_found
from authhost.journal.statements import statement
from authhost.standing import Found
from authhost.states import State

READS_AT_ONCE: Final = 8

_AWAY = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
         asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.TooManyConnectionsError,
         OSError, TimeoutError,
         # The server said good-bye while nothing was asked, and the socket is still open.
         asyncpg.InternalClientError)


class Reads:
    """Reads of the journal through a small pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def claim(self, key: str) -> Claim | None:
        """What stands under a key, or None."""
        row = await self._row("claims", [key])
        return Claim(*row.values()) if row is not None else None

    async def fill_answer(self, key: str, answer: bytes, door: str) -> bytes:
        """Give a claim without an answer this one, unless it has got one meanwhile."""
        row = await self._row("fill_answer", key, answer, door)
        if row is None:
            raise JournalUnavailable(f"the claim {key} has gone")
        value: bytes = row["answer"]
        return value

    async def original(self, keys: tuple[str, ...], approval_code: str, terminal_id: str,
                       pan_masked: str) -> Found | None:
        """The original that a completion or reversal is about: by its key, else by its approval."""
        rows = await self._rows("find_keys", list(keys))
        states = {row["key"]: row["state"] for row in rows}
        there = [key for key in keys if key in states]
        # A sale that was told again as an advice is completed: what stands is the advice.
        standing = [key for key in there if states[key] != State.COMPLETED]
        key = next(iter(standing or there), None)
        if key is None and approval_code:
            open_holds = await self._rows("find_approval", approval_code, terminal_id, pan_masked)
            if len(open_holds) == 1:  # two holds under one code name neither
                key = open_holds[0]["key"]
        return await self.found(key) if key is not None else None

    async def base(self, found: Found) -> Found:
        """The hold that another one raises, in its place: they are settled together."""
        base = await self.found(found.extends) if found.extends else None
        return base if base is not None and base.state is State.HOLD else found

    async def tombstone(self, keys: tuple[str, ...]) -> bool:
        """Claim the keys of an original that did not come; False when one of them has come now."""
        await self._rows("originals_tombstone", list(keys))
        return not await self._rows("find_keys", list(keys))

    async def found(self, key: str) -> Found | None:
        """An original as it is now, unlocked."""
        async with self._connection() as connection:
            claims = await connection.fetch(
                statement("original_read"), key)
            found = await read_found(connection, claims, set())
            if key in found and found[key].state is State.GIVEN:
                # Whether its sale was returned whole says what it is to take it back.
                claims += await connection.fetch(statement("original_read"),
                                                 found[key].original_key)
                found = await read_found(connection, claims, set())
            return found.get(key)

    async def terminal_totals(self, acquirer: str, terminal_id: str, day: str) -> tuple[int, ...]:
        """(debits, minor units, reversals, minor units) of a terminal on its own date YYYYMMDD."""
        prefix = keys.terminal_prefix(acquirer, terminal_id)
        row = await self._row("terminal_totals", prefix, prefix[:-1] + "0", day)
        assert row is not None, "an aggregate has one row"
        return tuple(row.values())

    async def expired(self, now: datetime, most: int) -> list[asyncpg.Record]:
        """Open holds whose time has come."""
        return await self._rows("expired", now, most)

    async def pan_hmac(self, card_id: int) -> bytes | None:
        """The keyed hash of a card's number."""
        row = await self._row("card_pan_hmac", card_id)
        return row["pan_hmac"] if row is not None else None

    async def card_view(self, pan_hmac: bytes) -> asyncpg.Record | None:
        """All that decides about a card, and its account's fence, in one snapshot."""
        return await self._row("card_view", pan_hmac)

    async def typed_driver(self, account_id: int, number: str) -> asyncpg.Record | None:
        """A fleet's driver by the number that was typed in, and the account's fence."""
        return await self._row("typed_driver", account_id, number)

    async def typed_vehicle(self, account_id: int, number: str) -> asyncpg.Record | None:
        """A fleet's vehicle by its number or plate, and the account's fence."""
        return await self._row("typed_vehicle", account_id, number)

    async def products(self) -> list[asyncpg.Record]:
        """All products, a row for each code that a profile has for them."""
        return await self._rows("products")

    async def account_view(self, account_id: int) -> asyncpg.Record | None:
        """All that decides about an account, and its fence, in one snapshot."""
        return await self._row("account_view", account_id)

    async def terminal_view(self, terminal_id: str) -> asyncpg.Record:
        """A terminal and its merchant under the present rules version; nulls for a stranger."""
        row = await self._row("terminal_view", terminal_id)
        if row is None:
            raise JournalUnavailable("the rules row is missing: no business day is open")
        return row

    async def park(self, key: str, fingerprint: bytes, why: str, content: str) -> None:
        """Keep apart what cannot be posted."""
        async with self._connection() as connection:
            await connection.execute(statement("park"), key, fingerprint, why, content)

    async def answers(self) -> bool:
        """True when the database answers."""
        try:
            return await self._row("rules_read") is not None
        except JournalUnavailable:
            return False

    async def _row(self, name: str, *args: object) -> asyncpg.Record | None:
        async with self._connection() as connection:
            return await connection.fetchrow(statement(name), *args)

    async def _rows(self, name: str, *args: object) -> list[asyncpg.Record]:
        async with self._connection() as connection:
            return await connection.fetch(statement(name), *args)

    def _connection(self) -> Borrowed:
        return Borrowed(self._pool)


class Borrowed:
    """A pool's connection; its loss is JournalUnavailable, whatever the driver calls it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._connection: asyncpg.pool.PoolConnectionProxy | None = None

    async def __aenter__(self) -> asyncpg.Connection:
        try:
            self._connection = await self._pool.acquire(timeout=5)
        except _AWAY as error:
            raise JournalUnavailable(str(error)) from None
        return self._connection  # type: ignore[return-value]  # a proxy of a connection

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        assert self._connection is not None, "entered"
        await self._pool.release(self._connection)
        if isinstance(error, _AWAY):
            raise JournalUnavailable(str(error)) from None

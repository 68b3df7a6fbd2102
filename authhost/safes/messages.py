"""What a safe says that moves no money: stored with its effect and its answer, or not at all.

Knows the transaction: the safe locked, the number looked up, the effect, the row. A repeat is
answered by the same bytes, whatever its date; the same number with other content is refused. What
a message means is its effect's: shifts.py, swaps.py, status.py, day_ends.py. A message is a fact:
what does not fit is a warning in the answer, and only what cannot be meant is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.keys import fingerprint
from authhost.safes.raising import raise_clients
from authhost.safes.sequences import Numbers, Sequences, numbers_of
from authhost.safes.statements import statement
from authhost.safes.views import SafeViews
from authhost.translate.deposits import instant_of, number_keys, refuse_date
from authhost.translate.safe_bodies import Message, MessageAnswer

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class NoSuchSafe(Exception):
    """The terminal is no safe of ours."""


class NumberTaken(Exception):
    """The number stands for other content, or for a message of another kind."""


class Blocked(Exception):
    """The terminal may not begin to work."""


class Moment:
    """One message within its transaction: what an effect may read, change and say.

    at: when the device says that it was, in UTC, never later than now. changed: whether the safe is
    otherwise than a view of before has it.
    """

    def __init__(self, connection: asyncpg.Connection, safe: asyncpg.Record, sequence: int,
                 at: datetime, now: datetime) -> None:
        self.connection = connection
        self.terminal_id: str = safe["terminal_id"]
        self.safe = safe
        self.sequence = sequence
        self.at = at
        self.now = now
        self.shift: str = safe["shift"]
        self.cassette: str = safe["cassette_id"]
        self.warnings: list[str] = []
        self.numbers = Numbers()
        self.changed = False

    @property
    def who(self) -> str:
        """As rows say who did it."""
        return f"safe:{self.terminal_id}"

    async def is_late(self, *kinds: str) -> bool:
        """Whether a later message of these kinds was here first: what it changed stays."""
        found: bool = await self.connection.fetchval(
            statement("message_later"), self.terminal_id, self.sequence, kinds)
        return found

    async def raise_clients(self) -> None:
        """Raise the fences of the safe's clients, for what a deposit is looked at by changes."""
        self.changed = True
        await raise_clients(self.connection, self.terminal_id)

    async def execute(self, name: str, *values: Any) -> None:
        """One of the room's statements."""
        await self.connection.execute(statement(name), *values)

    def said(self) -> dict[str, Any]:
        """What every answer says."""
        self.numbers.add(self.sequence)
        return {"time": self.now, "shift": self.shift, "cassette": self.cassette,
                "missing": self.numbers.gaps(), "warnings": tuple(self.warnings)}


Effect = Callable[[Moment], Awaitable[MessageAnswer]]


class Messages:
    """Takes messages."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, sequences: Sequences, views: SafeViews,
                 fingerprint_key: bytes) -> None:
        self._pool = pool
        self._clock = clock
        self._sequences = sequences
        self._views = views
        self._fingerprint_key = fingerprint_key
        self.taken = 0

    async def take(self, terminal_id: str, kind: str, body: Message, effect: Effect,
                   **about: str) -> bytes:
        """Store a message and what it does; the answer's bytes, the first time and ever after.

        about: what the path says beside the body. NoSuchSafe, NumberTaken, Blocked, Refusal,
        JournalUnavailable: nothing was stored.
        """
        content = _encode({**about, **msgspec.to_builtins(body, order="deterministic")})
        told = fingerprint(self._fingerprint_key, f"{kind}\x1f{content.decode()}")
        local_time = instant_of(body.local_time)
        # What came of it over this host is to be seen by its own answer.
        await self._sequences.flush()
        async with Borrowed(self._pool) as connection, connection.transaction():
            safe = await connection.fetchrow(statement("message_lock"), terminal_id)
            if safe is None:
                raise NoSuchSafe(terminal_id)
            known = await self._known(connection, safe, kind, body.sequence, told)
            if known is not None:
                return known
            now = self._clock.now()
            refuse_date(body.local_time, self._clock.now_us())
            at = min(utc_of(local_time, safe["time_zone"]), now)
            moment = Moment(connection, safe, body.sequence, at, now)
            moment.numbers = await numbers_of(connection, terminal_id)
            answer = msgspec.json.encode(await effect(moment))
            await connection.execute(
                statement("message_put"), terminal_id, body.sequence, kind, told, local_time,
                safe["business_date"], content.decode(), answer, now)
        self._sequences.learn(terminal_id, body.sequence)
        if moment.changed:
            self._views.forget(terminal_id)
        self.taken += 1
        return answer

    @staticmethod
    async def _known(connection: asyncpg.Connection, safe: asyncpg.Record, kind: str,
                     sequence: int, told: bytes) -> bytes | None:
        """The answer of before; None where the number is new. NumberTaken."""
        row = await connection.fetchrow(statement("message_read"), safe["terminal_id"], sequence)
        if row is not None:
            if row["kind"] != kind or row["fingerprint"] != told:
                raise NumberTaken(row["kind"])
            answer: bytes = row["answer"]
            return answer
        claims = number_keys(safe["acquirer_id"], safe["terminal_id"], sequence)
        rows = await connection.fetch(statement("number_used"), safe["terminal_id"], sequence,
                                      list(claims))
        if rows:
            raise NumberTaken(claims[rows[0]["what"]].value)
        return None


def utc_of(local_time: datetime, zone: str) -> datetime:
    """A safe's local time in its zone; of an hour that comes twice the first."""
    return local_time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

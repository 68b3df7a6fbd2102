"""The outbox of one bank: the deposits whose credit waits, is on its way, or is unknown.

Knows the statements and what is committed together; must not know HTTP. A credit is SENT on the
disk before its request leaves; whoever dies in between leaves it to be asked about. Instants are
real ones (a bank's answer takes real seconds), whatever the business clock shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from authhost.bank import bounds
from authhost.bank.statements import statement
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.safes.life import end_to_end_id
from authhost.safes.moves import move

WHO: Final = "connector"
# The database is away, or does not want it now: what is to be done waits.
AWAY: Final = (JournalUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError,
               TimeoutError)


class Credit(msgspec.Struct, frozen=True, gc=False):
    """One deposit's credit. party: the client's master data as JSON, null where there is none."""

    key: str
    end_to_end_id: str
    terminal_id: str
    day: str  # the business date, ISO 8601
    currency: str
    amount_minor: int
    party: str | None
    detail: str | None
    recorded_at: datetime
    tries: int
    bank_reason: str
    reversed: bool
    account_id: int


Listed = Callable[[asyncpg.Connection, Sequence[Credit]], Awaitable[None]]


class Outbox:
    """Of one bank. listed: has people look at who is listed of those who now go by night, for
    whatever cause: the night may have no list, or another."""

    def __init__(self, pool: asyncpg.Pool, bank_id: str, listed: Listed) -> None:
        self._pool = pool
        self._bank_id = bank_id
        self._listed = listed

    async def waits(self) -> bool:
        """Is there anything to send?"""
        return bool(await self._pool.fetchval(statement("waits"), self._bank_id))

    async def take(self, most: int, objection: Callable[[Credit], str],
                   rail: Callable[[Credit], str], now: datetime,
                   due: datetime) -> tuple[list[Credit], bool]:
        """Mark up to `most` credits SENT; those, and whether there may be more.

        What there is an objection to goes by night, with the reason. due: until when whoever sends
        them waits for the answer; after it anybody may ask.
        """
        sent: list[Credit] = []
        async with Borrowed(self._pool) as connection, connection.transaction():
            credits_ = await self._credits(connection, "take", self._bank_id, most)
            by_rail: dict[str, list[str]] = defaultdict(list)
            against: dict[str, list[str]] = defaultdict(list)
            for credit in credits_:
                why = "reversed" if credit.reversed else objection(credit)
                place = against[why] if why else by_rail[rail(credit)]
                place.append(credit.key)
            for why, keys in against.items():
                event = "withdraw" if why == "reversed" else "give_up"
                await move(connection, keys, event, who=WHO, why=why)
            against.pop("reversed", None)
            by_night = {key for keys in against.values() for key in keys}
            await self._listed(connection, [one for one in credits_ if one.key in by_night])
            for name, keys in by_rail.items():
                moved = set(await move(connection, keys, "send", who=WHO, rail=name, sent_at=now,
                                       next_at=due, bank_reason=""))
                sent += [credit for credit in credits_ if credit.key in moved]
        return sent, len(credits_) == most

    async def overdue(self, now: datetime) -> int:
        """SENT, and the time for an answer over: UNKNOWN; how many."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            rows = await connection.fetch(statement("overdue"), self._bank_id, now,
                                          bounds.OVERDUE_ROWS)
            if not rows:
                return 0
            return len(await move(connection, [row["key"] for row in rows], "silence", who=WHO,
                                  why="no answer was written down", next_at=now))

    async def due(self, most: int, now: datetime, lease: datetime) -> list[Credit]:
        """What is to be asked about now; until `lease` nobody else does."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            found = await self._credits(connection, "unknown", self._bank_id, now, most)
            if found:
                await ask_again(connection, {credit.key: (lease, None) for credit in found})
        return found

    async def resend(self, keys: Sequence[str], due: datetime, why: str) -> set[str]:
        """UNKNOWN is SENT again, on the disk before it leaves; the keys that are."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            return set(await move(connection, keys, "resend", who=WHO, why=why, next_at=due,
                                  bank_reason=""))

    async def reject(self, orders: Sequence[Credit], word: str) -> None:
        """The bank has rejected them, and another rail may take them."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            await reject_to_night(connection, [order.key for order in orders], word)
            await self._listed(connection, orders)

    async def _credits(self, connection: asyncpg.Connection, name: str,
                       *values: object) -> list[Credit]:
        return [Credit(
            row["key"], end_to_end_id(row["business_date"], row["journal_id"]),
            row["terminal_id"], row["business_date"].isoformat(), row["currency"],
            row["amount_minor"], row["party"], row["detail"], row["recorded_at"], row["tries"],
            row["bank_reason"], row["reversed"], row["account_id"])
            for row in await connection.fetch(statement(name), *values)]


async def ask_again(connection: asyncpg.Connection,
                    when: Mapping[str, tuple[datetime, str | None]]) -> None:
    """When the bank is asked next about what is UNKNOWN, and its word so far (None: the same)."""
    keys = sorted(when)
    await connection.execute(statement("ask_again"), keys, [when[key][0] for key in keys],
                             [when[key][1] for key in keys])


async def reject_to_night(connection: asyncpg.Connection, keys: Sequence[str],
                          why: str, answered_at: datetime | None = None) -> list[str]:
    """REFUSED, then NIGHT: both steps are journaled. The keys of those that are."""
    more = {"answered_at": answered_at} if answered_at is not None else {}
    moved = await move(connection, keys, "refuse", who=WHO, why=why, bank_reason=why, **more)
    return await move(connection, moved, "rejected_to_night", who=WHO, why=why)

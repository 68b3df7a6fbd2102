"""What Redis lost, summed again from the journal: fields of an account, PIN tries, roll-ups.

Knows the statements and their order; what a limit is counted in is `authhost.counters`'. Rows below
a fence are closed for ever: sums and roll-ups are always of those alone.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from authhost.clock import Clock
from authhost.counters import (
    BALANCE,
    ENGINE_HOURS,
    METERS_KEPT,
    ODOMETER,
    ROLLING,
    ROLLING_HOURS,
    SHARED_FIELDS,
    Counter,
    Reading,
    Row,
    counter_of,
    decode_limits,
    fold,
    pack_slots,
    span_of,
)
from authhost.journal.card_rules import groups_of
from authhost.journal.entry import JournalUnavailable
from authhost.journal.fences import patiently
from authhost.journal.reads import Borrowed
from authhost.journal.statements import statement
from authhost.packing import PIN_FIELD, pack_pin

_OWN: Final = {"c": "effects_card", "v": "effects_vehicle", "d": "effects_driver"}
_BALANCE: Final = Counter(BALANCE * 4 + 1, BALANCE, 0, 0, 1, 0, None)
_HOUR_US: Final = 3_600_000_000
_HOURS_KEPT: Final = ROLLING_HOURS + span_of(ROLLING_HOURS * 60, shared=True) // 60 + 2
_DAYS_KEPT: Final = 8  # a week and what a time zone may differ
_SECONDS_A_DAY: Final = 86_400


class JournalSums:
    """The port that hydration reads, over a small pool."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def raise_fence(self, account_id: int) -> tuple[int, bytes]:
        """Raise the fence, then sum the account's rows below it: (fence, its field).

        Two transactions: the raise waits for the batches in flight and must not hold later ones
        back while the sum runs. Rows below the new fence are closed for ever once it is committed.
        """
        async with Borrowed(self._pool) as connection:
            fence = await _raise(connection, account_id)
            return fence, await self._field(connection, account_id, fence, "a")

    async def last_minute(self, account_id: int, fence: int) -> int:
        """The last minute (UTC, since 1970) that the rows below a fence count in; 0: there is none.

        A server that takes over may have a clock behind the one before it.
        """
        async with Borrowed(self._pool) as connection:
            return await connection.fetchval(statement("last_minute"), account_id, fence) or 0

    async def field(self, account_id: int, fence: int, field: str) -> bytes:
        """One field of the hash ('c17', 'sSITE4', 'p17') from the rows with a smaller fence."""
        async with Borrowed(self._pool) as connection:
            return await self._field(connection, account_id, fence, field)

    async def pin_tries(self, account_id: int, fence: int, card_id: int) -> int:
        """A card's wrong PINs below a fence, less those set back and those forgiven."""
        async with Borrowed(self._pool) as connection:
            return int(await connection.fetchval(statement("pin_tries"), account_id, fence,
                                                 card_id))

    async def roll_up(self, account_id: int) -> None:
        """Move the account's roll-up to its present fence: hydration sums what came after."""
        async with Borrowed(self._pool) as connection, connection.transaction():
            await connection.execute(statement("rolled_open"), account_id)
            mark = await connection.fetchrow(statement("rolled_lock"), account_id)
            if mark is None or mark["present"] <= mark["rolled"]:
                return
            await connection.execute(statement("roll_up"), account_id, mark["present"],
                                     mark["rolled"])
            await connection.execute(statement("roll_up_old"), account_id,
                                     self._hour() - _HOURS_KEPT)
            await connection.execute(statement("rolled_move"), account_id, mark["present"])

    async def _field(self, connection: asyncpg.Connection, account_id: int, fence: int,
                     field: str) -> bytes:
        scope, entity = field[0], field[1:]
        if scope == PIN_FIELD:
            tries = await connection.fetchval(statement("pin_tries"), account_id, fence,
                                              int(entity))
            return pack_pin(int(tries))
        number = int(entity) if scope in "bcvd" else 0
        limits = await connection.fetchrow(statement("field_limits"), account_id, scope, number)
        if limits is None:
            raise JournalUnavailable(f"there is no account {account_id}")
        counters = _counters(limits, scope)
        if scope in SHARED_FIELDS:
            return pack_slots(fold(counters, await self._shared(connection, account_id, fence,
                                                                scope, entity, counters)))
        rows = await connection.fetch(statement(_OWN[scope]), account_id, fence, number)
        by_product = any(counter.members is not None for counter in counters)
        effects = [one for row in rows for one in _split(row)] if by_product \
            else [_whole(row) for row in rows]
        return pack_slots(fold(counters, effects, readings_of(rows) if scope != "d" else ()))

    async def _shared(self, connection: asyncpg.Connection, account_id: int, fence: int,
                      scope: str, entity: str, counters: list[Counter]) -> list[Row]:
        if not counters:
            return []
        hours = max((counter.span * (counter.before + 1) // 60 for counter in counters
                     if counter.kind == ROLLING), default=0)
        hour = self._hour()
        since_day = self._clock.now_us() // (_SECONDS_A_DAY * 1_000_000) - _DAYS_KEPT
        rows = await connection.fetch(
            statement("effects_shared"), account_id, fence, scope, entity, hour - hours - 1,
            since_day, any(counter.members is not None for counter in counters))
        return [Row(*row) for row in rows]

    def _hour(self) -> int:
        return self._clock.now_us() // _HOUR_US


def _counters(limits: asyncpg.Record, scope: str) -> list[Counter]:
    """What a field is counted for; a group that nobody knows refuses in the view."""
    groups = groups_of(limits["groups"])
    found = [counter_of(limit, scope in SHARED_FIELDS, groups)
             for limit in decode_limits(limits["limits"] or "[]")
             if limit.kind and (not limit.group or limit.group in groups)]
    if scope == "a" and limits["credit_line"] is not None:
        found.append(_BALANCE)
    return list(dict.fromkeys(found))


def _split(row: asyncpg.Record) -> list[Row]:
    """A row's effect as a whole, and by product: what was bought together counts once."""
    whole = _whole(row)
    at, count = whole[:5], whole.number
    found = [whole]
    if row["products"]:
        shares: list[Any] = [share.split(":") for share in row["products"].split(";")]
        alone = len(shares) == 1
        found += [Row(*at, product, int(money), int(volume), count if alone else 0)
                  for product, money, volume in shares]
        if not alone:
            found.append(Row(*at, ",".join(share[0] for share in shares), 0, 0, count))
    return found


def _whole(row: asyncpg.Record) -> Row:
    return Row(row["minute"], row["day"], row["week"], row["month"], False, "", row["money"],
               row["volume"], row["count"])


def readings_of(rows: list[asyncpg.Record]) -> list[Reading]:
    """The last readings of both meters that still stand: reversed rows take theirs back."""
    found = []
    for column, code in (("odometer", ODOMETER), ("engine_hours", ENGINE_HOURS)):
        standing: dict[tuple[int, int], int] = {}
        for row in rows:
            if row[column] is not None:
                at = (row["minute"], row[column])
                standing[at] = standing.get(at, 0) + row["count"]
        stand = sorted(at for at, count in standing.items() if count > 0)
        by_minute = dict(stand)  # of two in one minute the larger
        found += [Reading(code, *at) for at in list(by_minute.items())[-METERS_KEPT:]]
    return found


async def _raise(connection: asyncpg.Connection, account_id: int) -> int:
    fence = await patiently(
        connection, lambda: connection.fetchval(statement("raise_fence"), account_id))
    if fence is None:
        raise JournalUnavailable(f"account {account_id} has no fence")
    return int(fence)

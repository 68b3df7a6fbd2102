"""Safes as they are now, cached in the process with a bound.

A view is never trusted for being fresh: the fences that it was read with are compared with those of
the accounts, and what decides about a deposit raises them. How full a safe is raises none, hence
the age. Knows the statement and the cache; what a view means says view.py.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any, Final

import asyncpg
import msgspec

from authhost import limits
from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.completeness import missing
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.safes.statements import statement
from authhost.safes.view import Category, SafeClient, SafeView, ShiftMark, Stay

_AGE_US: Final = limits.SAFE_VIEW_AGE_S * 1_000_000
_ABSENT_AGE_US: Final = 1_000_000  # a terminal that is no safe may become one
_COLUMNS: Final = ("terminal_id", "note_capacity", "coin_capacity", "notes_inside", "coins_inside",
                   "shift", "shift_required", "named_depositors", "cassette_id", "last_swap")


class _Kept(msgspec.Struct, frozen=True):
    view: SafeView | None
    until_us: int
    rules_version: int


class SafeViews:
    """The cache, and how it is filled."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._kept: Bounded[str, _Kept] = Bounded(limits.SAFE_VIEWS)
        self._loading: dict[str, asyncio.Task[SafeView | None]] = {}

    async def at_hand(self, terminal_id: str, rules_version: int = 0) -> SafeView | None:
        """A safe, loaded where it is not at hand or is old; None: the terminal is none.

        rules_version: the rules that the caller goes by. What is not there has no fence; who adds
        a safe or a client raises the rules. While one asks again because of the age, the others go
        on with what there is. JournalUnavailable.
        """
        kept = self._kept.get(terminal_id)
        if kept is None or kept.rules_version < rules_version:
            return await self.load(terminal_id)
        if self._clock.real_now_us() < kept.until_us or terminal_id in self._loading:
            return kept.view
        return await self.load(terminal_id)

    async def load(self, terminal_id: str) -> SafeView | None:
        """A safe as it is now, asked once for all who ask at this moment. JournalUnavailable."""
        loading = self._loading.get(terminal_id)
        if loading is None:
            loading = self._loading[terminal_id] = asyncio.ensure_future(self._load(terminal_id))
            loading.add_done_callback(lambda done: self._loaded(terminal_id, done))
        # Who stops waiting stops nobody else.
        return await asyncio.shield(loading)

    def forget(self, terminal_id: str) -> None:
        """It has changed here, just now."""
        self._kept.pop(terminal_id, None)

    def _loaded(self, terminal_id: str, done: asyncio.Task[SafeView | None]) -> None:
        del self._loading[terminal_id]
        if not done.cancelled():
            done.exception()  # whoever still waits is told; nobody may be

    async def _load(self, terminal_id: str) -> SafeView | None:
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(statement("safe_view"), terminal_id)
        if row is None:
            raise JournalUnavailable("the rules row is missing: no business day is open")
        view = _view(row) if row["terminal_id"] is not None else None
        age_us = _AGE_US if view is not None else _ABSENT_AGE_US
        self._kept.put(terminal_id, _Kept(view, self._clock.real_now_us() + age_us,
                                          row["rules_version"]))
        return view


def _view(row: asyncpg.Record) -> SafeView:
    clients = _rows(row["clients"])
    return SafeView(
        **{name: row[name] for name in _COLUMNS}, currencies=tuple(row["currencies"]),
        clients={one["reference"]: _client(one) for one in clients},
        depositors={(account_id, code): status
                    for account_id, code, status in _rows(row["depositors"])},
        shift_marks=tuple(ShiftMark(*one) for one in _rows(row["shift_marks"])),
        stays=tuple(Stay(*one) for one in _rows(row["stays"])),
        categories={one[0]: Category(*one) for one in _rows(row["categories"])},
        fences={one["account_id"]: one["fence"] for one in clients})


def _client(row: dict[str, Any]) -> SafeClient:
    key = row["deposit_key"]
    return SafeClient(
        account_id=row["account_id"], currency=row["currency"], iban=row["iban"] or "",
        standing=row["standing"], deposit_key=base64.b64decode(key) if key else b"",
        missing=missing(row))


def _rows(text: str | None) -> list[Any]:
    """What json_agg makes; null of nothing."""
    found: list[Any] = msgspec.json.decode(text) if text else []
    return found

"""Catalogues are built: what has changed since the last version begins or ends with a new one.

Knows the tables that a catalogue is made of, through statements; knows no terminal's request and no
key. There is one line of versions for all sites; a build that finds nothing to say makes none. Two
hosts that build at once make one version: the second finds that the first has been there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.journal.reads import Borrowed
from authhost.station.content import instant
from authhost.station.statements import sql

RENEW: Final = timedelta(minutes=30)  # a version at least, so that what a terminal has stays young
HISTORY: Final = timedelta(days=7)  # differences are made from versions that are no older
BUILD_TIMEOUT_S: Final = 120.0
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # where nobody knows since when
_PRICES: Final = ("prices",)
_CARDS: Final = ("cards", "blocklist")
_SHELF: Final = ("products", "rules", "home")


class ListPrice(Protocol):
    """What a fleet pays for a product wherever no pump is asked. unit_price: Decimal's text."""

    @property
    def account_id(self) -> int: ...
    @property
    def product(self) -> str: ...
    @property
    def unit_price(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def contract(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def valid_until(self) -> datetime | None: ...


class PriceLists(Protocol):
    """Where list prices come from: authhost/pricing."""

    async def list_for(self, account_ids: Sequence[int], site_id: str,
                       at: datetime) -> Sequence[ListPrice]:
        """The prices of these fleets at a site that hold at an instant."""


class NoPrices:
    """A host without contracts: every fleet pays what the pump says."""

    async def list_for(self, account_ids: Sequence[int], site_id: str,
                       at: datetime) -> Sequence[ListPrice]:
        """None."""
        assert account_ids, "asked for somebody"
        assert site_id, "and for a place"
        assert at.tzinfo is not None, "an instant"
        return ()


class Built(msgspec.Struct, frozen=True):
    """What a build did. version: the newest now. changes: entries that began or ended with it."""

    version: int
    changes: int = 0
    made: bool = False


class _Due(msgspec.Struct, frozen=True):
    """What has to be looked at again. accounts: None is all of them."""

    version: int
    rules_version: int
    month: str
    accounts: list[int] | None
    prices: bool
    renew: bool
    prices_until: datetime | None

    def __bool__(self) -> bool:
        return self.accounts != [] or self.prices or self.renew


class _Prices(msgspec.Struct, frozen=True):
    """Rows of catalogue_prices.sql by column, and when the first of them ends."""

    columns: tuple[list[int], list[str], list[str], list[str], list[str]]
    until: datetime | None


class Building:
    """Builds versions."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, prices: PriceLists) -> None:
        self._pool = pool
        self._clock = clock
        self._prices = prices

    async def build(self) -> Built:
        """Make a version where something has changed, or the newest is old. JournalUnavailable."""
        now = self._clock.now()
        due = await self._due(now)
        if not due:
            return Built(due.version)
        prices = await self._list_prices(due, now)
        async with Borrowed(self._pool) as connection:
            return await self._build(connection, due, prices, now)

    async def _due(self, now: datetime) -> _Due:
        month = now.strftime("%y%m")
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(sql("catalogue_due"), month)
        assert row is not None, "one row, since its migration"
        prices_until, renewed_at = row["prices_until"], row["renewed_at"]
        ended = prices_until is not None and prices_until <= now
        renew = renewed_at is None or renewed_at <= now - RENEW
        accounts = None if row["all_moved"] else list(row["moved"])
        return _Due(row["version"], row["rules_version"], month, accounts,
                    ended or renew or row["all_moved"], renew, prices_until)

    async def _list_prices(self, due: _Due, now: datetime) -> _Prices:
        """Prices of the fleets that are looked at; of all where one may have begun or ended."""
        of = None if due.prices else due.accounts
        async with Borrowed(self._pool) as connection:
            row = await connection.fetchrow(sql("price_sites"), of)
        assert row is not None, "it has no table"
        found = [(price, site_id) for site_id in (row["sites"] if row["accounts"] else ())
                 for price in await self._prices.list_for(row["accounts"], site_id, now)]
        columns = ([price.account_id for price, _ in found], [price.product for price, _ in found],
                   [site_id for _, site_id in found], [price.currency for price, _ in found],
                   [_value(price) for price, _ in found])
        ends = [price.valid_until for price, _ in found if price.valid_until is not None]
        return _Prices(columns, min(ends, default=None))

    async def _build(self, connection: asyncpg.Connection, due: _Due, prices: _Prices,
                     now: datetime) -> Built:
        async with connection.transaction():
            if await connection.fetchval(sql("catalogue_lock")) != due.version:
                return Built(due.version)  # another host was quicker; the next build sees the rest
            await connection.execute("SET LOCAL work_mem = '64MB'")  # a whole fleet is sorted
            await connection.execute(sql("catalogue_wanted"))
            await connection.execute(sql("catalogue_fences"), due.accounts)
            work = _Work(connection, due.version + 1)
            if due.accounts is None:
                await work.settle("catalogue_shelf", (), _SHELF, None)
            if due.accounts != []:
                await work.settle("catalogue_cards", (due.accounts, due.month), _CARDS,
                                  due.accounts)
            if due.prices or due.accounts:
                await work.settle("catalogue_prices", prices.columns, _PRICES,
                                  None if due.prices else due.accounts)
            everywhere = work.everywhere or due.renew
            made = bool(work.changes) or due.renew
            version = work.version if made else due.version
            if made:
                await connection.execute(
                    sql("catalogue_version_put"), version, now,
                    None if everywhere else sorted(work.sites), work.changes, due.rules_version)
                await connection.execute(sql("catalogue_forget"), now - HISTORY)
            await connection.execute(
                sql("catalogue_built_put"), version, due.rules_version, due.month,
                now if everywhere else None, _first(due, prices))
        return Built(version, work.changes, made)


class _Work:
    """One version on its way, within a transaction."""

    def __init__(self, connection: asyncpg.Connection, version: int) -> None:
        self._connection = connection
        self.version = version
        self.changes = 0
        self.everywhere = False
        self.sites: set[str] = set()

    async def settle(self, gather: str, values: tuple[object, ...], sections: Sequence[str],
                     accounts: list[int] | None) -> None:
        """Gather what some sections are to say of some accounts (None: all), and write what is new.
        """
        await self._connection.execute(sql(gather), *values, timeout=BUILD_TIMEOUT_S)
        row = await self._connection.fetchrow(sql("catalogue_apply"), self.version, sections,
                                              accounts, timeout=BUILD_TIMEOUT_S)
        assert row is not None, "an aggregate has one row"
        await self._connection.execute("DELETE FROM wanted")
        self.changes += row["changes"]
        self.everywhere = self.everywhere or row["everywhere"]
        self.sites.update(row["sites"])


def _first(due: _Due, prices: _Prices) -> datetime | None:
    """When the first price ends: of all where all were asked for, else with those known before."""
    known = [prices.until] if due.prices else [prices.until, due.prices_until]
    return min((until for until in known if until is not None), default=None)


def _value(price: ListPrice) -> str:
    """A price as a catalogue says it."""
    since, until = price.valid_from or EVER, price.valid_until
    return msgspec.json.encode({
        "unit_price": price.unit_price, "contract": price.contract, "version": price.version,
        "from": instant(since),
        "until": instant(until) if until is not None else None}).decode()

"""Contracts at hand: a fleet's book, cached under the rules version, and lists for the stations.

Knows the tables of prices, sites, products and groups, and reads them alone. Prices are only ever
added, in the order of their ids, so a newer rules version reads on from the last one that was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

import asyncpg
import msgspec

from authhost.bounded import Bounded
from authhost.clock import Clock, as_datetime
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.pricing.book import Book
from authhost.pricing.contracts import read_contracts
from authhost.pricing.formula import BasePrice
from authhost.pricing.market import Market, Series, Site
from authhost.pricing.statements import statement
from authhost.pricing.terms import Contract, instant_us
from authhost.pricing.timeline import BEGINNING, FOREVER, latest

BOOKS: Final = 20_000
HISTORY_DAYS: Final = 400  # how late a sale may come and still be priced
_AT_ONCE: Final = 500  # accounts read with one statement
_TURN: Final = 50  # accounts that are listed before others have their turn

_NO_POOL: Final = cast("asyncpg.Pool", None)

_BaseRow = tuple[int, int, int | None, BasePrice]
_VatRow = tuple[int, int, int | None, int | None]


class ListPrice(msgspec.Struct, frozen=True):
    """A price that is known without a pump: VAT included, Decimal's text, a `unit` of sale.

    valid_until: when it may change, None where nothing is known to change it. never_above_pump:
    the lower of it and the pump's is what is paid.
    """

    account_id: int
    product: str
    unit: str
    unit_price: str
    currency: str
    contract: str
    version: int
    valid_from: datetime | None
    valid_until: datetime | None
    formula: str
    never_above_pump: bool


class _Kept(msgspec.Struct, frozen=True):
    """An account's book, and the last contract that is in it."""

    newest: int
    book: Book


class Prices:
    """The process's books. `pool` is one of asyncpg's; `clock` is the process's own."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._refreshing = asyncio.Lock()
        self._version = 0
        self._newest: dict[int, int] = {}  # account -> its last contract
        self._market = Market()
        self._base_rows: dict[Series, list[_BaseRow]] = {}
        self._vat_rows: dict[tuple[str, str, str], list[_VatRow]] = {}
        self._last_base = 0
        self._last_vat = 0
        self._books: Bounded[int, _Kept] = Bounded(BOOKS)

    async def at_hand(self, account_id: int, rules_version: int) -> Book | None:
        """The account's book as of this rules version or a newer one; None: no contract.

        JournalUnavailable when the database is away.
        """
        if self._version < rules_version:
            await self._refresh(rules_version)
        newest = self._newest.get(account_id)
        if newest is None:
            return None
        kept = self._books.get(account_id)
        if kept is None or kept.newest < newest:
            async with Borrowed(self._pool) as connection:
                rows = await read_contracts(connection, [account_id])
            contracts = tuple(contract for _, contract in rows)
            kept = _Kept(max(number for number, _ in rows), Book(contracts, self._market))
            self._books.put(account_id, kept)
        elif kept.book.market is not self._market:
            kept = _Kept(kept.newest, Book(kept.book.contracts, self._market))
            self._books.put(account_id, kept)
        return kept.book

    async def list_for(self, account_ids: Sequence[int], site_id: str,
                       at: datetime) -> tuple[ListPrice, ...]:
        """What fleets pay at a site, where it is known without a pump; see docs/prices.md."""
        async with Borrowed(self._pool) as connection:
            version = await connection.fetchval("SELECT version FROM rules")
        await self._refresh(version or 0)
        listed: list[ListPrice] = []
        with_contract = [one for one in account_ids if one in self._newest]
        for start in range(0, len(with_contract), _AT_ONCE):
            chunk = with_contract[start:start + _AT_ONCE]
            for number, (account_id, book) in enumerate(await self._some(chunk)):
                listed += _listed(account_id, book, site_id, instant_us(at))
                if number % _TURN == _TURN - 1:
                    await asyncio.sleep(0)
        return tuple(listed)

    async def _some(self, account_ids: Sequence[int]) -> list[tuple[int, Book]]:
        """Books of several accounts; those that no sale asked for are not kept."""
        fresh = {one: kept.book for one in account_ids if (kept := self._books.get(one)) is not None
                 and kept.newest >= self._newest[one] and kept.book.market is self._market}
        by_account: dict[int, list[Contract]] = {}
        async with Borrowed(self._pool) as connection:
            for _, contract in await read_contracts(connection, set(account_ids) - set(fresh)):
                by_account.setdefault(contract.account_id, []).append(contract)
        fresh |= {one: Book(contracts, self._market) for one, contracts in by_account.items()}
        return [(one, fresh[one]) for one in account_ids if one in fresh]

    async def _refresh(self, rules_version: int) -> None:
        """Read on to at least this version, once for all who wait for it."""
        async with self._refreshing:
            if self._version >= rules_version:
                return
            async with Borrowed(self._pool) as connection, connection.transaction(
                    isolation="repeatable_read", readonly=True):
                version = await connection.fetchval("SELECT version FROM rules")
                if version is None:
                    raise JournalUnavailable("the rules row is missing: no business day is open")
                await self._read_on(connection)
            self._version = version

    async def _read_on(self, connection: asyncpg.Connection) -> None:
        newest = await connection.fetch(statement("newest_contracts"),
                                        max(self._newest.values(), default=0))
        history = self._clock.now() - timedelta(days=HISTORY_DAYS)
        base = await connection.fetch(statement("base_prices_after"), self._last_base, history)
        vat = await connection.fetch(statement("vat_rates"), self._last_vat)
        sites = await connection.fetch(statement("sites_and_regions"))
        groups = await connection.fetch(statement("groups_of_products"))
        products = await connection.fetch("SELECT product, unit FROM product ORDER BY product")
        # Nothing is awaited from here on: a book sees all of it or none.
        self._market = self._with(base, vat, msgspec.structs.replace(
            self._market, units={row["product"]: row["unit"] for row in products},
            sites={row["site_id"]: Site(row["region"], row["country"]) for row in sites},
            groups=_groups(groups)))
        self._newest |= {row["account_id"]: row["contract_id"] for row in newest}

    def _with(self, base: Iterable[asyncpg.Record], vat: Iterable[asyncpg.Record],
              market: Market) -> Market:
        """The market with what was entered since; the very same one where nothing is new."""
        series: set[Series] = set()
        for row in base:
            key = (row["source"], row["product"], row["temperature"], row["currency"])
            series.add(key)
            self._base_rows.setdefault(key, []).append(_base_row(row))
            self._last_base = row["base_price_id"]
        places: set[tuple[str, str, str]] = set()
        for row in vat:
            place = (row["product"], row["country"], row["site"])
            places.add(place)
            self._vat_rows.setdefault(place, []).append(
                (instant_us(row["valid_from"]), row["vat_id"], None, row["basis_points"]))
            self._last_vat = row["vat_id"]
        if not series and not places and market == self._market:
            return self._market
        return msgspec.structs.replace(
            market,
            base_prices={**market.base_prices,
                         **{key: latest(self._base_rows[key]) for key in series}},
            vat={**market.vat, **{place: latest(self._vat_rows[place]) for place in places}})


async def read_books(connection: asyncpg.Connection, account_ids: Iterable[int],
                     clock: Clock) -> dict[int, Book]:
    """The books of accounts as the tables stand, for who has a transaction of its own: the night.

    An account without a contract is not in it.
    """
    prices = Prices(_NO_POOL, clock)
    await prices._read_on(connection)
    by_account: dict[int, list[Contract]] = {}
    for _, contract in await read_contracts(connection, set(account_ids)):
        by_account.setdefault(contract.account_id, []).append(contract)
    return {one: Book(contracts, prices._market) for one, contracts in by_account.items()}


def _groups(rows: Iterable[asyncpg.Record]) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {}
    for row in rows:
        for product in row["products"]:
            names.setdefault(product, []).append(f"@{row['name']}")
    return {product: tuple(sorted(some)) for product, some in names.items()}


def _base_row(row: asyncpg.Record) -> _BaseRow:
    start = instant_us(row["valid_from"])
    until = None if row["valid_until"] is None else instant_us(row["valid_until"])
    return start, row["version"], until, BasePrice(
        row["price"], row["unit"], row["tax_basis"], row["source"], row["product"],
        row["temperature"], row["currency"], row["version"], row["import_id"], start)


def _listed(account_id: int, book: Book, site_id: str, at_us: int) -> Iterable[ListPrice]:
    for one in book.listed(site_id, at_us):
        found = one.found
        assert found.line is not None, "what is listed has a line"
        yield ListPrice(
            account_id, one.product, one.unit, found.text, one.currency, found.contract,
            found.version, as_datetime(found.since) if found.since > BEGINNING else None,
            as_datetime(found.until) if found.until < FOREVER else None, found.line.formula,
            found.line.never_above_pump)

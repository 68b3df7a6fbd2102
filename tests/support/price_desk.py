"""A clerk's desk on a real PostgreSQL: prices go in, and a host's books are asked for them.

Knows the room authhost.pricing; a desk is set back between tests, for databases are slow to make.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from authhost.clock import Clock
from authhost.embedded import Servers
from authhost.model import Item
from authhost.pricing.contracts import put_contract
from authhost.pricing.importing import Report, import_base_prices
from authhost.pricing.prices import Prices
from authhost.pricing.terms import BadTerms, Contract, Line, instant_us
from authhost.pricing.vat import VatRate, put_vat_rate
from tests.support.databases import fresh

T = TypeVar("T")
DATA = Path(__file__).parents[1] / "data" / "prices"
HEAD = "product,price,currency,unit,tax_basis,temperature,valid_from"
JULY = datetime(2026, 7, 1, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)
CLOCK = Clock(0, instant_us(datetime(2026, 7, 23, 10, tzinfo=UTC)), 0)
TABLES = ("price_import", "base_price", "price_contract", "vat_rate")


class Desk:
    """One database with its own connection, and the clerk `ana`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(url))

    def begin(self) -> None:
        """As a test finds it: a chain with two fleets and three sites."""
        for script in ("reset.sql", "setup.sql"):
            self.run(self.connection.execute((DATA / script).read_text()))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self._runner.run(asyncio.wait_for(coroutine, 30))

    def close(self) -> None:
        """The connection, then the loop."""
        self.run(self.connection.close())
        self._runner.close()

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """The first column."""
        return [row[0] for row in self.run(self.connection.fetch(statement, *values))]

    def rules(self) -> int:
        """The rules version."""
        return int(self.sql("SELECT version FROM rules")[0])

    def counts(self) -> list[int]:
        """Rows of each table of prices."""
        return [self.sql(f"SELECT count(*) FROM {table}")[0] for table in TABLES]

    def take(self, *rows: str, **more: Any) -> Report:
        """Import a list of OMV."""
        text = "\n".join((HEAD, *rows, ""))
        return self.run(import_base_prices(self.connection, text,
                                           **{"source": "OMV", "who": "ana", **more}))

    def put(self, *lines: Line, **more: Any) -> int:
        """Write a contract."""
        given = {"account_id": 101, "contract": "C", "currency": "EUR", "valid_from": JULY}
        contract = Contract(**{**given, **more}, lines=lines)
        return self.run(put_contract(self.connection, contract, "ana", "administrator"))

    def refused(self, *lines: Line, **more: Any) -> str:
        """What is said of a contract that is not taken; nothing has changed."""
        before = self.counts(), self.rules()
        with pytest.raises(BadTerms) as bad:
            self.put(*lines, **more)
        assert (self.counts(), self.rules()) == before
        return str(bad.value)

    def vat(self, basis_points: int | None, product: str = "*", start: datetime = JULY,
            **more: Any) -> int:
        """Enter a VAT rate, for Austria where nothing is said."""
        where = more or {"country": "AT"}
        return self.run(put_vat_rate(self.connection, VatRate(
            product=product, valid_from=start, basis_points=basis_points, **where), "ana"))

    def priced(self, prices: Prices, at: datetime = JULY, account: int = 101, product: str = "001",
               site: str = "S1") -> Any:
        """'' without a contract, else what 40 L cost: unit price and amount, or the flags."""
        book = self.run(prices.at_hand(account, self.rules()))
        if book is None:
            return ""
        item = Item(product, "L", Decimal(40), Decimal("1.599"), 6396)
        found, flags = book.price((item,), site, instant_us(at), "EUR")
        return (found[0].unit_price, found[0].amount_minor) if found else flags


@contextmanager
def price_desk(servers: Servers) -> Iterator[Desk]:
    """A desk on a database of its own."""
    with fresh(servers, "prices") as url, contextlib.closing(Desk(url)) as desk:
        yield desk


async def make_pool(url: str) -> asyncpg.Pool:
    """As a host has one."""
    return await asyncpg.create_pool(url, min_size=1, max_size=2)


def spot(product: str = "001", **more: Any) -> Line:
    """12 EUR a m3 above OMV's price at 15 degrees, net."""
    return Line(product=product, formula="spot", **{
        "source": "OMV", "temperature": "15C", "amount": Decimal(12), "unit": "m3",
        "tax_basis": "net", **more})


def fixed(amount: str, product: str = "001", **more: Any) -> Line:
    """A fixed price a litre."""
    return Line(product=product, formula="fixed", amount=Decimal(amount), **more)

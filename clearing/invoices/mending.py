"""Items that had a contract and no price, priced by a later night.

Knows the host's own prices (authhost.pricing): what is entered since, back to the instant of the
sale, is what the sale would have heard. A person may also have said that the pump's price holds,
and what a contract speaks of no more costs what the pump said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

import asyncpg

from authhost.clock import Clock
from authhost.model import Item as SoldItem
from authhost.pricing.book import Book
from authhost.pricing.prices import read_books
from authhost.pricing.terms import instant_us
from clearing.answers.statements import statement as decision_statement
from clearing.exceptions import close_explained
from clearing.invoices.crediting import Origin, Under
from clearing.invoices.fuel_items import Priced
from clearing.invoices.lines import PART, FuelLine, Goods, Sale, holes_of, lines_of
from clearing.invoices.statements import statement
from clearing.queries import Connection
from clearing.run_id import RunId

Lines = dict[Under, list[FuelLine]]  # by what they are invoiced under
Parked = tuple[str, int, str, str]  # key, account, currency, product
_PARKED: Final = ("key", "account_id", "currency", "product")
_NO_HOLE: Final = frozenset[str]()
_ZERO: Final = Decimal(0)


async def mended_lines(connection: Connection, run_id: RunId,
                       sale_of: Callable[[asyncpg.Record], Sale],
                       origin: Callable[[asyncpg.Record], Origin],
                       ) -> tuple[dict[tuple[int, str], Lines], set[Parked]]:
    """The lines of parked items that have a price now, by account and currency, and which they are:
    they are parked no more, and their exceptions are closed."""
    rows = await connection.fetch(statement("parked"))
    if not rows:
        return {}, set()
    midnight = datetime.combine(run_id.business_date, time(), UTC)
    books = await read_books(connection, {row["account_id"] for row in rows},
                             Clock(origin_us=instant_us(midnight), rate=0))
    mended: dict[tuple[int, str], Lines] = {}
    done: list[asyncpg.Record] = []
    for row in rows:
        under, goods = origin(row)
        made = _priced(row, sale_of(row), goods, books.get(row["account_id"]))
        if made is None:
            continue
        done.append(row)
        mended.setdefault((row["account_id"], row["currency"]), {}).setdefault(
            under, []).extend(made)
    await connection.execute(
        statement("parked_billed"), str(run_id),
        *([row[column] for row in done] for column in _PARKED))
    decided = sorted({row["at_pump"] for row in done if row["at_pump"] is not None})
    await connection.execute(decision_statement("decision_done"), decided, str(run_id))
    await close_explained(connection, reason="price_missing", subject_kind="invoice_line",
                          subjects=sorted({row["key"] for row in done}),
                          why=f"priced by {run_id}", who=str(run_id))
    return mended, {(row["key"], row["account_id"], row["currency"], row["product"])
                    for row in done}


def _priced(row: asyncpg.Record, sale: Sale, goods: Goods,
            book: Book | None) -> list[FuelLine] | None:
    """The lines of what was parked of a row; None where a price is missing still."""
    missing, prices = holes_of(row["flags"]), list(sale.detail.prices)
    if row["at_pump"] is not None or book is None:
        missing = _NO_HOLE
    elif missing:
        missing = _price(sale, book, missing, prices, row)
    parked: str = row["product"]
    if missing and (parked == PART or parked in missing):
        return None
    made, _ = lines_of(sale, goods, prices, missing=missing)
    return [line for line in made if parked in {PART, line.product}]


def _price(sale: Sale, book: Book, missing: frozenset[str], prices: list[Priced],
           row: asyncpg.Record) -> frozenset[str]:
    """Add the prices of a sale's holes; what is still one."""
    items = [SoldItem(item.product, item.unit, item.quantity, item.unit_price or _ZERO,
                      item.amount_minor)
             for item in sale.detail.items
             if item.product in missing and item.quantity is not None]
    found, flags = book.price(items, row["site_id"], instant_us(row["sold_at"]), row["currency"])
    prices += [Priced(one.product, one.unit_price, one.amount_minor, one.contract, one.version)
               for one in found]
    still = holes_of(",".join(flags))
    # An item that tells no quantity has no price by contract, whatever is entered.
    return still | {item.product for item in sale.detail.items
                    if item.product in missing and item.quantity is None}

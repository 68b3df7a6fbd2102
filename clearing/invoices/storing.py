"""A run's rows become lines, once: priced, sorted, stored by fleet, currency and what they correct.

Knows the journal's rows and the tables of lines; must not know when they are invoiced. It runs in
the transaction that posts the day, so that a repeat finds what it has stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

import asyncpg
import msgspec

from clearing.invoices.cases import Found
from clearing.invoices.crediting import Corrected
from clearing.invoices.fuel_items import FuelDetail, read_detail
from clearing.invoices.lines import Sale, lines_of, nets_of, order_of
from clearing.invoices.mending import Lines, mended_lines
from clearing.invoices.statements import statement
from clearing.invoices.supply import GoodsByCountry
from clearing.localtime import of_minute
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_ROWS_AT_A_TIME: Final = 5_000
_MOST_KEPT: Final = 16 << 20  # bytes of lines that wait for their COPY
_NO_DETAIL: Final = FuelDetail()
_OF_A_SALE: Final = 15  # columns of a row, the first
_encode = msgspec.json.Encoder().encode
_COLUMNS: Final = ("run_id", "account_id", "currency", "country", "corrects", "business_date",
                   "first_day", "last_day", "lines", "pump_minor", "amount_minor", "nets",
                   "content")
_PARKED: Final = ("key", "account_id", "currency", "product", "journal_date", "journal_id",
                  "pump_minor", "run_id")

Group = tuple[int, str]  # a fleet's account, and a currency


async def store_lines(connection: Connection, run_id: RunId, settings: Settings,
                      found: Found) -> None:
    """Store the lines of a run, of what came out of suspense with it, and of what earlier runs have
    parked and can be priced now."""
    run, day = str(run_id), run_id.business_date
    goods = GoodsByCountry(settings, {row["product"]: row["name"] for row in await
                                      connection.fetch("SELECT product, name FROM product")})
    corrected = await Corrected.read(connection, run, day, goods)
    released = await connection.fetch(statement("released"), run)
    mended = await _park(connection, run_id, goods, corrected, found, released)
    for row in released:
        under, known = corrected.origin(row, supplied_on=row["supplied_on"])
        made, _ = lines_of(sale_of(row, found), known)
        mended.setdefault((row["account_id"], row["currency"]), {}).setdefault(
            under, []).extend(made)
    store = _Store(connection, run_id)
    async for group, rows in _grouped(connection, run, day):
        lines = mended.pop(group, {})
        for row in rows:
            under, known = corrected.origin(row)
            made, _ = lines_of(sale_of(row, found), known)
            lines.setdefault(under, []).extend(made)
        await store.put(group, lines)
    for group in sorted(mended):
        await store.put(group, mended[group])
    await store.flush()


async def _park(connection: Connection, run_id: RunId, goods: GoodsByCountry,
                corrected: Corrected, found: Found,
                released: list[asyncpg.Record]) -> dict[Group, Lines]:
    """Park what has a contract and no price; the lines of what was parked and has one now."""
    silent = Found()  # what cannot be read is told once, with the rest of its row
    parked: list[tuple[str, int, str, str, date, int, int, str]] = []
    day = run_id.business_date
    holes = [row["journal_id"] for row in await connection.fetch(statement("holes"), day)]
    rows = await connection.fetch(statement("rows"), str(run_id), day, holes)
    for row in (*rows, *released):
        parked += [(row["key"], row["account_id"], row["currency"], hole.product,
                    row.get("journal_date", day), row["journal_id"], hole.pump_minor, str(run_id))
                   for hole in lines_of(sale_of(row, silent), goods.at(""))[1]]
    await connection.copy_records_to_table("fuel_line_parked", columns=_PARKED, records=parked)
    mended, done = await mended_lines(connection, run_id, lambda row: sale_of(row, silent),
                                      lambda row: corrected.origin(
                                          row, mended=True, supplied_on=row["supplied_on"]))
    for key, account_id, currency, product, _, _, pump_minor, _ in parked:
        if (key, account_id, currency, product) not in done:
            found.add("invoice_line", account_id, key, pump_minor, currency, "price_missing")
    return mended


def sale_of(row: asyncpg.Record, found: Found) -> Sale:
    """A row as a sale; a detail that cannot be read costs its text, not its money."""
    (account_id, currency, key, posted_minor, original_key, original_minor, original_date, flags,
     text, time_zone, sold_minute, plate, driver, card, site) = row[:_OF_A_SALE]
    detail = read_detail(text)
    if detail is None:
        found.add("invoice_line", account_id, key, posted_minor, currency, "detail_unreadable")
        detail = _NO_DETAIL
    day, time = of_minute(sold_minute, time_zone)
    return Sale(
        key, posted_minor, original_key, original_minor,
        "" if original_date is None else original_date.isoformat(), flags, detail,
        (day, time, detail.vehicle or plate or card or "no vehicle", detail.driver or driver, card,
         "" if detail.odometer is None else str(detail.odometer), site))


class _Store:
    """Gathers lines and writes many fleets at once."""

    def __init__(self, connection: Connection, run_id: RunId) -> None:
        self._connection = connection
        self._run = str(run_id)
        self._day = run_id.business_date
        self._records: list[tuple[object, ...]] = []
        self._kept = 0

    async def put(self, group: Group, lines: Lines) -> None:
        """A fleet's lines, each with what it is invoiced under."""
        for under, some in sorted(lines.items()):
            if not some:  # all holes
                continue
            some.sort(key=order_of)
            content = _encode(some).decode()
            days = [line.day for line in some]
            self._records.append((
                self._run, *group, *under, self._day, date.fromisoformat(min(days)),
                date.fromisoformat(max(days)), len(some), sum([line.pump_minor for line in some]),
                sum([line.amount_minor for line in some]),
                _encode(nets_of(some, group[1])).decode(), content))
            self._kept += len(content)
        if self._kept > _MOST_KEPT:
            await self.flush()

    async def flush(self) -> None:
        """Write what has gathered."""
        await self._connection.copy_records_to_table(
            "fuel_line", columns=_COLUMNS, records=self._records)
        await self._connection.copy_records_to_table(
            "fuel_line_open", columns=("account_id", "currency", "country", "corrects", "run_id"),
            records=[(*record[1:5], record[0]) for record in self._records])
        self._records, self._kept = [], 0


async def _grouped(connection: Connection, run: str,
                   day: date) -> AsyncIterator[tuple[Group, list[asyncpg.Record]]]:
    rows: list[asyncpg.Record] = []
    group: Group = (0, "")
    cursor = await connection.cursor(statement("rows"), run, day, None)
    while fetched := await cursor.fetch(_ROWS_AT_A_TIME):
        for of, some in groupby(fetched, itemgetter("account_id", "currency")):
            if rows and of != group:
                yield group, rows
                rows = []
            group = of
            rows += some
    if rows:
        yield group, rows

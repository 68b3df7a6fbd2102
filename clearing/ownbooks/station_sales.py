"""What dealers' stations sold in a night, by product, with the commission of it and its VAT.

Knows rows of the day at stations that have terms; no other row is looked at. Commission is worked
out once a station, product, rate of VAT and night, half up; what is given back takes its commission
back. Which VAT it bears is station_vat.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

import asyncpg
import msgspec

from clearing.details import read_json
from clearing.invoices.fuel_items import Item, booked_items, read_detail
from clearing.money import divide_half_up
from clearing.ownbooks.statements import statement
from clearing.ownbooks.station_vat import StationVat
from clearing.ownbooks.terms import Commission, Station, percent_millionths
from clearing.queries import Connection
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.settings import Settings

_COLUMNS: Final = (
    "run_id", "business_date", "account_id", "merchant_id", "product", "unit", "currency",
    "country", "vat_basis_points", "basis", "count", "quantity", "amount_minor",
    "commission_minor", "valid_from", "version")
_LITRE: Final = "L"
_SCALE: Final = 10**12  # a price of six decimals times a quantity of six, as a whole number
_WHOLE: Final = 1_000_000  # of percent_millionths


class _Key(msgspec.Struct, frozen=True, order=True):
    """What is summed. country: of the site, as it is told; supplied_on: the day of the sale."""

    merchant_id: str
    product: str
    unit: str
    currency: str
    country: str
    supplied_on: date


class _Sum(msgspec.Struct):
    count: int = 0
    quantity: Decimal = Decimal(0)
    amount_minor: int = 0

    def add(self, other: _Sum) -> None:
        self.count += other.count
        self.quantity += other.quantity
        self.amount_minor += other.amount_minor


_Rated = tuple[str, str, str, str, str, int]  # station, product, unit, currency, country, rate


async def store_station_sales(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Rows of station_sale; none where no station has terms, or terms that can be read."""
    day = run_id.business_date
    stations = {row["merchant_id"]: (row, terms)
                for row in await connection.fetch(statement("stations"), day)
                if (terms := read_json(row["terms"], Station)) is not None}
    if not stations:
        return
    sums: dict[_Key, _Sum] = {}
    async for row in connection.cursor(statement("station_rows"), day, sorted(stations),
                                       prefetch=ROWS_AT_A_TIME):
        _add(sums, row, day)
    vat = await StationVat.read(connection, settings, (
        (key.merchant_id, key.supplied_on) for key in sums if key.supplied_on != day))
    records = []
    for rated, one in sorted(_rated(sums, vat).items()):
        merchant_id, product, unit = rated[:3]
        station, terms = stations[merchant_id]
        commission = commission_of(terms.of(product), one.quantity if unit == _LITRE else
                                   Decimal(0), one.amount_minor)
        records.append((
            str(run_id), day, station["account_id"], *rated, terms.basis, one.count, one.quantity,
            one.amount_minor, commission, station["valid_from"], station["version"]))
    await connection.copy_records_to_table("station_sale", columns=_COLUMNS, records=records)


def _rated(sums: Mapping[_Key, _Sum], vat: StationVat) -> dict[_Rated, _Sum]:
    rated: dict[_Rated, _Sum] = {}
    for key, one in sums.items():
        place = vat.of(key.merchant_id, key.supplied_on, key.product, key.currency, key.country)
        of = (key.merchant_id, key.product, key.unit, key.currency, *place)
        rated.setdefault(of, _Sum()).add(one)
    return rated


def commission_of(terms: Commission, litres: Decimal, amount_minor: int) -> int:
    """Per litre and percent together, half up; negative of what was given back."""
    by_litre = Decimal(terms.per_litre) * litres * _SCALE
    by_amount = amount_minor * percent_millionths(terms.percent) * (_SCALE // _WHOLE)
    return divide_half_up(int(by_litre) + by_amount, _SCALE)


def _add(sums: dict[_Key, _Sum], row: asyncpg.Record, day: date) -> None:
    """A row of the journal, item by item; one that cannot be read is of no product. What is charged
    back is taken off as it was added."""
    detail = read_detail(row["detail"])
    sign = -1 if row["charged_back"] else 1
    for item in _items(detail.items if detail is not None else (), row["posted_minor"],
                       row["original_minor"]):
        unit = _LITRE if item.unit == _LITRE and item.quantity is not None else ""
        key = _Key(row["merchant_id"], item.product, unit, row["currency"], row["country"],
                   row["supplied_on"] or day)
        one = sums.setdefault(key, _Sum())
        one.count += 1
        one.amount_minor += sign * item.amount_minor
        if unit:
            assert item.quantity is not None
            size = abs(item.quantity)
            one.quantity += sign * (size if item.amount_minor >= 0 else -size)


def _items(items: tuple[Item, ...], posted_minor: int, original_minor: int | None) -> list[Item]:
    """What was sold; or given back, and taken again, of `items`: all of it, or an amount without a
    quantity."""
    if original_minor is None and posted_minor >= 0:
        return list(booked_items(items, posted_minor))
    if original_minor == abs(posted_minor):
        sign = 1 if posted_minor >= 0 else -1
        return [msgspec.structs.replace(item, amount_minor=sign * item.amount_minor)
                for item in booked_items(items, original_minor)]
    if original_minor:
        return list(_shares(booked_items(items, original_minor), posted_minor, original_minor))
    products = {item.product for item in items}
    return [Item(product=products.pop() if len(products) == 1 else "", amount_minor=posted_minor)]


def _shares(items: tuple[Item, ...], posted_minor: int, original_minor: int) -> Iterator[Item]:
    """Of each product as much as it had of the sale: each has its own VAT and commission."""
    sums: dict[str, int] = {}
    for item in items:
        sums[item.product] = sums.get(item.product, 0) + item.amount_minor
    so_far = told = 0
    for product, minor in sorted(sums.items()):
        so_far += minor
        # Of the sums so far, so that all of them come to the whole.
        share = divide_half_up(posted_minor * so_far, original_minor) - told
        told += share
        if share:
            yield Item(product=product, amount_minor=share)

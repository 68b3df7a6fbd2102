"""More of a stage: the items that were sold.

Knows how the journal's detail is read; what is charged is pricing.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from clearing.engine.stage import Stage, reading, statement, write
from clearing.engine.tables import SCHEMAS
from clearing.invoices.fuel_items import FuelDetail, Item, Priced, booked_items, read_detail
from clearing.money import exponent
from clearing.settings import Settings

_MICRO: Final = 1_000_000
_MOST: Final = 4 * 10**18  # of quantity times price: twice of it is in int64
_NOTHING: Final = FuelDetail()


def read_items(database_url: str, stage: Stage, settings: Settings) -> int:
    """The day's fuel items, and the VAT rate of each of their products; how many items."""
    products: set[str] = set()

    def shape(batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = [item for row in batch.to_pylist() for item in _items(row)]
        products.update(str(row["product"]) for row in rows)
        return pa.RecordBatch.from_pylist(rows, schema=SCHEMAS["item"].to_pyarrow())

    with reading(database_url) as connection:
        count = write(connection, stage, "item",
                      statement("stage_detail", day=stage.business_date), shape)
    _lay(stage, "rate", ({"product": one, "vat_basis_points": settings.group(one).vat_basis_points}
                         for one in sorted(products)))
    return count


def _items(row: dict[str, object]) -> Iterator[dict[str, object]]:
    detail = read_detail(str(row["detail"])) or _NOTHING
    posted, currency = row["posted_minor"], str(row["currency"])
    assert isinstance(posted, int)
    waiting: dict[str, list[Priced]] = {}
    for price in reversed(detail.prices):
        waiting.setdefault(price.product, []).append(price)
    for line, item in enumerate(booked_items(detail.items, posted)):
        priced = waiting[item.product].pop() if _is_sold(item) and waiting.get(item.product) \
            else None
        listed = _micro(item.unit_price)
        contract = None if priced is None else _micro(Decimal(priced.unit_price))
        quantity = _micro(item.quantity)
        if quantity is not None and any(abs(quantity * one) > _MOST for one in (listed, contract)
                                        if one is not None):
            quantity = None
        yield {"id": row["id"], "line": line, "account_id": row["account_id"],
               "currency": currency, "decimals": exponent(currency), "product": item.product,
               "quantity_micro": quantity, "list_micro": listed, "contract_micro": contract,
               "amount_minor": item.amount_minor,
               "contract_minor": None if priced is None else priced.amount_minor}


def _is_sold(item: Item) -> bool:
    return item.amount_minor > 0 and item.quantity is not None and not item.quantity.is_signed()


def _micro(number: Decimal | None) -> int | None:
    """In millionths; None where it is not known, or finer than that."""
    if number is None:
        return None
    exact = number * _MICRO
    return int(exact) if exact == exact.to_integral_value() and abs(exact) <= _MOST else None


def _lay(stage: Stage, name: str, rows: Iterable[dict[str, object]]) -> None:
    schema = SCHEMAS[name].to_pyarrow()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), stage.path(name))

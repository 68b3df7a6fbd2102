"""More of a stage: the items that were sold, and the payments with their plans.

Knows how the journal's detail and a plan are read; what is charged is pricing.py's and fees.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from authhost.payments.plans import KINDS, Plan, parts_of, price_of
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


def read_payments(database_url: str, stage: Stage) -> int:
    """The day's payments and refunds, and the prices of their plans; how many rows."""
    plans: dict[str, int] = {}
    with reading(database_url) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement("stage_plan", day=stage.business_date))
            found = cursor.fetch_arrow_table()
        of_merchant = {merchant: plans.setdefault(plan, len(plans)) for merchant, plan in zip(
            found["merchant_id"].to_pylist(), found["plan"].to_pylist(), strict=True)}
        merchants = pa.array(list(of_merchant), pa.string())
        numbers = pa.array(list(of_merchant.values()), pa.int64())

        def shape(batch: pa.RecordBatch) -> pa.RecordBatch:
            plan = numbers.take(pc.index_in(batch["merchant_id"], merchants))
            own = pa.array([None if one is None else plans.setdefault(one, len(plans))
                            for one in batch["fee_plan"].to_pylist()], pa.int64())
            return batch.append_column("plan", pc.coalesce(own, plan))

        count = write(connection, stage, "payment",
                      statement("stage_payment", day=stage.business_date), shape)
    _lay(stage, "price", (row for text, number in plans.items() for row in _prices(text, number)))
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


def _prices(text: str, number: int) -> Iterator[dict[str, object]]:
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except msgspec.ValidationError:
        plan = Plan()  # nothing is charged: the night's own posting makes a case of it
    for kind in KINDS:
        fee = price_of(plan, kind)
        yield {"plan": number, "fee_kind": kind, "parts": parts_of(fee.percent),
               "fixed_minor": fee.fixed_minor, "least_minor": fee.least_minor,
               "most_minor": fee.most_minor}


def _lay(stage: Stage, name: str, rows: Iterable[dict[str, object]]) -> None:
    schema = SCHEMAS[name].to_pyarrow()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), stage.path(name))

"""What the day's payments are charged: staged, priced by each merchant's plan, summed by an engine.

Knows how a plan is told to an engine; what a fee is, is fees.py's. Which plan is whose is the
caller's, who reads it in the night's own transaction: what is charged is what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from authhost.payments.plans import KINDS, Kind, Plan, parts_of, price_of
from clearing.engine.fees import by_kind, charged
from clearing.engine.ports import Engine
from clearing.engine.posting import Placer
from clearing.engine.stage import Stage, lay, reading, statement, write
from clearing.run_id import RunId

Plans = Callable[[Collection[str]], Awaitable[Mapping[str, Plan]]]


class Charge(msgspec.Struct, frozen=True):
    """What one merchant, on one account, has taken in one currency and by one kind. base_minor:
    what the fees are of; of refunds, what was given back."""

    currency: str
    merchant_id: str
    account_id: int | None
    fee_kind: Kind
    count: int
    base_minor: int
    fees_minor: int


async def charge_day(placer: Placer, run_id: RunId, plans: Plans) -> list[Charge]:
    """All of a day. plans: asked once, for every merchant of the day. EngineError as ClearingError.
    """
    async with placer.staging(run_id) as folder:
        stage = Stage(folder, run_id.business_date, run_id.stream)
        staged = await asyncio.to_thread(read_payments, placer.database_url, stage, placer.snapshot)
        lay_plans(stage, await plans(staged.merchants), staged.own_plans)
        async with placer.opened(stage) as engine:
            return await asyncio.to_thread(charges_of, engine)


class Staged(msgspec.Struct, frozen=True):
    """Whose payments a stage has. own_plans: as texts, by the number that a payment names."""

    merchants: frozenset[str]
    own_plans: dict[str, int]
    count: int


def read_payments(database_url: str, stage: Stage, snapshot: str = "") -> Staged:
    """The day's payments and refunds; of a refund that was not paid, the plan it was charged by."""
    merchants: set[str] = set()
    own: dict[str, int] = {}

    def shape(batch: pa.RecordBatch) -> pa.RecordBatch:
        merchants.update(pc.unique(batch["merchant_id"]).to_pylist())
        texts = batch["fee_plan"]
        numbers = [None if text is None else own.setdefault(text, -1 - len(own))
                   for text in texts.to_pylist()] if texts.null_count < len(texts) \
            else [None] * len(texts)
        return batch.append_column("own_plan", pa.array(numbers, pa.int64()))

    with reading(database_url, snapshot) as connection:
        count = write(connection, stage, "payment",
                      statement("stage_payment", day=stage.business_date), shape)
    return Staged(frozenset(merchants), own, count)


def lay_plans(stage: Stage, plans: Mapping[str, Plan], own_plans: Mapping[str, int]) -> None:
    """Which plan is each merchant's, and what each costs."""
    numbers: dict[bytes, int] = {}
    known: dict[int, Plan] = {number: msgspec.json.decode(text, type=Plan)
                              for text, number in own_plans.items()}
    terms = []
    for merchant_id, plan in plans.items():
        number = numbers.setdefault(msgspec.json.encode(plan), len(numbers))
        known[number] = plan
        terms.append({"merchant_id": merchant_id, "plan": number})
    lay(stage, "terms", terms)
    lay(stage, "price", (row for number, plan in known.items() for row in _prices(plan, number)))


def _prices(plan: Plan, number: int) -> Iterator[dict[str, object]]:
    for kind in KINDS:
        fee = price_of(plan, kind)
        yield {"plan": number, "fee_kind": kind, "parts": parts_of(fee.percent),
               "fixed_minor": fee.fixed_minor, "least_minor": fee.least_minor,
               "most_minor": fee.most_minor}


def charges_of(engine: Engine) -> list[Charge]:
    """What the engine's tables come to: by currency, merchant, account (nobody's last) and kind."""
    rows = engine.read(by_kind(charged())).read_all().to_pylist()
    found = [msgspec.convert(row, Charge) for row in rows]
    return sorted(found, key=lambda one: (one.currency, one.merchant_id, one.account_id is None,
                                          one.account_id or 0, KINDS.index(one.fee_kind)))

"""Plans laid down for an engine: each merchant is charged by its own, a refund by that of then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec

from authhost.payments.plans import Fee, Fees, Plan
from clearing.engine.charging import Charge, charges_of, lay_plans
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.stage import Stage
from tests.support.engines import Row, lay

CHEAP = Plan(Fees(phone=Fee(percent="1"), qr=Fee(fixed_minor=2), refund=Fee(fixed_minor=7)))
DEAR = Plan(Fees(phone=Fee(percent="2", fixed_minor=5, least_minor=30, most_minor=40)))
THEN = Plan(Fees(refund=Fee(fixed_minor=11)))
BEFORE_THEN = Plan(Fees(refund=Fee(fixed_minor=13)))


def paid(number: int, merchant: str, minor: int, **other: object) -> Row:
    return {"id": number, "merchant_id": merchant, "account_id": 1, "currency": "EUR",
            "posted_minor": minor, "fee_kind": "phone", "before_minor": 0, "fee_base_minor": 0,
            "own_plan": None, **other}


def charged(folder: Path, rows: list[Row]) -> list[Charge]:
    """CHEAP is A's and C's, DEAR is B's; a refund may name -1, THEN, or -2, BEFORE_THEN."""
    stage = Stage(folder, date(2026, 7, 23), "payments")
    lay(folder, "payment", rows)
    own = {msgspec.json.encode(plan).decode(): -number
           for number, plan in enumerate((THEN, BEFORE_THEN), 1)}
    lay_plans(stage, {"A": CHEAP, "B": DEAR, "C": CHEAP}, own)
    with OnDuckDB(folder / "spill") as engine:
        for name, path in stage.tables().items():
            engine.table(name, path)
        return charges_of(engine)


def test_each_merchant_is_charged_by_its_own_plan(tmp_path: Path) -> None:
    rows = [paid(1, "A", 10_000), paid(2, "B", 100), paid(3, "B", 10_000), paid(4, "C", 5_000),
            paid(5, "A", 300, fee_kind="qr"), paid(6, "A", -900, fee_kind="refund")]
    assert {(one.merchant_id, one.fee_kind): (one.count, one.base_minor, one.fees_minor)
            for one in charged(tmp_path, rows)} == {
        ("A", "phone"): (1, 10_000, 100), ("A", "qr"): (1, 300, 2), ("A", "refund"): (1, 900, 7),
        ("B", "phone"): (2, 10_100, 70), ("C", "phone"): (1, 5_000, 50)}


def test_a_refund_that_comes_back_is_charged_by_the_plan_that_it_names(tmp_path: Path) -> None:
    rows = [paid(number, "A", 500, fee_kind="refund", fee_base_minor=500, own_plan=own)
            for number, own in enumerate((-1, -2, None))]
    assert [one.fees_minor for one in charged(tmp_path, rows)] == [-(11 + 13 + 7)]


def test_charges_come_in_one_order(tmp_path: Path) -> None:
    """By currency, merchant, account (nobody's last) and kind, whatever an engine's order is."""
    rows = [paid(number, merchant, 100, account_id=account, currency=currency, fee_kind=kind)
            for number, (currency, merchant, account, kind) in enumerate(
                (currency, merchant, account, kind) for kind in ("qr", "phone")
                for account in (None, 12, 7) for merchant in ("C", "A") for currency in
                ("RSD", "EUR"))]
    found = [(one.currency, one.merchant_id, one.account_id, one.fee_kind)
             for one in charged(tmp_path, rows)]
    assert found == [(currency, merchant, account, kind) for currency in ("EUR", "RSD")
                     for merchant in ("A", "C") for account in (7, 12, None)
                     for kind in ("phone", "qr")]

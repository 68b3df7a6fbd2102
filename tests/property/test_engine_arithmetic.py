"""One arithmetic: what an engine divides and charges is what Python's one division does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authhost.embedded import Servers
from authhost.payments.plans import Fee, Fees, Plan
from clearing.engine import fees
from clearing.engine.matching import most_minor
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.on_postgres import OnPostgres
from clearing.engine.ports import EngineError
from clearing.engine.rounding import divide_half_up
from clearing.engine.tables import table
from clearing.engine.tolerance import Matching, Tolerance
from clearing.money import divide_half_up as divided
from clearing.payout import fee_of_row
from tests.support.engines import Ask, Row, asking

signed = st.integers(-(2**61), 2**61)
amounts = st.integers(-(10**12), 10**12)


@pytest.fixture(scope="module")
def ask(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder: Path = tmp_path_factory.mktemp("engines")
    with OnDuckDB(folder / "spill") as duck, OnPostgres(servers.postgres.url) as postgres:
        yield asking((duck, postgres), folder)


def payment(number: int, **other: Any) -> Row:
    return {"id": number, "merchant_id": "M", "account_id": 1, "currency": "EUR",
            "posted_minor": 0, "fee_kind": "phone", "before_minor": 0, "fee_base_minor": 0,
            "own_plan": None, **other}


def capture(number: int, **other: Any) -> Row:
    return {"id": number, "key": "k", "kind": "completion", "terminal_id": "T",
            "approval_code": "", "original_key": "", "flags": "", "posted_minor": 0,
            "currency": "EUR", "product": "012", "decided_us": 0, **other}


def edges(denominator: int) -> list[int]:
    """Around every half of the first few quotients, with both signs."""
    near = [half * denominator // 2 + step for half in range(6) for step in (-1, 0, 1)]
    return near + [-one for one in near]


@settings(max_examples=25, deadline=None)
@given(numerators=st.lists(signed, max_size=40), denominator=st.integers(1, 10**12))
def test_every_engine_divides_alike(ask: Ask, numerators: list[int], denominator: int) -> None:
    numbers = [*numerators, *edges(denominator), 2**53 + 1, -(2**53) - 1]
    rows = table("capture")
    rows = rows.select("id", made=divide_half_up(rows.posted_minor, denominator))
    captures = [capture(at, posted_minor=one) for at, one in enumerate(numbers)]
    found = ask(rows, {"capture": captures})
    assert {row["id"]: row["made"] for row in found} == {
        at: divided(one, denominator) for at, one in enumerate(numbers)}


def test_what_is_beyond_int64_is_an_error(ask: Ask) -> None:
    rows = table("capture")
    rows = rows.select(made=divide_half_up(rows.posted_minor, 10))
    with pytest.raises(EngineError, match=r"(?i)range|overflow"):
        ask(rows, {"capture": [capture(1, posted_minor=2**62 + 1)]})


kinds = st.sampled_from(("phone", "qr", "refund"))
percents = st.one_of(st.sampled_from(["0", "1.25", "0.0001", "99.9999", "100"]),
                     st.integers(0, 100).map(str))
prices = st.builds(Fee, percent=percents, fixed_minor=st.integers(0, 500),
                   least_minor=st.integers(0, 50),
                   most_minor=st.none() | st.integers(50, 10_000))
plans = st.builds(Plan, fees=st.builds(Fees, phone=prices, qr=prices, refund=prices))
moves = st.tuples(kinds, amounts, st.integers(0, 10**9), st.integers(0, 10**9))


@settings(max_examples=25, deadline=None)
@given(plan=plans, moved=st.lists(moves, min_size=1, max_size=40))
def test_fees_are_those_of_the_plan(ask: Ask, plan: Plan, moved: list[Any]) -> None:
    rows = [payment(number, fee_kind=kind, posted_minor=minor,
                    before_minor=before if kind != "refund" else 0, fee_base_minor=base)
            for number, (kind, minor, before, base) in enumerate(moved)]
    expected = {row["id"]: fee_of_row(
        plan, row["fee_kind"], row["posted_minor"], row["before_minor"], row["fee_base_minor"])
        for row in rows}
    found = ask(fees.charged(), {"payment": rows, "price": list(_prices(plan)),
                                 "terms": [{"merchant_id": "M", "plan": 0}]})
    assert {row["id"]: row["fee_minor"] for row in found} == expected


def test_a_fee_is_at_least_and_at_most_so_much_and_of_nothing_nothing(ask: Ask) -> None:
    """1 % and 10, from 25 to 100; of a later capture what it adds."""
    plan = Plan(Fees(phone=Fee(percent="1", fixed_minor=10, least_minor=25, most_minor=100)))
    moved = {(1_000, 0): 25, (1_600, 0): 26, (0, 0): 0, (9_000, 0): 100, (90_000, 0): 100,
             (1_000, 1_000): 5, (500, 1_000): 0, (1_000, 9_000): 0}
    rows = [payment(number, posted_minor=minor, before_minor=before)
            for number, (minor, before) in enumerate(moved)]
    found = ask(fees.charged(), {"payment": rows, "price": list(_prices(plan)),
                                 "terms": [{"merchant_id": "M", "plan": 0}]})
    assert {(row["posted_minor"], row["before_minor"]): row["fee_minor"] for row in found} == moved


def test_a_refund_that_was_not_paid_gives_back_what_it_cost(ask: Ask) -> None:
    then, now = Plan(Fees(refund=Fee(fixed_minor=30))), Plan(Fees(refund=Fee(percent="1")))
    rows = [payment(1, fee_kind="refund", posted_minor=500, fee_base_minor=500, own_plan=-1),
            payment(2, fee_kind="refund", posted_minor=500, fee_base_minor=500),
            payment(3, fee_kind="refund", posted_minor=-700)]
    tables = {"payment": rows, "terms": [{"merchant_id": "M", "plan": 0}],
              "price": [*_prices(now), *({**row, "plan": -1} for row in _prices(then))]}
    assert {row["id"]: row["fee_minor"] for row in ask(fees.charged(), tables)} == {
        1: -30, 2: -5, 3: 7}
    [summed] = ask(fees.by_kind(fees.charged()), tables)
    assert (summed["count"], summed["base_minor"], summed["fees_minor"]) == (3, -300, -28)


def _prices(plan: Plan) -> Iterator[Row]:
    for kind in ("phone", "qr", "refund"):
        fee: Fee = getattr(plan.fees, kind)
        whole, _, rest = fee.percent.partition(".")
        yield {"plan": 0, "fee_kind": kind, "parts": int(whole + rest.ljust(4, "0")),
               "fixed_minor": fee.fixed_minor, "least_minor": fee.least_minor,
               "most_minor": fee.most_minor}


@settings(max_examples=25, deadline=None)
@given(authorized=st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
       absolute=st.integers(0, 10_000), basis_points=st.integers(0, 10_000))
def test_tolerance_is_the_greater_of_amount_and_part(
        ask: Ask, authorized: list[int], absolute: int, basis_points: int) -> None:
    matching = Matching((Tolerance("", 7, 3), Tolerance("012", absolute, basis_points)))
    rows = table("capture")
    rows = rows.select("id", most=most_minor(rows.product, rows.posted_minor, matching))
    given_rows = [capture(at, posted_minor=one, product=("012", "400")[at % 2])
                  for at, one in enumerate(authorized)]
    assert {row["id"]: row["most"] for row in ask(rows, {"capture": given_rows})} == {
        row["id"]: matching.of(row["product"]).most_minor(row["posted_minor"])
        for row in given_rows}


def test_a_sum_is_int64(ask: Ask) -> None:
    """Engines widen sums: what they answer is one type all the same, and nothing is 0."""
    rows = table("capture")
    made = rows.aggregate(all=fees.total(rows.posted_minor),
                          none=fees.total(rows.posted_minor, where=ibis.literal(False)))
    captures = [capture(1, posted_minor=2**62), capture(2, posted_minor=-5)]
    assert ask(made, {"capture": captures}) == [
        {"all": 2**62 - 5, "none": 0}]

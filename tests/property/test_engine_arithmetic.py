"""One arithmetic: what an engine divides, prices and charges is what Python's one division does."""

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
from clearing.engine import fees, pricing
from clearing.engine.matching import most_minor
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.on_postgres import OnPostgres
from clearing.engine.ports import EngineError
from clearing.engine.rounding import divide_half_up
from clearing.engine.tables import table
from clearing.engine.tolerance import Matching, Tolerance
from clearing.invoices.totals import net_of, step_of
from clearing.money import divide_half_up as divided
from clearing.payout import Moved, fee_of_row
from tests.support.engines import Ask, Row, asking

signed = st.integers(-(2**61), 2**61)
amounts = st.integers(-(10**12), 10**12)
CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}


@pytest.fixture(scope="module")
def ask(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder: Path = tmp_path_factory.mktemp("engines")
    with OnDuckDB(folder / "spill") as duck, OnPostgres(servers.postgres.url) as postgres:
        yield asking((duck, postgres), folder)


def payment(number: int, **other: Any) -> Row:
    return {"id": number, "merchant_id": "M", "account_id": 1, "currency": "EUR",
            "posted_minor": 0, "fee_kind": "phone", "before_minor": 0, "fee_base_minor": 0,
            "own_plan": None, **other}


def item(number: int, **other: Any) -> Row:
    return {"id": number, "line": 0, "account_id": 1, "currency": "EUR", "decimals": 2,
            "product": "012", "amount_minor": 0, **other}


def edges(denominator: int) -> list[int]:
    """Around every half of the first few quotients, with both signs."""
    near = [half * denominator // 2 + step for half in range(6) for step in (-1, 0, 1)]
    return near + [-one for one in near]


@settings(max_examples=25, deadline=None)
@given(numerators=st.lists(signed, max_size=40), denominator=st.integers(1, 10**12))
def test_every_engine_divides_alike(ask: Ask, numerators: list[int], denominator: int) -> None:
    numbers = [*numerators, *edges(denominator), 2**53 + 1, -(2**53) - 1]
    rows = table("item")
    rows = rows.select("id", made=divide_half_up(rows.amount_minor, denominator))
    found = ask(rows, {"item": [item(at, amount_minor=one) for at, one in enumerate(numbers)]})
    assert {row["id"]: row["made"] for row in found} == {
        at: divided(one, denominator) for at, one in enumerate(numbers)}


def test_what_is_beyond_int64_is_an_error(ask: Ask) -> None:
    rows = table("item")
    rows = rows.select(made=divide_half_up(rows.amount_minor, 10))
    with pytest.raises(EngineError, match=r"(?i)range|overflow"):
        ask(rows, {"item": [item(1, amount_minor=2**62 + 1)]})


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
    expected = {row["id"]: fee_of_row(plan, Moved(
        row["fee_kind"], row["posted_minor"], row["before_minor"], row["fee_base_minor"]))
        for row in rows}
    found = ask(fees.charged(), {"payment": rows, "price": list(_prices(plan)),
                                 "terms": [{"merchant_id": "M", "plan": 0}]})
    assert {row["id"]: row["fee_minor"] for row in found} == expected


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


sold = st.tuples(st.sampled_from(sorted(CURRENCIES)), st.sampled_from(["012", "400", "999"]),
                 st.none() | st.integers(0, 10**9), st.none() | st.integers(0, 10**7),
                 st.none() | st.integers(0, 10**7), st.none() | amounts, amounts)


@settings(max_examples=25, deadline=None)
@given(given_items=st.lists(sold, min_size=1, max_size=40))
def test_items_cost_what_the_invoice_says(ask: Ask, given_items: list[Any]) -> None:
    rates = {"012": 2_000, "400": 700}
    rows = [item(number, currency=currency, decimals=CURRENCIES[currency], product=product,
                 quantity_micro=quantity, list_micro=listed, contract_micro=contract,
                 contract_minor=told, amount_minor=minor)
            for number, (currency, product, quantity, listed, contract, told, minor)
            in enumerate(given_items)]
    found = {row["id"]: row for row in ask(pricing.priced(1_900), {
        "item": rows, "rate": [{"product": one, "vat_basis_points": rate}
                               for one, rate in rates.items()]})}
    for row in rows:
        made, rate = found[row["id"]], rates.get(row["product"], 1_900)
        listed = _amount(row, "list_micro")
        listed = row["amount_minor"] if listed is None else listed
        by_contract = row["contract_minor"]
        if by_contract is None:
            by_contract = _amount(row, "contract_micro")
        charged = row["amount_minor"] if by_contract is None else by_contract
        assert (made["rate"], made["list_minor"], made["charged_minor"]) == (rate, listed, charged)
        assert made["discount_minor"] == (0 if by_contract is None else listed - charged)
        assert made["net_minor"] == net_of(charged, rate, step_of(row["currency"]))


def _amount(row: Row, price: str) -> int | None:
    if row["quantity_micro"] is None or row[price] is None:
        return None
    exact: int = row["quantity_micro"] * row[price]
    return divided(exact, 10 ** (12 - row["decimals"]))


def test_vat_is_of_the_groups_sum(ask: Ask) -> None:
    # Three lines of 10 at 19 %: 8 each without VAT, 24 together; their VAT is 4.56, not 3 * 2.
    rows = [item(number, amount_minor=10) for number in range(3)]
    found = ask(pricing.by_group(pricing.priced(1_900)), {"item": rows})
    assert [(row["items"], row["gross_minor"], row["net_minor"], row["vat_minor"])
            for row in found] == [(3, 30, 24, 5)]


@settings(max_examples=25, deadline=None)
@given(authorized=st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
       absolute=st.integers(0, 10_000), basis_points=st.integers(0, 10_000))
def test_tolerance_is_the_greater_of_amount_and_part(
        ask: Ask, authorized: list[int], absolute: int, basis_points: int) -> None:
    matching = Matching((Tolerance("", 7, 3), Tolerance("012", absolute, basis_points)))
    rows = table("item")
    rows = rows.select("id", most=most_minor(rows.product, rows.amount_minor, matching))
    given_rows = [item(at, amount_minor=one, product=("012", "400")[at % 2])
                  for at, one in enumerate(authorized)]
    assert {row["id"]: row["most"] for row in ask(rows, {"item": given_rows})} == {
        row["id"]: matching.of(row["product"]).most_minor(row["amount_minor"])
        for row in given_rows}


def test_a_sum_is_int64(ask: Ask) -> None:
    """Engines widen sums: what they answer is one type all the same, and nothing is 0."""
    rows = table("item")
    made = rows.aggregate(all=fees.total(rows.amount_minor),
                          none=fees.total(rows.amount_minor, where=ibis.literal(False)))
    assert ask(made, {"item": [item(1, amount_minor=2**62), item(2, amount_minor=-5)]}) == [
        {"all": 2**62 - 5, "none": 0}]

"""The books after a count: 1200 has nothing of it left, 1210 what was counted, nothing waits."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from authhost.safes.life import end_to_end_id
from clearing.run import clear
from terminals.bank.books import Books
from terminals.bank.conduct import Rule
from terminals.bank.orders import Order, read_orders
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    NEXT,
    Row,
    adjustment,
    deposit,
    insert,
    make_day,
    sql,
    verification,
    wait,
)
from tests.e2e.test_clearing import clear_next_day, sums
from tests.e2e.test_clearing_deposits import THIRD, balances, moved, scene

CASE = Path(__file__).with_name("clearing_case.sql").read_text()
WITHHELD = "withheld:depositor"


def case(database_url: str, kind: str, **columns: Any) -> int:
    """A case that is closed, with what it has booked."""
    made = {"deposit_key": None, "stay_id": None, "amount_minor": 0, "proposal": "dismiss",
            "state": "closed", "booked": [], **columns}
    return int(sql(database_url, CASE, kind, made["deposit_key"], made["stay_id"],
                   made["amount_minor"], made["proposal"], made["state"], CLIENT,
                   made["booked"])[0]["case_id"])


@pytest.mark.parametrize(("there", "rows", "left"), [
    (False, [], {}),
    # The cash is there after all: a surplus of the client's, or of nobody's.
    (True, [adjustment("found", 5_000, business_date=NEXT)], {"1210": 5_000, "1300": -5_000}),
    (True, [], {"1210": 5_000, "5200": -5_000}),
])
def test_a_rejected_credit_leaves_suspense_with_its_count(
        there: bool, rows: list[Row], left: dict[str, int], database_url: str,
        tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("told", 5_000, flags=WITHHELD)]))
    moved(database_url, ["told"], "reject")
    case(database_url, "withheld", deposit_key="told", amount_minor=5_000, proposal="reject")
    wait(clear(database_url, DAY, tmp_path))
    assert balances(database_url) == {"1200": 5_000, "2900": -5_000}
    for event in ("picked_up", "matched"):
        moved(database_url, ["told"], event)
    if there:
        case(database_url, "difference", stay_id=1, amount_minor=5_000,
             proposal="adjust" if rows else "dismiss", booked=[5_000] if rows else [])
    wait(clear_next_day(database_url, [*rows, verification("count", 5_000, business_date=NEXT)],
                        tmp_path))
    assert balances(database_url) == left
    wait(clear(database_url, THIRD, tmp_path))
    assert balances(database_url) == left


@pytest.mark.parametrize(("amount", "proposal", "booked", "left"), [
    (-500, "dismiss", [], {"1210": 9_500, "1300": -10_000, "5200": 500}),
    (300, "dismiss", [], {"1210": 10_300, "1300": -10_000, "5200": -300}),
    (-500, "adjust", [-200, -100], {"1210": 9_500, "1300": -10_000, "2200": 300, "5200": 200}),
    (-500, "adjust", [-500], {"1210": 9_500, "1300": -10_000, "2200": 500}),
])
def test_what_nobody_bears_is_the_operators(amount: int, proposal: str, booked: list[int],
                                            left: dict[str, int], database_url: str,
                                            tmp_path: Path) -> None:
    """A difference within the tolerance, or dismissed, or borne in part: 1210 is what is there.
    What clients bear waits for their next credit: they have been paid."""
    wait(make_day(database_url, [deposit("told", 10_000)]))
    wait(clear(database_url, DAY, tmp_path))
    case(database_url, "difference", stay_id=1, amount_minor=amount, proposal=proposal,
         booked=booked)
    case(database_url, "difference", stay_id=2, amount_minor=-7, state="open", proposal="")
    case(database_url, "difference", deposit_key="told", amount_minor=-9_000)  # a doubt
    case(database_url, "compare", amount_minor=-8_000)
    rows = [verification("count", 10_000), *(adjustment(f"a{at}", minor)
                                             for at, minor in enumerate(booked))]
    wait(clear_next_day(database_url, [{**row, "business_date": NEXT} for row in rows], tmp_path))
    assert balances(database_url) == left
    wait(clear(database_url, THIRD, tmp_path))
    assert balances(database_url) == left


def test_a_doubt_about_a_refused_credit_books_nothing_away(database_url: str,
                                                           tmp_path: Path) -> None:
    """It is still due: released, it is paid by night."""
    wait(make_day(database_url, [deposit("told", 5_000, life={"credit": "refused"})]))
    case(database_url, "difference", deposit_key="told", amount_minor=-5_000, proposal="adjust",
         booked=[-1_000])
    wait(clear(database_url, DAY, tmp_path))
    rows = [adjustment("doubt", -1_000, business_date=NEXT)]
    wait(clear_next_day(database_url, rows, tmp_path))
    moved(database_url, ["told"], "rejected_to_night")
    assert sums(wait(clear(database_url, THIRD, tmp_path)))["deposit_credit_xml", "EUR"] == 4_000
    assert balances(database_url) == {"1200": 5_000, "1210": -1_000, "1300": -4_000}


def test_nobodys_deposit_leaves_its_safe_with_its_count(database_url: str, tmp_path: Path) -> None:
    """No account has it in its balance, so no verification ends it."""
    row = deposit("whose", 5_000, flags="withheld:client_unknown", account_id=None, money=0)
    wait(make_day(database_url, [row]))
    moved(database_url, ["whose"], "reject")
    case(database_url, "withheld", deposit_key="whose", amount_minor=5_000, proposal="adjust",
         booked=[5_000])
    wait(clear(database_url, DAY, tmp_path))
    for event in ("picked_up", "matched"):
        moved(database_url, ["whose"], event)
    rows = [adjustment("instead", 5_000, business_date=NEXT)]
    wait(clear_next_day(database_url, rows, tmp_path))
    assert balances(database_url) == {"1210": 5_000, "1300": -5_000}
    wait(clear(database_url, THIRD, tmp_path))
    assert balances(database_url) == {"1210": 5_000, "1300": -5_000}


@pytest.mark.parametrize(("ends", "rows", "left"), [
    (["picked_up", "differed_decided", "counted"], [adjustment("short", -500, business_date=NEXT)],
     {"1210": 4_500, "1300": -4_500}),
    (["reversed"], [], {})])
def test_an_envelope_leaves_its_safe_with_its_count(ends: list[str], rows: list[Row],
                                                    left: dict[str, int], database_url: str,
                                                    tmp_path: Path) -> None:
    """What is declared alone is in no balance, and has no verification."""
    row = deposit("told", 5_000, life={"kind": "envelope", "credit": "none"}, money=0)
    wait(make_day(database_url, [row]))
    wait(clear(database_url, DAY, tmp_path))
    assert balances(database_url) == {"1200": 5_000, "2600": -5_000}
    for event in ends:
        moved(database_url, ["told"], event)
    wait(clear_next_day(database_url, rows, tmp_path))
    assert balances(database_url) == left
    wait(clear(database_url, THIRD, tmp_path))
    assert balances(database_url) == left


@pytest.mark.parametrize("change", ["", "netted", "account"])
def test_what_a_bank_refused_at_once_it_takes_by_night(change: str, database_url: str,
                                                       tmp_path: Path) -> None:
    """A credit a deposit: another amount or account under an id that it knows is a duplicate to a
    bank, and would never be paid. One that was never sent keeps its id over every way."""
    refused = deposit("refused", 5_000, life={"credit": "refused", "bank_id": "B/1"})
    plain = deposit("plain", 700, life={"bank_id": "B/1"})
    wait(make_day(database_url, [refused, plain]))
    wait(scene(database_url, "DELETE FROM safe_fee; UPDATE deposit SET tries = 1 WHERE key ="
               " 'refused'; UPDATE account SET bank_id = 'B/1' WHERE account_id = 10"))
    sql(database_url, "UPDATE account SET posting = '{\"by\": \"deposit\"}'")
    with contextlib.closing(Books(tmp_path / "bank.sqlite")) as books:
        books.order(_instant(refused), "online", Rule(do="refuse", reason="AC03"), "same", 1)
        moved(database_url, ["refused"], "rejected_to_night")
        if change == "account":
            sql(database_url, "UPDATE account SET iban = 'DE89370400440532013000'")
        if change == "netted":
            short = adjustment("short", -300)
            wait(_insert(database_url, [short]))
        wait(clear(database_url, DAY, tmp_path))
        file = (tmp_path / "2026-07-23" / "cash" / "bank" / "deposits-EUR-B%2F1.xml").read_bytes()
        orders = read_orders(file)
        told = [books.order(order, "file", Rule(), "same", 2).status for order in orders]
        assert told == ["ACCC", "ACCC"]  # its rail is an instant one, by file too
        assert sum(payment.amount_minor for payment in books.payments() if payment.paid) == (
            5_400 if change == "netted" else 5_700)
    assert end_to_end_id(DAY, plain["id"]) in {order.end_to_end_id for order in orders}


def _instant(row: Row) -> Order:
    """As the connector had sent it."""
    identifier = end_to_end_id(DAY, row["id"])
    return Order(identifier, identifier, identifier, "INST", "FR7630006000011234567890189",
                 "FR7630006000011234567890189", "Client", "EUR", row["posted_minor"], "",
                 "2026-07-23")


async def _insert(database_url: str, rows: list[Row]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await insert(connection, rows)
    finally:
        await connection.close()

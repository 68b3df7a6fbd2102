"""The tables of reasons: what a bank's code means, what an exception may come to."""

from __future__ import annotations

from typing import get_args, get_type_hints

from authhost.admin.clearing_exceptions import Suggested
from clearing.answers.booking import BOOKS
from clearing.answers.facts import Fact, What, r_transaction
from clearing.answers.orders import Order
from clearing.answers.reasons import reason_of
from clearing.exceptions import DECISIONS, reasons, ways


def test_every_way_is_a_decision_that_may_be_proposed() -> None:
    found = {way.decision for reason in reasons() for way in ways(reason).values()}
    assert found <= set(DECISIONS)
    assert set(get_args(get_type_hints(Suggested)["decision"])) == set(DECISIONS)


def test_what_is_booked_may_be_decided_and_by_two() -> None:
    assert all(ways(reason)[decision].moves_money for reason, decision in BOOKS)


def test_what_a_code_means() -> None:
    assert [reason_of(code).meaning for code in ("DUPL", "AM04", "MS02", "MD06", "AC04", "X9")] == [
        "duplicate", "passing", "refused", "refunded", "final", "final"]


def test_what_an_r_transaction_is_called() -> None:
    order = Order("E", "debit", None, "collection_fleet", 1, "EUR", 100, "fuel", "F-1")

    def called(what: What, code: str = "", *, reversal: bool = False) -> str:
        return r_transaction(what, Fact(order, 100, reason=code, reversal=reversal))

    assert [called("rejected", "AC04"), called("rejected", "MS02"), called("returned", "AM04"),
            called("returned", "MD06"), called("returned", reversal=True)] == [
        "reject", "refusal", "return", "refund", "reversal"]

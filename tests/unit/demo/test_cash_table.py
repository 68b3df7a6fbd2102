"""What a founder reads of the cash cycle: every story from what went wrong to what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from demo.cash_books import CashBooks
from demo.cash_table import counted, stories
from demo.result import Cash, CashCase, Printed

_CASE = CashCase(
    kind="counterfeit", safe="S0006", state="closed", amount_minor=-1_000, currency="CHF",
    proposal="adjust", proposed_by="office", decided_by="vault", booked_minor=-1_000,
    booked_as="desk/206/81/custody/3", taken_off="20261120-CASH-1-D0000002", serial="X1",
    report_by=date(2026, 12, 18), why="seen")


def _cash(**other: Any) -> Cash:
    plain: dict[str, Any] = {
        "safes": 20, "banks": ("BANK1", "BANK2"), "deposits": 222,
        "credits": {"booked": 175, "file": 47}, "paid_at_once": 175, "paid_by_file": 9,
        "down": "BANK2", "down_minutes": 60, "down_deposits": 14, "down_minor": 2_789_700,
        "down_paid": ("A", "B"), "cut_safe": "S0002", "offline": 6, "told": 6,
        "offline_credits": {"booked": 5, "withheld": 1}, "waited": 13, "cut_off_minutes": 120,
        "swaps": 2, "counts": 2, "shifts_balanced": 20, "cases": (_CASE,),
        "receipt": Printed(safe="S0002", code="C", text="", pdf="")}
    return Cash(**{**plain, **other})


def test_the_stories_in_words() -> None:
    down, cut, case = stories(_cash())
    assert down == ("a bank down for 60 minutes", "BANK2",
                    "14 deposits, 27,897.00 EUR, waited for the night",
                    "2 payments of its file, each once in its books")
    assert cut[2:] == ("6 deposits taken; 13 messages waited for the line",
                       "6 told, each once: 5 credited at once, 1 withheld")
    assert case == ("a counterfeit note", "S0006",
                    "the count differs by -10.00 CHF: X1, to be reported by 2026-12-18",
                    ("office proposed, vault decided: -10.00 CHF booked as desk/206/81/custody/3, "
                     "taken off 20261120-CASH-1-D0000002"))
    assert ("deposits", "222", "175 credited at once, 47 by the night's files") in counted(_cash())


def test_what_is_not_booked_does_not_look_as_if() -> None:
    (_, _, waits), (_, _, taken) = (stories(_cash(cases=(msgspec.structs.replace(
        _CASE, **other),))) for other in ({"booked_as": "", "state": "decided"}, {"taken_off": ""}))
    assert waits[3] == "adjust decided"
    assert taken[3].endswith("taken off nothing yet")


@pytest.mark.parametrize(("taken_off", "credit", "fault"), [
    ("E1", "file", ""), ("", "file", "in a file"), ("E1", "night", "by night")])
def test_a_story_that_did_not_end_as_it_must_is_a_fault(
        taken_off: str, credit: str, fault: str) -> None:
    books = CashBooks()
    books.down, books.expected = "BANK2", {"difference": -1_000}
    rows: Any = [{"terminal_id": "S0004", "bank_id": "BANK2", "credit": credit, "currency": "EUR",
                  "business_date": date(2026, 11, 20), "journal_id": 1, "key": "k", "sequence": 1,
                  "amount_minor": 5_000, "state": "adjusted"}]
    books.deposits = rows
    items: Any = [{"key": "k", "end_to_end_id": "E1", "amount_minor": 0, "held": "nothing_due"}]
    books.items = items if credit == "file" else ()
    cases: Any = [{"kind": "difference", "state": "closed", "booked_minor": -1_000,
                   "end_to_end_id": taken_off}]
    books.cases = cases
    found = books.faults()
    assert (len(found), fault in "".join(found)) == (bool(fault), True)

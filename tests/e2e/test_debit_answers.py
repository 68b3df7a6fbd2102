"""What banks say of direct debits: refused before, given back after, reversed; the invoice is open.

The files are those of the night, and the bank is the house that reads them for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file
from terminals.house.ledger import House
from tests.e2e.clearing_day import BARE_FLEET, FLEET, NEXT, sql, wait
from tests.e2e.test_bank_answers import decide, waiting
from tests.e2e.test_collections import CREDITOR, IBAN, OTHER_IBAN, invoice, night, nights, scene
from tests.support import pain002

pytestmark = pytest.mark.invariant(11)

FIRST, SECOND = "20260724-FUEL-1-C0000001", "20260724-FUEL-1-C0000002"
FILE = "20260724-FUEL-1-COLLECT-EUR.1"
COLLECTED, NOW = "2026-07-28", "2026-07-28T18:00:00Z"
ACCOUNT = CREDITOR["iban"]


@pytest.fixture
def sent(database_url: str, tmp_path: Path) -> str:
    """Two nights; the second collects 123.45 and 50.00 by one file of two accounts."""
    scene(database_url, ("M-1", FLEET, "CORE", IBAN), ("M-2", BARE_FLEET, "CORE", OTHER_IBAN))
    invoice(database_url, "F-1", 12_345)
    invoice(database_url, "F-2", 5_000, account_id=BARE_FLEET)
    nights(database_url, tmp_path, 2)
    return database_url


def at_house(**more: object) -> House:
    return House({ACCOUNT: None}, **more)  # type: ignore[arg-type]


def take(house: House, database_url: str, out: Path) -> None:
    """The file, and what the house says of it."""
    path, = out.rglob("collections-*.xml")
    wait(tell_answer(database_url, house.take(path.read_bytes(), NOW)))


def say(house: House, database_url: str, day: str = COLLECTED) -> Mapping[str, int]:
    """Its statement of a day."""
    told, = wait(tell_file(database_url, house.statement(ACCOUNT, "EUR", day, f"{day}T19:00:00Z")))
    return told.outcomes


def books(database_url: str) -> dict[str, int]:
    return {row[0]: row[1] for row in sql(
        database_url, "SELECT code, sum(amount_minor)::int FROM ledger_entry GROUP BY code")
        if row[1]}


def kinds(database_url: str) -> list[tuple[str, str, str]]:
    """(reason, what it is called, the invoice) of what waits."""
    return [tuple(row) for row in sql(
        database_url, "SELECT reason, content ->> 'kind', content ->> 'about' "
                      "FROM clearing_exception WHERE state <> 'closed' ORDER BY subject")]


@pytest.mark.parametrize("batch", [False, True])
def test_what_is_collected_is_booked(batch: bool, sent: str, tmp_path: Path) -> None:
    house = at_house(batch=batch)
    take(house, sent, tmp_path)
    house.settle(COLLECTED)
    assert say(house, sent) == {"matched": 1 if batch else 2}
    night(sent, tmp_path, NEXT + timedelta(days=1))
    assert books(sent) == {"1000": 17_345, "1100": -17_345}
    assert waiting(sent) == []
    assert house.balance(ACCOUNT, "EUR") == 17_345


def test_a_refusal_leaves_the_invoice_open(sent: str, tmp_path: Path) -> None:
    house = at_house(refuse={FIRST: "MS02", SECOND: "AC04"})
    take(house, sent, tmp_path)
    assert kinds(sent) == [("debit_rejected", "refusal", "F-1"),
                           ("debit_rejected", "reject", "F-2")]
    night(sent, tmp_path, NEXT + timedelta(days=1))
    assert books(sent) == {}, "collected, and owed again"
    assert sql(sent, "SELECT state FROM file_state WHERE path LIKE '%collections%'")[0][0] == (
        "rejected")


def test_what_comes_back_opens_the_invoice_again(sent: str, tmp_path: Path) -> None:
    """One block in one sum; a refund and a reversal on days of their own."""
    house = at_house(batch=True)
    take(house, sent, tmp_path)
    house.settle(COLLECTED)
    house.give_back(FIRST, "MD06", "2026-07-29")
    house.give_back(SECOND, "", "2026-07-30", kind="reversal")
    for day in (COLLECTED, "2026-07-29", "2026-07-30"):
        say(house, sent, day)
    assert kinds(sent) == [("debit_returned", "refund", "F-1"),
                           ("debit_returned", "reversal", "F-2")]
    night(sent, tmp_path, NEXT + timedelta(days=1))
    assert books(sent) == {}
    decide(sent, FIRST, "write_off")
    night(sent, tmp_path, NEXT + timedelta(days=2))
    assert books(sent) == {"1100": -12_345, "5500": 12_345}


def test_a_block_that_is_refused_whole_lists_nothing(sent: str) -> None:
    wait(tell_answer(sent, pain002.report(
        FILE, pain002.block(f"{FILE}/1", status="RJCT", code="AM04"), kind="pain.008.001.08")))
    assert kinds(sent) == [("debit_rejected", "reject", "F-1"), ("debit_rejected", "reject", "F-2")]

"""Answers and statements in any order, with any repeats: the same facts, books and exceptions."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings

from authhost.embedded import Servers
from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, deposit, make_day, payment
from tests.support import pain002
from tests.support.answered import orders, state_of, tell_all
from tests.support.databases import fresh
from tests.support.statement import batch, entry, notice, returned, statement, transaction

pytestmark = pytest.mark.invariant(11)

CASH, PAYMENTS = "20260723-CASH-1", "20260723-PAYMENTS-1"
DEPOSITS, PAYOUTS = f"{CASH}-DEPOSITS-EUR", f"{PAYMENTS}-PAYOUTS-EUR"
IDS: Final = [f"{CASH}-D{number:07d}" for number in range(1, 5)]
PAYOUT = f"{PAYMENTS}-M0000001"


def rejected(name: str, *codes: tuple[str, str]) -> bytes:
    """Of the file of deposits, in part."""
    return pain002.report(DEPOSITS, pain002.block(DEPOSITS, "".join(
        pain002.transaction(identifier, "RJCT", code) for identifier, code in codes),
        status="PART"), status="PART", name=name)


# The bank contradicts itself wherever it can: what it has accepted it rejects, what it has
# rejected it books, for a passing cause and then for good; one file it books at once, less one.
MESSAGES: Final = (
    pain002.report(DEPOSITS, status="ACCP", name="A"),
    rejected("B", (IDS[0], "AM04"), (IDS[1], "AM04")),
    rejected("C", (IDS[1], "AC04"), (IDS[2], "AC01")),
    notice("D", entry(-4_000, transaction(IDS[3])), entry(-300, transaction(PAYOUT))),
    notice("E", entry(300, transaction(PAYOUT, more=returned("AC04"))),
           entry(-3_000, transaction(IDS[2]))),
    pain002.report(PAYOUTS, status="RJCT", code="AM04", name="F"),
    notice("G", entry(-300, batch(PAYOUTS, 1))),
    statement([entry(-4_000, transaction(IDS[3])), entry(-300, transaction(PAYOUT)),
               entry(300, transaction(PAYOUT, more=returned("AC04"))),
               entry(-1_000, transaction(IDS[0])),
               entry(1_000, transaction(IDS[0], more=returned("AC04")))],
              opening=0, closing=-4_000),
)


@pytest.fixture(scope="module")
def night(servers: Servers) -> Iterator[str]:
    """The name of a database with a night that has sent four credits and a payout."""
    with fresh(servers, "answered") as url, tempfile.TemporaryDirectory() as out:
        rows = [deposit(f"d{number}", 1_000 * number, terminal_id=f"SAFE{number}")
                for number in range(1, 5)]
        asyncio.run(make_day(url, [*rows, *payment("pay", 300)]))
        asyncio.run(clear(url, DAY, Path(out)))
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="module")
def expected(servers: Servers, night: str) -> dict[str, Any]:
    """What the messages come to, each told once."""
    return ended(servers, night, range(len(MESSAGES)))


def ended(servers: Servers, night: str, order: Sequence[int]) -> dict[str, Any]:
    """The end state after these messages and the next night."""
    with fresh(servers, "answers", night) as url, tempfile.TemporaryDirectory() as out:
        return asyncio.run(_ended(url, order, Path(out)))


async def _ended(url: str, order: Sequence[int], out: Path) -> dict[str, Any]:
    await tell_all(url, MESSAGES, order)
    await clear(url, NEXT, out)
    # The life of a file that its bank has booked and rejected ends where it was first.
    return await state_of(url, files="SELECT path, state FROM file_state "
                                     "WHERE path = 'bank/deposits-EUR.xml'")


def test_what_they_come_to(expected: dict[str, Any]) -> None:
    assert expected["exceptions"] == [
        ("batch_differs", PAYOUTS), ("credit_rejected", IDS[1]), ("credit_rejected", IDS[2]),
        ("credit_returned", IDS[0]), ("credit_returned", PAYOUT), ("paid_though_rejected", IDS[2])]
    assert {code: sum(row[2] for row in expected["books"] if row[0] == code)
            for code in ("1000", "1300", "2200", "2400")} == {
        "1000": -7_000, "1300": 3_000, "2200": -6_000, "2400": -300}


@settings(max_examples=12, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
@given(order=orders(len(MESSAGES)))
def test_any_order_with_any_repeats(order: list[int], servers: Servers, night: str,
                                    expected: dict[str, Any]) -> None:
    assert ended(servers, night, order) == expected

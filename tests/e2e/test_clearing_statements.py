"""A bank's statement against what was sent and who was debited: each once, and a case for what
differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from authhost.embedded import Servers
from authhost.safes.life import end_to_end_id
from clearing.camt053 import StatementError
from clearing.queries import connect
from clearing.run import clear
from clearing.statements import Compared, compare_statements, read_told
from tests.e2e.clearing_day import CLIENT, DAY, deposit, make_day, payment, sql, wait
from tests.support.after_payment import PaidShop
from tests.support.rig import running
from tests.support.statement import batch, entry, statement, transaction

FIRST, SECOND = "20260723-CASH-1-D0000001", "20260723-CASH-1-D0000002"
CASES = "SELECT account_id, amount_minor::int, content::text FROM cash_case ORDER BY case_id"


def tell(database_url: str, content: bytes) -> Compared:
    async def told() -> tuple[Compared, ...]:
        connection = await connect(database_url)
        try:
            return await compare_statements(connection, read_told(content), "test")
        finally:
            await connection.close()

    compared, = wait(told())
    return compared


def cases(database_url: str) -> list[tuple[Any, ...]]:
    """(what, account, minor units) of each case, all of kind 'compare'."""
    assert sql(database_url, "SELECT FROM cash_case WHERE kind <> 'compare'") == []
    return [(json.loads(row["content"])["what"], row["account_id"], row["amount_minor"])
            for row in sql(database_url, CASES)]


@pytest.fixture
def sent(database_url: str, tmp_path: Path) -> str:
    """A night with two credits, a payout and a credit at once, in euro."""
    rows = [deposit("one", 1_000), deposit("two", 2_500, terminal_id="SAFE2"),
            deposit("now", 400, life={"credit": "accepted"}), *payment("pay", 300)]
    wait(make_day(database_url, rows))
    wait(clear(database_url, DAY, tmp_path))
    return end_to_end_id(DAY, rows[2]["id"])


def all_of_it(instant: str) -> list[str]:
    return [entry(-3_500, transaction(FIRST, -1_000) + transaction(SECOND, -2_500)),
            entry(-400, transaction(instant)), entry(10_000),
            entry(-300, transaction("20260723-PAYMENTS-1-M0000001"))]


def test_everything_is_there(sent: str, database_url: str) -> None:
    content = statement(all_of_it(sent), opening=0, closing=5_800)
    told = tell(database_url, content)
    assert (told.outcomes, told.missing, told.cases) == ({"matched": 4, "incoming": 1}, 0, 0)
    assert cases(database_url) == []
    again = tell(database_url, content)
    assert (again.known, again.outcomes) == (True, {})
    later = statement([], opening=5_800, closing=5_800, reference="ST2", from_day="2026-07-24",
                      to_day="2026-07-30")
    assert tell(database_url, later).missing == 0
    assert sql(database_url, "SELECT count(*)::int FROM credit_seen")[0][0] == 4


def test_a_file_that_was_booked_at_once(sent: str, database_url: str) -> None:
    files = [entry(-3_500, batch("20260723-CASH-1-DEPOSITS-EUR", 2)),
             entry(-300, batch("20260723-PAYMENTS-1-PAYOUTS-EUR", 1)),
             entry(-400, transaction(sent))]
    told = tell(database_url, statement(files, opening=0, closing=-4_200))
    assert (told.outcomes, told.cases) == ({"matched": 3}, 0)
    twice = statement([entry(-3_500, batch("20260723-CASH-1-DEPOSITS-EUR", 2))], opening=-4_200,
                      closing=-7_700, reference="ST2", from_day="2026-07-24")
    assert tell(database_url, twice).outcomes == {"twice": 1}


def test_what_differs_is_a_case(sent: str, database_url: str) -> None:
    entries = [
        entry(-999, transaction(FIRST)), entry(-2_500, transaction(SECOND)),
        entry(-2_500, transaction(SECOND)), entry(-77, transaction("WHO-KNOWS")),
        entry(2_500, transaction(SECOND, more="<RtrInf/>")), entry(-400, transaction(sent)),
        entry(-300, batch("20260723-PAYMENTS-1-PAYOUTS-EUR", 2)), entry(-5)]
    told = tell(database_url, statement(entries, opening=0, closing=sum(
        (-999, -2_500, -2_500, -77, 2_500, -400, -300, -5))))
    assert told.outcomes == {"amount": 2, "matched": 2, "twice": 1, "unexpected": 2, "returned": 1}
    assert cases(database_url) == [
        ("amount", CLIENT, -999), ("twice", CLIENT, -2_500), ("unexpected", None, -77),
        ("unexpected", None, -5)]
    # What came back, and a file that was booked otherwise, are the clearing's exceptions.
    found = sql(database_url, "SELECT reason, subject FROM clearing_exception ORDER BY reason")
    assert list(map(tuple, found)) == [
        ("batch_differs", "20260723-PAYMENTS-1-PAYOUTS-EUR"), ("credit_returned", SECOND)]


def test_what_is_missing_is_a_case_once(sent: str, database_url: str) -> None:
    first = statement([entry(-400, transaction(sent))], opening=0, closing=-400)
    assert tell(database_url, first).missing == 0  # a payment of the 23rd has until the 26th
    later = statement([entry(-1_000, transaction(FIRST))], opening=-400, closing=-1_400,
                      reference="ST2", from_day="2026-07-24", to_day="2026-07-26")
    assert tell(database_url, later).missing == 2
    assert cases(database_url) == [("missing", CLIENT, 2_500), ("missing", 30, 300)]
    last = statement([entry(-2_500, transaction(SECOND))], opening=-1_400, closing=-3_900,
                     reference="ST3", from_day="2026-07-26", to_day="2026-07-27")
    told = tell(database_url, last)
    assert (told.missing, told.outcomes) == (0, {"matched": 1})
    found = sql(database_url, "SELECT event, why FROM case_change")
    assert [row["event"] for row in found] == ["found"]
    assert SECOND in found[0]["why"]


def test_another_account_misses_nothing(sent: str, database_url: str) -> None:
    other = statement([], opening=0, closing=0, iban="FR7630006000011234567890189",
                      from_day="2026-07-01", to_day="2026-07-30")
    assert tell(database_url, other).missing == 0


@pytest.mark.parametrize(("credit", "outcome"), [
    ("accepted", "matched"), ("unknown", "not_accepted"), ("refused", "not_accepted"),
    ("night", "not_accepted")])
def test_a_credit_at_once_before_its_night(credit: str, outcome: str, database_url: str) -> None:
    row = deposit("now", 400, life={"credit": credit})
    wait(make_day(database_url, [row]))
    told = tell(database_url, statement([entry(-400, transaction(end_to_end_id(DAY, row["id"])))],
                                        opening=0, closing=-400))
    assert told.outcomes == {outcome: 1}
    assert cases(database_url) == ([] if outcome == "matched" else [(outcome, CLIENT, -400)])


def test_a_gap_between_statements_is_a_case(database_url: str) -> None:
    wait(make_day(database_url, []))
    tell(database_url, statement([], opening=100, closing=100))
    next_day = (DAY + timedelta(days=1)).isoformat()
    tell(database_url, statement([], opening=90, closing=90, reference="ST2", from_day=next_day))
    assert cases(database_url) == [("gap", None, -10)]


def test_the_same_number_with_other_content(sent: str, database_url: str) -> None:
    tell(database_url, statement([], opening=100, closing=100))
    with pytest.raises(StatementError, match="ST1: was told before with other content"):
        tell(database_url, statement(all_of_it(sent), opening=0, closing=5_800))
    assert sql(database_url, "SELECT count(*)::int FROM bank_statement")[0][0] == 1


@pytest.mark.parametrize("identifier", ["D269999FF", "D260723FFFFFFFFFFFFFFFF", "D2607230",
                                        "20260723-CASH-1-D0000009"])
def test_an_id_that_was_never_sent(identifier: str, database_url: str) -> None:
    wait(make_day(database_url, []))
    told = tell(database_url, statement([entry(-400, transaction(identifier))], opening=0,
                                        closing=-400))
    assert told.outcomes == {"unexpected": 1}


@pytest.mark.parametrize("name", ["20269999-CASH-1-DEPOSITS-EUR", "20260723-CASH-1-DEPOSITS-EUR",
                                  "20260723-CASH-1-DEPOSITS-EUR-7", "FILE"])
def test_a_file_that_was_never_sent(name: str, database_url: str) -> None:
    wait(make_day(database_url, []))
    told = tell(database_url, statement([entry(-400, batch(name, 1))], opening=0, closing=-400))
    assert told.outcomes == {"unexpected": 1}


@pytest.fixture
def shop(servers: Servers) -> Iterator[PaidShop]:
    with running(servers) as rig:
        made = PaidShop(rig)
        yield made
        made.close()


def test_debits_and_refunds_are_there(shop: PaidShop) -> None:
    url = shop.rig.database_url
    asked = shop.paid(1_250)
    refund = shop.refund(asked, 400)["id"]
    shop.rig.run(shop.after.refund_paid(refund, "ACSC"))
    told = tell(url, statement([entry(1_250, transaction(f"P{asked.payment_id}")),
                                entry(-400, transaction(f"R{refund}"))], opening=0, closing=850))
    assert (told.outcomes, told.cases) == ({"matched": 2}, 0)
    assert cases(url) == []


def test_a_debit_that_came_though_its_payment_was_declined(shop: PaidShop) -> None:
    url = shop.rig.database_url
    phone = shop.phone()
    asked = shop.ask(phone)
    shop.say(asked, phone.word(asked.shown))
    shop.rig.run(shop.payments.failed(asked, phone.account_id, "NOOR", "timed_out"))
    told = tell(url, statement([entry(1_250, transaction(f"P{asked.payment_id}"))], opening=0,
                               closing=1_250))
    assert told.outcomes == {"not_accepted": 1}
    assert cases(url) == [("not_accepted", phone.account_id, 1_250)]


def test_a_debit_of_another_amount_and_twice(shop: PaidShop) -> None:
    url = shop.rig.database_url
    phone = shop.phone()
    asked = shop.paid(1_250, phone)
    name = f"P{asked.payment_id}"
    told = tell(url, statement([entry(1_200, transaction(name)), entry(1_250, transaction(name))],
                               opening=0, closing=2_450))
    assert told.outcomes == {"amount": 1, "twice": 1}
    assert cases(url) == [("amount", phone.account_id, 1_200), ("twice", phone.account_id, 1_250)]


def test_what_goes_the_other_way_under_a_debits_name(shop: PaidShop) -> None:
    url = shop.rig.database_url
    name = f"P{shop.paid(1_250).payment_id}"
    told = tell(url, statement([entry(-1_250, transaction(name))], opening=0, closing=-1_250))
    assert told.outcomes == {"unexpected": 1}
    assert cases(url) == [("unexpected", None, -1_250)]

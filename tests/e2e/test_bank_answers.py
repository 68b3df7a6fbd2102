"""Answers of banks against what a night has sent: matched, booked by the next run, never twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from authhost.admin.bank_answers import tell_answer
from clearing.answers.reports import Told
from clearing.camt053 import StatementError
from clearing.queries import connect
from clearing.run import clear
from clearing.statements import compare_statements, read_told
from tests.e2e.clearing_day import (
    CLIENT,
    DAY,
    MERCHANT,
    NEXT,
    deposit,
    make_day,
    payment,
    sql,
    wait,
)
from tests.support import pain002
from tests.support.statement import batch, entry, statement, transaction

pytestmark = pytest.mark.invariant(11)

FIRST, SECOND = "20260723-CASH-1-D0000001", "20260723-CASH-1-D0000002"
PAYOUT = "20260723-PAYMENTS-1-M0000001"
DEPOSITS, PAYOUTS = "20260723-CASH-1-DEPOSITS-EUR", "20260723-PAYMENTS-1-PAYOUTS-EUR"
LEDGER = ("SELECT code, sum(amount_minor)::int FROM ledger_entry WHERE code = ANY ($1) "
          "GROUP BY code ORDER BY code")


@pytest.fixture
def sent(database_url: str, tmp_path: Path) -> str:
    """A night with two credits of 10.00 and 25.00 and a payout of 3.00."""
    rows = [deposit("one", 1_000), deposit("two", 2_500, terminal_id="SAFE2"),
            *payment("pay", 300)]
    wait(make_day(database_url, rows))
    wait(clear(database_url, DAY, tmp_path))
    return database_url


def tell(database_url: str, content: bytes) -> Told:
    told, = wait(tell_answer(database_url, content))
    return told


def tell_statement(database_url: str, content: bytes) -> Mapping[str, int]:
    async def told() -> Mapping[str, int]:
        connection = await connect(database_url)
        try:
            compared, = await compare_statements(connection, read_told(content), "test")
            return compared.outcomes
        finally:
            await connection.close()

    return wait(told())


def books(database_url: str) -> dict[str, int]:
    """What is on 1000, 1300, 2200, 2400, 4900."""
    return {row[0]: row[1] for row in
            sql(database_url, LEDGER, ["1000", "1300", "2200", "2400", "4900"]) if row[1]}


def waiting(database_url: str) -> list[tuple[Any, ...]]:
    """(reason, subject) of each exception that is not closed."""
    return [tuple(row) for row in sql(
        database_url, "SELECT reason, subject FROM clearing_exception WHERE state <> 'closed' "
                      "ORDER BY reason, subject")]


def decide(database_url: str, subject: str, decision: str) -> None:
    """As two people do it; their desk is tested in test_clearing_exceptions.py."""
    sql(database_url,
        "WITH e AS (UPDATE clearing_exception SET state = 'decided', decision = $2, "
        "proposed_by = 'a', decided_by = 'b' WHERE subject = $1 AND state <> 'closed' RETURNING *) "
        "INSERT INTO exception_decision (exception_id, stream, reason, subject_kind, subject, "
        "decision, decided_by) SELECT exception_id, stream, reason, subject_kind, subject, $2, 'b' "
        "FROM e", subject, decision)


def test_an_accepted_file_waits_for_its_booking(sent: str, tmp_path: Path) -> None:
    told = tell(sent, pain002.report(DEPOSITS, status="ACCP", number=2, total="35.00"))
    assert (told.known, told.outcomes, told.exceptions) == (False, {"ACCP": 2}, 0)
    assert tell(sent, pain002.report(DEPOSITS, status="ACCP", number=2, total="35.00")).known
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1300": -3_800}
    assert waiting(sent) == []
    life = sql(sent, "SELECT state FROM file_event WHERE path LIKE 'bank/deposits-EUR.xml' "
                     "ORDER BY event_id")
    assert life[-1][0] == "accepted"


def test_a_rejected_credit_is_owed_again_and_paid_by_the_next_night(sent: str,
                                                                    tmp_path: Path) -> None:
    """AM04 passes: the next night tries again under another id, by itself."""
    told = tell(sent, pain002.report(DEPOSITS, pain002.block(
        DEPOSITS, pain002.transaction(FIRST, "RJCT", "AM04", "10.00"), status="PART"),
        status="PART", number=2, total="35.00"))
    assert told.outcomes == {"RJCT": 1}
    assert waiting(sent) == []
    wait(clear(sent, NEXT, tmp_path))
    again = "20260724-CASH-1-R0000001"
    assert [tuple(row) for row in sql(
        sent, "SELECT before_id, first_id, end_to_end_id, tries FROM clearing_again")] == [
        (FIRST, FIRST, again, 1)]
    assert sql(sent, "SELECT amount_minor::int, account_id FROM clearing_credit "
                     "WHERE end_to_end_id = $1 AND held = ''", again)[0][:] == (1_000, CLIENT)
    assert books(sent) == {"1300": -3_800}  # back and out again
    content = (tmp_path / "2026-07-24/cash/bank/deposits-EUR.xml").read_text()
    assert again in content
    assert FIRST not in content


def test_a_closed_account_waits_for_two_people(sent: str, tmp_path: Path) -> None:
    tell(sent, pain002.report(PAYOUTS, status="RJCT", code="AC04"))
    assert waiting(sent) == [("credit_rejected", PAYOUT)]
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1300": -3_500, "2400": -300}  # the merchant is owed it again
    assert sql(sent, "SELECT FROM clearing_credit WHERE end_to_end_id LIKE '%-R%'") == []
    decide(sent, PAYOUT, "retry")
    third = NEXT.replace(day=25)
    wait(clear(sent, third, tmp_path))
    assert books(sent) == {"1300": -3_800}
    assert waiting(sent) == []
    assert sql(sent, "SELECT account_id, purpose FROM clearing_credit WHERE end_to_end_id = $1",
               "20260725-PAYMENTS-1-R0000001")[0][:] == (MERCHANT, "merchant_payout")
    wait(clear(sent, third.replace(day=26), tmp_path))
    assert books(sent) == {"1300": -3_800}, "once"


def test_what_nobody_can_be_paid_is_income(sent: str, tmp_path: Path) -> None:
    tell(sent, pain002.report(PAYOUTS, status="RJCT", code="AC04"))
    decide(sent, PAYOUT, "write_off")
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1300": -3_500, "4900": -300}
    assert waiting(sent) == []


def test_a_statement_books_and_a_return_books_back(sent: str, tmp_path: Path) -> None:
    told = tell_statement(sent, statement(
        [entry(-1_000, transaction(FIRST)), entry(-2_500, transaction(SECOND)),
         entry(1_000, transaction(FIRST, more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"))],
        opening=0, closing=-2_500))
    assert told == {"matched": 2, "returned": 1}
    assert waiting(sent) == [("credit_returned", FIRST)]
    content = sql(sent, "SELECT content ->> 'reason', content ->> 'kind' FROM clearing_exception")
    assert content[0][:] == ("AC04", "return")
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1000": -2_500, "1300": -300, "2200": -1_000}
    assert sql(sent, "SELECT state FROM file_event WHERE path = 'bank/deposits-EUR.xml' "
                     "ORDER BY event_id DESC LIMIT 1")[0][0] == "reconciled"
    lines = (tmp_path / f"2026-07-24/cash/bookings/{CLIENT}-EUR.xml").read_text()
    assert "RETURN" in lines


def test_a_file_booked_in_one_sum_less_what_was_rejected(sent: str, tmp_path: Path) -> None:
    """The statement comes before the report that explains it."""
    told = tell_statement(sent, statement([entry(-2_500, batch(DEPOSITS, 1))], opening=0,
                                          closing=-2_500))
    assert told == {"amount": 1}
    assert waiting(sent) == [("batch_differs", DEPOSITS)]
    tell(sent, pain002.report(DEPOSITS, pain002.block(
        DEPOSITS, pain002.transaction(FIRST, "RJCT", "AC01")), status="PART"))
    assert waiting(sent) == [("credit_rejected", FIRST)]
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1000": -2_500, "1300": -300, "2200": -1_000}


def test_a_duplicate_books_nothing(sent: str, tmp_path: Path) -> None:
    tell(sent, pain002.report(DEPOSITS, status="RJCT", code="DUPL"))
    assert waiting(sent) == [("duplicate_told", DEPOSITS)]
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1300": -3_800}
    decide(sent, DEPOSITS, "reject")
    wait(clear(sent, NEXT.replace(day=25), tmp_path))
    assert books(sent) == {"1300": -300, "2200": -3_500}
    assert waiting(sent) == [("credit_rejected", FIRST), ("credit_rejected", SECOND)]


@pytest.mark.parametrize(("content", "message"), [
    (pain002.report("20260723-CASH-1-DEPOSITS-USD", status="ACCP"), "is no file of ours"),
    (pain002.report(DEPOSITS, status="ACCP", kind="pain.008.001.08"), "the file is a pain.001"),
    (pain002.report(DEPOSITS, status="ACCP", number=3), "OrgnlNbOfTxs 3, the file has 2"),
    (pain002.report(DEPOSITS, status="ACCP", total="35.01"), "the file comes to 3500"),
    (pain002.report(DEPOSITS, status="ACCP", bic="AGRIFRPP"), "told by AGRIFRPP, the file went"),
    (pain002.report(DEPOSITS, pain002.block(
        DEPOSITS, pain002.transaction(FIRST, "RJCT", "AC04", "10.01"))), "was sent as 1000 EUR"),
    (pain002.report(DEPOSITS, pain002.block(DEPOSITS, pain002.transaction("WHO", "RJCT"))),
     "none of its transactions is in the file"),
    (pain002.report(DEPOSITS, pain002.block("A", status="RJCT") + pain002.block("B",
                                                                             status="ACCP")),
     "OrgnlPmtInfId A is no block of the file"),
])
def test_what_is_foreign_is_refused_whole(content: bytes, message: str, sent: str) -> None:
    with pytest.raises(StatementError, match=message):
        tell(sent, content)
    for table in ("bank_answer", "bank_fact", "clearing_exception"):
        assert sql(sent, f"SELECT FROM {table}") == []


def test_the_same_number_with_other_content(sent: str) -> None:
    tell(sent, pain002.report(DEPOSITS, status="ACCP"))
    with pytest.raises(StatementError, match="told before with other content"):
        tell(sent, pain002.report(DEPOSITS, status="RJCT", code="AC04"))
    assert waiting(sent) == []


def test_an_order_that_is_not_in_the_file(sent: str) -> None:
    tell(sent, pain002.report(DEPOSITS, pain002.block(DEPOSITS, pain002.transaction(
        FIRST, "ACSC") + pain002.transaction("WHO-KNOWS", "RJCT", "AC04"))))
    assert waiting(sent) == [("unknown_order", "WHO-KNOWS")]


def test_paid_though_rejected_is_taken_back_by_a_decision(sent: str, tmp_path: Path) -> None:
    tell(sent, pain002.report(PAYOUTS, status="RJCT", code="AC04"))
    tell_statement(sent, statement([entry(-300, transaction(PAYOUT))], opening=0, closing=-300))
    assert waiting(sent) == [("credit_rejected", PAYOUT), ("paid_though_rejected", PAYOUT)]
    sql(sent, "UPDATE clearing_exception SET state = 'closed' WHERE reason = 'credit_rejected'")
    decide(sent, PAYOUT, "accept")
    wait(clear(sent, NEXT, tmp_path))
    assert books(sent) == {"1000": -300, "1300": -3_500}


def test_what_is_refused_and_then_comes_back_is_owed_once(sent: str, tmp_path: Path) -> None:
    """A night lies between: the refusal is booked, and then the bank books the payout and gives it
    back."""
    tell(sent, pain002.report(PAYOUTS, status="RJCT", code="AC04"))
    wait(clear(sent, NEXT, tmp_path))
    tell_statement(sent, statement(
        [entry(-300, transaction(PAYOUT)),
         entry(300, transaction(PAYOUT, more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"))],
        opening=0, closing=0))
    wait(clear(sent, NEXT.replace(day=25), tmp_path))
    assert books(sent) == {"1300": -3_500, "2400": -300}
    assert waiting(sent) == [("credit_returned", PAYOUT)]


def test_a_file_that_is_never_answered_is_said_once(sent: str, tmp_path: Path) -> None:
    for day in range(24, 32):
        wait(clear(sent, DAY.replace(day=day), tmp_path))
    assert waiting(sent) == [
        ("file_unanswered", DEPOSITS), ("file_unanswered", PAYOUTS),
        ("not_booked", DEPOSITS), ("not_booked", PAYOUTS)]
    tell(sent, pain002.report(DEPOSITS, status="ACCP"))
    assert ("file_unanswered", DEPOSITS) not in waiting(sent)

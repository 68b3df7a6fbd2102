"""What a bank says of payees' names in its pain.002: kept, and the next night looks at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.answers.names import outcome_of
from clearing.answers.pain002 import PENDING, Said
from clearing.run import clear
from tests.e2e.clearing_day import MERCHANT, NEXT, payment, sql, wait
from tests.e2e.test_bank_answers import (  # noqa: F401  # a fixture
    DEPOSITS,
    FIRST,
    PAYOUT,
    PAYOUTS,
    SECOND,
    decide,
    sent,
    tell,
    waiting,
)
from tests.support import pain002
from tests.support.own_books import more

pytestmark = pytest.mark.invariant(11)

CLIENT, SHOP = "Café Żółw & Co", "Flower shop"
KNOWN = ("SELECT name, outcome, bank_name, source FROM payee_verification "
         "ORDER BY verification_id")


def known(database_url: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in sql(database_url, KNOWN)]


def verified(about: str, *transactions: str, status: str, name: str = "V-1") -> bytes:
    return pain002.report(about, pain002.block(about, "".join(transactions)), status=status,
                          name=name)


@pytest.mark.parametrize(("status", "code", "outcome"), [
    ("RCVC", "", "match"), ("RVMC", "", "close_match"), ("RVNM", "", "no_match"),
    ("RVNA", "", "not_possible"), ("RJCT", "NMTC", "no_match"), ("PDNG", "CMTC", "close_match"),
    ("ACCP", "MTCH", "match"), ("ACCP", "NOAP", "not_possible"), ("RJCT", "AC04", ""),
    ("RVCM", "", "")])
def test_what_a_code_says_of_a_name(status: str, code: str, outcome: str) -> None:
    assert outcome_of(Said(status, code)) == outcome
    assert not status.startswith(("RV", "RC")) or status in PENDING


def test_whom_another_bank_does_not_know_the_next_night_holds(
        sent: str, tmp_path: Path) -> None:  # noqa: F811
    """Nothing is decided of the order itself: its bank waits, or goes on."""
    told = tell(sent, verified(PAYOUTS, pain002.transaction(PAYOUT, "RVNM"), status="RVCM"))
    assert told.outcomes == {"RVNM": 1}
    assert known(sent) == [(SHOP, "no_match", "", "pain.002 V-1")]
    assert sql(sent, "SELECT FROM bank_fact") == []
    life = sql(sent, "SELECT state, detail ->> 'payees' AS payees FROM file_event "
                     "WHERE path = 'bank/payouts-EUR.xml' ORDER BY event_id DESC")[0]
    assert tuple(life) == ("acknowledged", '{"no_match": 1}')
    more(sent, payment("pay-2", 400, business_date=NEXT))
    night = wait(clear(sent, NEXT, tmp_path))
    assert [(case.account_id, case.reason) for case in night.cases
            if case.kind == "merchant_payout"] == [(MERCHANT, "payee_name")]
    assert [reason for reason, _ in waiting(sent)] == ["payee_name"]


def test_all_of_a_file_is_said_in_one_word_and_once(sent: str) -> None:  # noqa: F811
    """Two credits of one payee; the same word again is no news, another is."""
    tell(sent, pain002.report(DEPOSITS, status="RCVC", name="V-1"))
    tell(sent, pain002.report(DEPOSITS, status="RCVC", name="V-2"))
    assert known(sent) == [(CLIENT, "match", "", "pain.002 V-1")]
    close = pain002.transaction(FIRST, "RVMC", "").replace(
        "</TxSts>", "</TxSts><StsRsnInf><AddtlInf>Cafe Zolw GmbH</AddtlInf></StsRsnInf>")
    tell(sent, verified(DEPOSITS, close, pain002.transaction(SECOND, "PDNG"), status="RVCM",
                        name="V-3"))
    assert known(sent)[1:] == [(CLIENT, "close_match", "Cafe Zolw GmbH", "pain.002 V-3")]


def test_who_was_refused_for_his_name_is_not_paid_again_so(
        sent: str, tmp_path: Path) -> None:  # noqa: F811
    tell(sent, verified(PAYOUTS, pain002.transaction(PAYOUT, "RJCT", "NMTC"), status="RJCT"))
    assert known(sent) == [(SHOP, "no_match", "", "pain.002 V-1")]
    assert waiting(sent) == [("credit_rejected", PAYOUT)]
    decide(sent, PAYOUT, "retry")
    wait(clear(sent, NEXT, tmp_path))
    assert [reason for reason, _ in waiting(sent)] == ["payee_name"]
    assert sql(sent, "SELECT held FROM clearing_credit WHERE end_to_end_id LIKE '%-R0000001'")[0][
        0] == "payee_name"

"""What a supplier is paid and a bank gives back: owed again, in the queue of its stream, paid once.

A courier is settled with by the night of cash, the dealer of a station by that of fuel.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from authhost.admin.bank_answers import tell_answer
from authhost.admin.bank_statements import tell_file
from terminals.house.ledger import House
from tests.e2e.clearing_day import DAY, NEXT, fuel, sql, wait
from tests.e2e.test_bank_answers import decide, waiting
from tests.e2e.test_own_papers import dealer
from tests.support.own_books import IBAN, SUPPLIER, balance, counted_stay, night, supplier

pytestmark = pytest.mark.invariant(11)

OPERATOR = "DE89370400440532013000"
MENDED = "AT611904300234573201"
THIRD = NEXT + timedelta(days=1)
BANK = ("INSERT INTO bank (bank_id, name, bic, rails) VALUES ('B1', 'Bank', 'GIBAATWWXXX', "
        "'[{\"currency\": \"EUR\", \"rail\": \"instant\", \"debtor\": {\"iban\": "
        "\"AT611904300234573201\", \"bic\": \"GIBAATWWXXX\"}}]')")


@pytest.fixture(params=["cash", "fuel"])
def stream(request: pytest.FixtureRequest, database_url: str) -> str:
    """A supplier who is owed something by the night of this stream; he has a bank of his own, as a
    client of safes has, and is paid from the operator's all the same."""
    if request.param == "cash":
        counted_stay(database_url)
        supplier(database_url, courier="C1")
    else:
        dealer(database_url, "purchase", [fuel("one", 41_357)])
    sql(database_url, BANK)
    sql(database_url, "UPDATE account SET bank_id = 'B1' WHERE account_id = $1", SUPPLIER)
    return str(request.param)


def payments(database_url: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in sql(
        database_url, "SELECT end_to_end_id, amount_minor::int, place_id, bank_id, held FROM "
                      "clearing_credit WHERE purpose = 'supplier_payment' ORDER BY run_id")]


def say(database_url: str, house: House, day: str) -> None:
    wait(tell_file(database_url, house.statement(OPERATOR, "EUR", day, f"{day}T19:00:00Z")))


def take(database_url: str, house: House, out: Path, stream: str, day: str) -> None:
    content = (out / day / stream / "bank/suppliers-EUR.xml").read_bytes()
    wait(tell_answer(database_url, house.take(content, f"{day}T18:00:00Z")))


def test_what_came_back_is_paid_again_when_people_say_so(stream: str, database_url: str,
                                                        tmp_path: Path) -> None:
    night(database_url, tmp_path)
    (first, minor, paper, *_), = payments(database_url)
    assert first == f"20260723-{stream.upper()}-1-U0000001"
    house = House({OPERATOR: None})
    take(database_url, house, tmp_path, stream, "2026-07-23")
    house.settle("2026-07-24")
    house.give_back(first, "AC04", "2026-07-24")
    say(database_url, house, "2026-07-24")
    assert [(*row,) for row in sql(
        database_url, "SELECT stream, reason, account_id, amount_minor::int, content ->> 'about' "
                      "FROM clearing_exception")] == [
        (stream, "credit_returned", SUPPLIER, minor, paper)]
    night(database_url, tmp_path, NEXT)
    assert (balance(database_url, "2450"), balance(database_url, "1300")) == (-minor, 0)
    assert balance(database_url, "1000") == 0
    assert len(payments(database_url)) == 1, "nothing by itself"
    decide(database_url, first, "retry")
    sql(database_url, "UPDATE account SET iban = $2 WHERE account_id = $1", SUPPLIER, MENDED)
    night(database_url, tmp_path, THIRD)
    again = f"20260725-{stream.upper()}-1-R0000001"
    assert payments(database_url)[1:] == [(again, minor, paper, "", "")]
    content = (tmp_path / "2026-07-25" / stream / "bank/suppliers-EUR.xml").read_text()
    assert (again in content, MENDED in content, first in content) == (True, True, False)
    take(database_url, house, tmp_path, stream, "2026-07-25")
    house.settle("2026-07-27")
    say(database_url, house, "2026-07-27")
    for days in (3, 4):
        night(database_url, tmp_path, DAY + timedelta(days=days))
    assert (balance(database_url, "2450"), balance(database_url, "1300")) == (0, 0)
    assert balance(database_url, "1000") == -minor == house.balance(OPERATOR, "EUR")
    assert len(payments(database_url)) == 2, "once"
    assert waiting(database_url) == []


def test_a_refused_one_is_not_owed_when_it_is_written_off(stream: str, database_url: str,
                                                         tmp_path: Path) -> None:
    night(database_url, tmp_path)
    (first, minor, *_), = payments(database_url)
    house = House({OPERATOR: None}, refuse={first: "AC01"})
    take(database_url, house, tmp_path, stream, "2026-07-23")
    decide(database_url, first, "write_off")
    night(database_url, tmp_path, NEXT)
    assert (balance(database_url, "2450"), balance(database_url, "4900")) == (0, -minor)
    assert sql(database_url, "SELECT iban FROM account WHERE account_id = $1",
               SUPPLIER)[0][0] == IBAN
    assert len(payments(database_url)) == 1


def test_for_a_passing_cause_it_is_paid_by_the_next_night(stream: str, database_url: str,
                                                         tmp_path: Path) -> None:
    night(database_url, tmp_path)
    (first, minor, paper, *_), = payments(database_url)
    house = House({OPERATOR: None}, refuse={first: "AM04"})
    take(database_url, house, tmp_path, stream, "2026-07-23")
    night(database_url, tmp_path, NEXT)
    assert payments(database_url)[1:] == [
        (f"20260724-{stream.upper()}-1-R0000001", minor, paper, "", "")]
    assert (balance(database_url, "2450"), balance(database_url, "1300")) == (0, -minor)

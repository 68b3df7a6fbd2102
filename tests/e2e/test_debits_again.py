"""What came back is collected again: by two people's decision, under a new id, never twice at once.

The bank is the house that reads the files for itself.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from authhost.admin.access import Actor
from authhost.admin.bank_answers import tell_answer
from authhost.admin.clearing_exceptions import Settled, Suggested, Wanted
from authhost.admin.refusals import Conflict, Forbidden
from terminals.house.ledger import House
from tests.e2e.clearing_day import DAY, FLEET, sql, tree, wait
from tests.e2e.test_bank_answers import decide, waiting
from tests.e2e.test_clearing_exceptions import desk
from tests.e2e.test_collections import (
    CREDITOR,
    IBAN,
    MANDATE,
    OTHER_IBAN,
    SPACE,
    collected,
    invoice,
    night,
    nights,
    scene,
    text,
)
from tests.e2e.test_debit_answers import COLLECTED, NOW, at_house, books, say

pytestmark = pytest.mark.invariant(11)

FIRST = "20260724-FUEL-1-C0000001"
ACCOUNT = CREDITOR["iban"]
DEBITS = ("SELECT end_to_end_id, before_id, amount_minor::int, sequence_type, mandate_id, held "
          "FROM clearing_debit ORDER BY run_id, end_to_end_id")


@pytest.fixture
def sent(database_url: str, tmp_path: Path) -> str:
    """Two nights; the second collects 123.45."""
    scene(database_url)
    invoice(database_url, "F-1", 12_345)
    nights(database_url, tmp_path, 2)
    return database_url


def again(number: int) -> str:
    """The id of the one that the night so many days after DAY collects."""
    return f"{DAY + timedelta(days=number):%Y%m%d}-FUEL-1-C0000001"


def refuse(database_url: str, out: Path, code: str = "AM04", *also: str) -> House:
    """The house refuses the debit, and those that follow it, before they are booked."""
    house = at_house(refuse=dict.fromkeys((FIRST, *also), code))
    path, = out.rglob("collections-*.xml")
    wait(tell_answer(database_url, house.take(path.read_bytes(), NOW)))
    return house


def give_back(database_url: str, out: Path, code: str = "AM04") -> House:
    """The house books it, and a day later gives it back."""
    house = at_house()
    path, = out.rglob("collections-*.xml")
    wait(tell_answer(database_url, house.take(path.read_bytes(), NOW)))
    house.settle(COLLECTED)
    say(house, database_url)
    house.give_back(FIRST, code, "2026-07-29")
    say(house, database_url, "2026-07-29")
    return house


def until(database_url: str, out: Path, number: int) -> None:
    """The nights to the one so many days after DAY."""
    opened = sql(database_url, "SELECT fuel_date FROM rules")[0][0]
    for days in range((opened - DAY).days, number + 1):
        night(database_url, out, DAY + timedelta(days=days))


def debits(database_url: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in sql(database_url, DEBITS)]


def test_two_people_have_it_collected_again(sent: str, tmp_path: Path) -> None:
    """The whole way, from the refusal to the money: told anew, booked once, paid."""
    house = refuse(sent, tmp_path)

    async def work(queue):  # type: ignore[no-untyped-def]
        anna, bert = Actor("anna", "administrator", 1), Actor("bert", "administrator", 2)
        (row,), _ = await queue.listed(anna, Wanted(reason="debit_rejected"), "", 10)
        number = row["exception_id"]
        assert {way["decision"] for way in (await queue.read(anna, number))["decisions"]} == {
            "retry", "write_off", "accept"}
        await queue.propose(anna, number, Suggested(decision="retry", note="has money again"))
        return await queue.decide(bert, number, Settled(approve=True, decision="retry"))

    assert desk(sent, work)["state"] == "decided"
    until(sent, tmp_path, 3)
    assert debits(sent) == [(FIRST, "", 12_345, "FRST", "M-1", ""),
                            (again(2), FIRST, 12_345, "FRST", "M-1", "")]
    assert waiting(sent) == []
    assert books(sent) == {"1300": 12_345, "1100": -12_345}
    told, = csv.DictReader(
        (tmp_path / "2026-07-25/fuel/bank/notices.csv").read_text().splitlines())
    assert (told["invoice"], told["amount"], told["collect_on"]) == (
        "F-1", "123.45", "2026-07-28"), "in three days"
    path, = (tmp_path / "2026-07-25").rglob("collections-*.xml")
    wait(tell_answer(sent, house.take(path.read_bytes(), NOW)))
    house.settle(COLLECTED)
    assert say(house, sent) == {"matched": 1}
    until(sent, tmp_path, 4)
    assert books(sent) == {"1000": 12_345, "1100": -12_345}
    assert house.balance(ACCOUNT, "EUR") == 12_345


def test_after_settlement_the_mandate_is_used(sent: str, tmp_path: Path) -> None:
    house = give_back(sent, tmp_path)
    until(sent, tmp_path, 6)
    assert books(sent) == {}
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, 7)
    assert debits(sent)[1:] == [(again(7), FIRST, 12_345, "RCUR", "M-1", "")]
    # And once more: each names the one before.
    path, = (tmp_path / "2026-07-30").rglob("collections-*.xml")
    wait(tell_answer(sent, house.take(path.read_bytes(), NOW)))
    house.settle("2026-08-04")
    house.give_back(again(7), "AM04", "2026-08-04")
    say(house, sent, "2026-08-04")
    decide(sent, again(7), "retry")
    until(sent, tmp_path, 8)
    assert debits(sent)[2:] == [(again(8), again(7), 12_345, "RCUR", "M-1", "")]
    assert [row[0] for row in sql(sent, "SELECT tries FROM clearing_again ORDER BY tries")] == [
        1, 2]


@pytest.mark.parametrize(("kind", "column"), [("OOFF", "one_off"), ("FNAL", "is_last")])
def test_a_last_one_may_be_repeated_before_settlement_alone(kind: str, column: str,
                                                            database_url: str,
                                                            tmp_path: Path) -> None:
    scene(database_url)
    sql(database_url, f"UPDATE mandate SET {column} = true")
    invoice(database_url, "F-1", 12_345)
    nights(database_url, tmp_path, 2)
    house = refuse(database_url, tmp_path)
    decide(database_url, FIRST, "retry")
    until(database_url, tmp_path, 2)
    assert debits(database_url)[1:] == [(again(2), FIRST, 12_345, kind, "M-1", "")]
    path, = (tmp_path / "2026-07-25").rglob("collections-*.xml")
    wait(tell_answer(database_url, house.take(path.read_bytes(), NOW)))
    house.settle(COLLECTED)
    house.give_back(again(2), "AM04", COLLECTED)
    say(house, database_url)
    decide(database_url, again(2), "retry")
    until(database_url, tmp_path, 3)
    assert waiting(database_url) == [("collection_mandate_used", "F-1")]


def test_credit_notes_are_taken_off_what_is_collected_again(sent: str, tmp_path: Path) -> None:
    """Also one that covers it whole: then there is nothing left to collect."""
    house = refuse(sent, tmp_path, "AM04", again(2))
    decide(sent, FIRST, "retry")
    invoice(sent, "G-1", -345)
    until(sent, tmp_path, 2)
    assert debits(sent)[1:] == [(again(2), FIRST, 12_000, "FRST", "M-1", "")]
    path, = (tmp_path / "2026-07-25").rglob("collections-*.xml")
    wait(tell_answer(sent, house.take(path.read_bytes(), NOW)))
    decide(sent, again(2), "retry")
    invoice(sent, "G-2", -15_000)
    until(sent, tmp_path, 4)
    assert debits(sent)[2:] == [(again(3), again(2), 0, "FRST", "M-1", "netted")]
    assert sql(sent, "SELECT sum(amount_minor)::int FROM debit_netting")[0][0] == 12_345
    assert books(sent) == {}


def test_an_ended_mandate_collects_nothing_before_there_is_another(sent: str,
                                                                   tmp_path: Path) -> None:
    refuse(sent, tmp_path, "AC04")
    assert tuple(sql(sent, "SELECT status, ended_by FROM mandate")[0]) == ("cancelled", "AC04")
    assert sql(sent, "SELECT content ->> 'ends' FROM clearing_exception")[0][0] == "account"
    assert sql(sent, "SELECT what FROM audit WHERE subject = 'mandate/M-1'")[0][0] == (
        "ended by its bank")
    with pytest.raises(asyncpg.CheckViolationError, match="mandate_status_ended"):
        sql(sent, "UPDATE mandate SET status = 'active'")
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, 3)
    assert len(collected(tmp_path)) == 1
    assert waiting(sent) == [("collection_mandate_cancelled", "F-1")]
    sql(sent, MANDATE, "M-2", FLEET, "CORE", OTHER_IBAN)
    until(sent, tmp_path, 5)
    assert [(row[0], row[1], *row[3:]) for row in debits(sent) if not row[5]][1:] == [
        (again(4), FIRST, "FRST", "M-2", "")]


@pytest.mark.parametrize(("code", "status"), [("AC04", "active"), ("MD01", "cancelled"),
                                              ("AM04", "active")])
def test_a_closed_account_ends_no_mandate_that_has_moved(code: str, status: str, sent: str,
                                                         tmp_path: Path) -> None:
    """He has told us his new account before his old bank says that the old one is closed."""
    sql(sent, "UPDATE mandate SET iban = $1", OTHER_IBAN)
    refuse(sent, tmp_path, code)
    assert sql(sent, "SELECT status FROM mandate")[0][0] == status


def test_what_is_booked_after_all_is_not_collected_again(sent: str, tmp_path: Path) -> None:
    """Refused, decided, and held for its mandate; then the bank books the first one after all."""
    refuse(sent, tmp_path)
    sql(sent, "UPDATE mandate SET status = 'suspended'")
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, 2)
    house = at_house()
    path, = tmp_path.rglob("collections-*.xml")
    house.take(path.read_bytes(), NOW)
    house.settle(COLLECTED)
    say(house, sent)
    sql(sent, "UPDATE mandate SET status = 'active'")
    until(sent, tmp_path, 3)
    assert len(collected(tmp_path)) == 1
    assert ("paid_though_rejected", FIRST) in waiting(sent)
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, 4)
    assert len(collected(tmp_path)) == 1, "nor where people say so"


def withdraw(database_url: str, reason: str = "collection_mandate_suspended") -> None:
    """Two people say that it is not collected again after all."""
    async def work(queue):  # type: ignore[no-untyped-def]
        anna, bert = Actor("anna", "administrator", 1), Actor("bert", "administrator", 2)
        (row,), _ = await queue.listed(anna, Wanted(reason=reason), "", 10)
        number = row["exception_id"]
        assert {way["decision"] for way in (await queue.read(anna, number))["decisions"]} == {
            "withdraw", "accept"}
        await queue.propose(anna, number, Suggested(decision="withdraw", note="pays by transfer"))
        with pytest.raises(Forbidden):
            await queue.decide(anna, number, Settled(approve=True, decision="withdraw"))
        return await queue.decide(bert, number, Settled(approve=True, decision="withdraw"))

    assert desk(database_url, work)["state"] == "decided"


@pytest.mark.parametrize(("came_back", "reason", "last"), [
    (refuse, "debit_rejected", 2), (give_back, "debit_returned", 6)])
def test_what_waits_for_a_mandate_is_withdrawn(came_back: Callable[[str, Path], House],
                                               reason: str, last: int, sent: str,
                                               tmp_path: Path) -> None:
    """The debt is where a person decides again; what he decides then is booked once."""
    came_back(sent, tmp_path)
    sql(sent, "UPDATE mandate SET status = 'suspended'")
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, last)
    assert waiting(sent) == [("collection_mandate_suspended", "F-1")]
    assert books(sent) == {}, "as if it had never been collected"
    withdraw(sent)
    until(sent, tmp_path, last + 1)
    assert waiting(sent) == [(reason, FIRST)]
    # A mandate that is active again changes nothing: nobody has said that it is collected.
    sql(sent, "UPDATE mandate SET status = 'active'")
    until(sent, tmp_path, last + 2)
    assert (len(collected(tmp_path)), waiting(sent)) == (1, [(reason, FIRST)])
    assert books(sent) == {}
    decide(sent, FIRST, "write_off")
    until(sent, tmp_path, last + 4)
    assert (len(collected(tmp_path)), waiting(sent)) == (1, [])
    assert books(sent) == {"1100": -12_345, "5500": 12_345}


def withdrawn(sent: str, out: Path) -> None:
    """A retry that has waited for its mandate, and that people have taken back since."""
    refuse(sent, out)
    sql(sent, "UPDATE mandate SET status = 'suspended'")
    decide(sent, FIRST, "retry")
    until(sent, out, 2)
    withdraw(sent)


def test_what_was_withdrawn_may_be_collected_again_after_all(sent: str, tmp_path: Path) -> None:
    withdrawn(sent, tmp_path)
    until(sent, tmp_path, 3)
    sql(sent, "UPDATE mandate SET status = 'active'")
    decide(sent, FIRST, "retry")
    until(sent, tmp_path, 4)
    assert debits(sent)[-1] == (again(4), FIRST, 12_345, "FRST", "M-1", "")


def test_a_first_collection_is_not_withdrawn(database_url: str, tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 12_345)
    night(database_url, tmp_path, DAY)
    sql(database_url, "UPDATE mandate SET status = 'suspended'")
    until(database_url, tmp_path, 1)
    assert waiting(database_url) == [("collection_mandate_suspended", "F-1")]
    with pytest.raises(Conflict, match="nothing waits to be collected again"):
        withdraw(database_url)


def test_what_was_collected_meanwhile_is_not_withdrawn(sent: str, tmp_path: Path) -> None:
    withdrawn(sent, tmp_path)
    # As if another night had been faster than this decision.
    sql(sent, "UPDATE clearing_again SET run_id = 'other', end_to_end_id = 'other'")
    until(sent, tmp_path, 3)
    assert waiting(sent) == []
    assert tuple(sql(sent, "SELECT due, run_id FROM clearing_again")[0]) == (True, "other")


def test_the_database_collects_nothing_again_that_may_still_be_paid(sent: str,
                                                                   tmp_path: Path) -> None:
    copy = ("INSERT INTO clearing_debit SELECT (d).* FROM (SELECT jsonb_populate_record(d, "
            "jsonb_build_object('end_to_end_id', $1::text, 'before_id', $2::text)) AS d "
            "FROM clearing_debit d WHERE end_to_end_id = $2) x")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="has not come back"):
        sql(sent, copy, "X-1", FIRST)
    refuse(sent, tmp_path)
    sql(sent, copy, "X-1", FIRST)
    with pytest.raises(asyncpg.UniqueViolationError, match="clearing_debit_once"):
        sql(sent, copy, "X-2", FIRST)


def test_a_repeat_makes_the_same_bytes(sent: str, tmp_path: Path) -> None:
    until(sent, tmp_path, 5)
    give_back(sent, tmp_path)
    decide(sent, FIRST, "retry")
    for run in ("first", "second"):
        night(sent, tmp_path / run, DAY + timedelta(days=6))
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    one, = collected(tmp_path / "first")
    assert (text(one, "PmtId/EndToEndId"), text(one, "DbtrAcct/Id/IBAN")) == (again(6), IBAN)
    assert one.getparent().findtext("p:PmtTpInf/p:SeqTp", "", SPACE) == "RCUR"

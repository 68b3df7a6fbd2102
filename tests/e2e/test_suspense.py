"""Captures that nobody could be invoiced for: they wait, and come out as two people say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from authhost.admin.access import Actor
from authhost.admin.clearing_exceptions import ClearingExceptions, Settled, Suggested, Wanted
from authhost.admin.refusals import Conflict, Invalid, Moved
from authhost.states import State
from clearing.engine.tolerance import Matching
from clearing.errors import ClearingError
from clearing.nights import fuel as fuel_night
from clearing.run import clear
from clearing.settings import load_settings
from tests.e2e.clearing_day import (
    BARE_FLEET,
    CLIENT,
    DAY,
    FLEET,
    NEXT,
    Row,
    deposit,
    fuel,
    insert,
    lines_of,
    make_day,
    read_invoices,
    reversal,
    row,
    sql,
    tree,
    wait,
)
from tests.e2e.test_own_papers import dealer
from tests.support.own_books import SUPPLIER, documents

ANNA, BERT = Actor("anna", "administrator", 1), Actor("bert", "administrator", 2)
THIRD = NEXT + timedelta(days=1)
SUSPENSE = msgspec.structs.replace(load_settings(), matching=Matching(unmatched="suspense"))
pytestmark = pytest.mark.invariant(11)


def captured(key: str, posted: int, **other: Any) -> Row:
    """Diesel that was pumped, and no authorization is known of."""
    return {**fuel(key, posted, **{"approval_code": "", **other}), "kind": "completion"}


def night(database_url: str, out: Path, day: date, rows: Iterable[Row] = (), **other: Any) -> None:
    """Rows come, and their day is cleared."""
    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        await insert(connection, rows)
        await connection.close()
        await clear(database_url, day, out, SUSPENSE, streams=("fuel",), **other)

    wait(run())


def first_night(database_url: str, out: Path, *rows: Row) -> None:
    wait(make_day(database_url, rows))
    night(database_url, out, DAY)


def books(database_url: str) -> dict[str, int]:
    """Balances of the accounts of the chart that are not even; debits are positive."""
    rows = sql(database_url, "SELECT code, sum(amount_minor)::int AS minor FROM ledger_entry "
                             "GROUP BY code HAVING sum(amount_minor) <> 0 ORDER BY code")
    return {row["code"]: row["minor"] for row in rows}


def owed(database_url: str) -> tuple[int, ...]:
    """By fleets, in suspense, and to stations."""
    found = books(database_url)
    return tuple(found.get(code, 0) for code in ("1100", "1900", "2100"))


def queue(database_url: str, state: str = "") -> list[dict[str, Any]]:
    """What waits for a person, the oldest first."""
    async def run() -> list[dict[str, Any]]:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
            rows, _ = await ClearingExceptions(pool).listed(ANNA, Wanted(state=state), "", 100)
            return rows[::-1]

    return wait(run())


def propose(database_url: str, number: int, decision: str, target: str = "") -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
            return await ClearingExceptions(pool).propose(ANNA, number, Suggested(
                decision=decision, note="looked into", target=target))  # type: ignore[arg-type]

    return wait(run())


def approve(database_url: str, number: int, decision: str, target: str = "") -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
            return await ClearingExceptions(pool).decide(BERT, number, Settled(
                approve=True, decision=decision, target=target))

    return wait(run())


def decide(database_url: str, decision: str, target: str = "", subject: str = "loose") -> int:
    """Two people say what becomes of it."""
    number: int = next(one["exception_id"] for one in queue(database_url)
                       if one["subject"] == subject)
    propose(database_url, number, decision, target)
    approve(database_url, number, decision, target)
    return number


def authorize(database_url: str, key: str = "hold", state: State = State.HOLD,
              **other: Any) -> None:
    """An authorization of before, with its claim."""
    held = {**row("preauthorization", key, 0, amount_minor=9_000, **other)}

    async def run() -> None:
        connection = await asyncpg.connect(database_url)
        await insert(connection, [held])
        await connection.execute(
            "INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state) "
            "VALUES ($1, '', 'json', $2, $3, $4)", key, held["business_date"], held["id"], state)
        await connection.close()

    wait(run())


def receipts(out: Path, day: date) -> list[tuple[str, ...]]:
    """The lines of a day's invoices."""
    return [line for invoice in read_invoices(out / day.isoformat())
            for line in lines_of(invoice, "receipt", "gross", "corrects")]


def test_it_waits_and_nobody_is_invoiced(database_url: str, tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000), fuel("sale", 1_200))
    found = books(database_url)
    assert (found["1100"], found["1900"], found["2100"]) == (1_200, 5_000, -6_200)
    assert receipts(tmp_path, DAY) == [("sale", "12.00", "")]
    one, = queue(database_url)
    assert (one["reason"], one["subject_kind"], one["subject"], one["amount_minor"],
            one["state"]) == ("no_authorization", "suspense", "loose", 5_000, "open")
    cases = json.loads((tmp_path / DAY.isoformat() / "fuel" / "cases.json").read_bytes())
    assert [(case["reference"], case["reason"]) for case in cases] == [
        ("loose", "no_authorization")]


def test_what_is_accepted_is_invoiced_by_the_next_night(database_url: str, tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000))
    number = decide(database_url, "accept")
    closed = tree(tmp_path / DAY.isoformat())
    before = sql(database_url, "SELECT * FROM ledger_entry ORDER BY run_id, transaction, line")
    night(database_url, tmp_path, NEXT)
    found = books(database_url)
    assert (found["1100"], found.get("1900", 0), found["2100"]) == (5_000, 0, -5_000)
    assert receipts(tmp_path, NEXT) == [("loose", "50.00", "")]
    one = queue(database_url, "closed")[0]
    assert (one["exception_id"], one["decision"]) == (number, "accept")
    # The closed day is as it was, to the byte and to the line.
    assert tree(tmp_path / DAY.isoformat()) == closed
    assert sql(database_url, "SELECT * FROM ledger_entry WHERE run_id = $1 "
               "ORDER BY run_id, transaction, line", f"{DAY}/fuel/1") == before
    night(database_url, tmp_path, THIRD)
    assert books(database_url) == found, "it comes out once"
    assert receipts(tmp_path, THIRD) == []
    with pytest.raises(Conflict, match="it is closed"):
        propose(database_url, number, "write_off")


def test_a_repeat_of_the_night_makes_the_same_bytes(database_url: str, tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000))
    decide(database_url, "accept")
    night(database_url, tmp_path / "once", NEXT)
    night(database_url, tmp_path / "again", NEXT)
    assert tree(tmp_path / "once" / NEXT.isoformat()) == tree(tmp_path / "again" / NEXT.isoformat())
    night(database_url, tmp_path / "first", DAY)  # of a day that is closed nothing comes out
    assert tree(tmp_path / "first" / DAY.isoformat()) == tree(tmp_path / DAY.isoformat())


def test_a_match_is_its_authorizations(database_url: str, tmp_path: Path) -> None:
    """Nobody knew whose card it was; the authorization says it."""
    first_night(database_url, tmp_path, captured("loose", 5_000, account_id=None))
    authorize(database_url, business_date=NEXT)
    number = queue(database_url)[0]["exception_id"]
    propose(database_url, number, "match", "hold")
    with pytest.raises(Moved, match="what is proposed is 'hold'"):
        approve(database_url, number, "match", "another")
    assert approve(database_url, number, "match", "hold")["target"] == "hold"
    night(database_url, tmp_path, NEXT)
    owed = sql(database_url, "SELECT account_id, sum(amount_minor)::int AS minor FROM ledger_entry "
                             "WHERE code = '1100' GROUP BY 1")
    assert [tuple(one) for one in owed] == [(FLEET, 5_000)]
    assert receipts(tmp_path, NEXT) == [("loose", "50.00", "")]


def test_what_is_no_authorization_of_it(database_url: str, tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000), captured("other", 700))
    authorize(database_url, "dinar", business_date=NEXT, currency="RSD")
    authorize(database_url, "clients", business_date=NEXT, account_id=CLIENT)
    authorize(database_url, "hold", business_date=NEXT, account_id=BARE_FLEET)
    first, second = (one["exception_id"] for one in queue(database_url))
    for target, says in (("never", "is no authorization"), ("", "is no authorization"),
                         ("clients", "of a fleet"), ("dinar", "is in RSD")):
        with pytest.raises(Invalid, match=says):
            propose(database_url, first, "match", target)
    with pytest.raises(Invalid, match="only a match"):
        propose(database_url, first, "accept", "hold")
    authorize(database_url, "captured", State.COMPLETED, business_date=NEXT)
    with pytest.raises(Conflict, match="another capture has completed it"):
        propose(database_url, first, "match", "captured")
    propose(database_url, first, "match", "hold")
    with pytest.raises(Conflict, match=f"exception {first} was matched with it"):
        propose(database_url, second, "match", "hold")


def test_its_own_capture_is_no_other(database_url: str, tmp_path: Path) -> None:
    """It had ended before it was captured: the capture has completed it, and needs a person."""
    first_night(database_url, tmp_path, captured("loose", 5_000, original_key="hold"))
    authorize(database_url, "hold", State.COMPLETED, business_date=NEXT)
    decide(database_url, "match", "hold")
    night(database_url, tmp_path, NEXT)
    assert receipts(tmp_path, NEXT) == [("loose", "50.00", "")]


@pytest.mark.parametrize(("held_on", "day"), [(NEXT, NEXT), (NEXT, THIRD), (THIRD, THIRD)])
def test_an_authorization_that_people_gave_away_covers_no_other(
        database_url: str, tmp_path: Path, held_on: date, day: date) -> None:
    """A capture that names it afterwards waits for a person: on the night that carries the
    decision out, or later; also where it was held after the day of that night."""
    first_night(database_url, tmp_path, captured("loose", 5_000))
    authorize(database_url, business_date=held_on)
    decide(database_url, "match", "hold")
    if day == THIRD:
        night(database_url, tmp_path, NEXT)
    night(database_url, tmp_path, day, [captured("named", 700, original_key="hold",
                                                 business_date=day)])
    one, = queue(database_url)
    assert (one["reason"], one["subject"]) == ("authorization_expired", "named")
    assert owed(database_url) == (5_000, 700, -5_700)
    held, = sql(database_url, "SELECT place FROM placement JOIN journal ON id = journal_id "
                              "WHERE key = 'hold'")
    assert held["place"] == "cleared"
    assert sql(database_url, "SELECT FROM placement_waiting") == []


def test_what_was_captured_since_it_was_proposed_is_not_matched(database_url: str,
                                                                tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000))
    authorize(database_url, business_date=NEXT)
    number = queue(database_url)[0]["exception_id"]
    propose(database_url, number, "match", "hold")
    sql(database_url, "UPDATE claim SET state = $1 WHERE key = 'hold'", State.COMPLETED)
    with pytest.raises(Conflict, match="another capture has completed it"):
        approve(database_url, number, "match", "hold")


def test_what_is_closed_lets_go_of_the_authorization(database_url: str, tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    first_night(database_url, tmp_path, loose, captured("other", 700))
    authorize(database_url, business_date=NEXT)
    numbers = {one["subject"]: one["exception_id"] for one in queue(database_url)}
    propose(database_url, numbers["loose"], "match", "hold")
    night(database_url, tmp_path, NEXT, [reversal(loose, -5_000, business_date=NEXT)])
    assert [one["subject"] for one in queue(database_url)] == ["other"]
    propose(database_url, numbers["other"], "match", "hold")


@pytest.mark.parametrize(("decision", "code"), [("charge_back", "2100"), ("write_off", "5600")])
def test_what_is_refused_is_the_stations_or_a_loss(decision: str, code: str, database_url: str,
                                                   tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    first_night(database_url, tmp_path, loose)
    decide(database_url, decision)
    night(database_url, tmp_path, NEXT)
    expected = {} if code == "2100" else {"2100": -5_000, code: 5_000}
    assert books(database_url) == expected
    assert receipts(tmp_path, NEXT) == []
    # What the station gives back of it afterwards follows it: nothing stays in suspense.
    night(database_url, tmp_path, THIRD, [reversal(loose, -2_000, business_date=THIRD)])
    assert books(database_url) == ({} if code == "2100" else {"2100": -3_000, code: 3_000})
    assert receipts(tmp_path, THIRD) == []


def test_a_charge_back_is_taken_off_the_dealers_statement(database_url: str,
                                                          tmp_path: Path) -> None:
    loose = captured("loose", 9_000)
    dealer(database_url, "purchase", [loose, fuel("sale", 41_357)])
    night(database_url, tmp_path, DAY)
    decide(database_url, "charge_back")
    night(database_url, tmp_path, NEXT, [fuel("new", 20_000, business_date=NEXT)])
    first, second = documents(database_url, "self_billed")
    assert first.payable_minor == 41_357 + 9_000 - round(2 * 20.125 * 1.2)
    assert second.payable_minor == 20_000 - 9_000
    assert sql(database_url, "SELECT coalesce(sum(amount_minor), 0)::int FROM ledger_entry "
               "WHERE code = '2100' AND account_id = $1", SUPPLIER)[0][0] == 0


def test_what_was_given_back_meanwhile_does_not_come_out(database_url: str,
                                                         tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    first_night(database_url, tmp_path, loose)
    night(database_url, tmp_path, NEXT, [reversal(loose, -2_000, business_date=NEXT)])
    assert books(database_url)["1900"] == 3_000
    assert receipts(tmp_path, NEXT) == []
    decide(database_url, "accept")
    night(database_url, tmp_path, THIRD)
    found = books(database_url)
    assert (found["1100"], found.get("1900", 0)) == (3_000, 0)
    assert receipts(tmp_path, THIRD) == [("loose", "50.00", ""), ("loose-reversal", "-20.00", "")]


def test_what_is_given_back_after_it_came_out_is_credited(database_url: str,
                                                          tmp_path: Path) -> None:
    """With a credit note that names the invoice by which it was asked for."""
    loose = captured("loose", 5_000)
    first_night(database_url, tmp_path, loose)
    decide(database_url, "accept")
    night(database_url, tmp_path, NEXT)
    night(database_url, tmp_path, THIRD, [reversal(loose, -2_000, business_date=THIRD)])
    assert receipts(tmp_path, THIRD) == [("loose-reversal", "-20.00", "F2026-000001")]
    found = books(database_url)
    assert (found["1100"], found.get("1900", 0)) == (3_000, 0)


def test_what_is_given_back_whole_needs_nobody(database_url: str, tmp_path: Path) -> None:
    loose, gone = captured("loose", 5_000), captured("gone", 700)
    first_night(database_url, tmp_path, loose, gone, reversal(gone, -700))
    assert [one["subject"] for one in queue(database_url, "*")] == ["loose"], "gone on its own day"
    propose(database_url, queue(database_url)[0]["exception_id"], "accept")
    night(database_url, tmp_path, NEXT, [reversal(loose, -5_000, business_date=NEXT)])
    assert books(database_url) == {}
    assert queue(database_url) == []
    assert "given back" in queue(database_url, "closed")[0]["note"]


def returned(of: Row, minor: int, day: date) -> Row:
    """Goods of it come back."""
    return {**reversal(of, -minor, business_date=day), "kind": "return",
            "key": f"{of['key']}-return"}


def undone(back: Row, day: date) -> Row:
    """They have not come back after all: what the return gave back is taken again."""
    return reversal(back, -back["posted_minor"], business_date=day)


@pytest.mark.parametrize("minor", [2_000, 5_000])
@pytest.mark.parametrize("back_on", [DAY, NEXT])
def test_a_return_that_is_undone_stays_in_suspense(database_url: str, tmp_path: Path, minor: int,
                                                   back_on: date) -> None:
    """Where its capture is; and waits for a person again, where nothing had been left of it."""
    loose = captured("loose", 5_000)
    back = returned(loose, minor, back_on)
    first_night(database_url, tmp_path, loose, *([back] if back_on == DAY else []))
    if back_on == NEXT:
        night(database_url, tmp_path, NEXT, [back])
    assert len(queue(database_url)) == (minor < 5_000)
    day = back_on + timedelta(days=1)
    night(database_url, tmp_path, day, [undone(back, day)])
    assert owed(database_url) == (0, 5_000, -5_000)
    one, = queue(database_url)
    assert (one["reason"], one["subject"], one["amount_minor"]) == (
        "no_authorization", "loose", 5_000)
    assert receipts(tmp_path, day) == []
    decide(database_url, "accept")
    day += timedelta(days=1)
    night(database_url, tmp_path, day)
    assert owed(database_url) == (5_000, 0, -5_000)
    assert sorted(receipts(tmp_path, day)) == [
        ("loose", "50.00", ""), ("loose-return", f"-{minor // 100}.00", ""),
        ("loose-return-reversal", f"{minor // 100}.00", "")]


def test_a_return_that_is_undone_on_its_day_has_not_been(database_url: str, tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    back = returned(loose, 5_000, DAY)
    first_night(database_url, tmp_path, loose, back, undone(back, DAY))
    assert [one["subject"] for one in queue(database_url)] == ["loose"]
    back = {**returned(loose, 700, NEXT), "key": "another"}
    night(database_url, tmp_path, NEXT, [back, undone(back, NEXT)])
    assert owed(database_url) == (0, 5_000, -5_000)
    decide(database_url, "accept")
    night(database_url, tmp_path, THIRD)
    assert owed(database_url) == (5_000, 0, -5_000)


def test_a_return_that_is_undone_follows_what_came_out(database_url: str, tmp_path: Path) -> None:
    """To its fleet, by a credit note and by an invoice; the third, to nobody's suspense."""
    loose = captured("loose", 5_000)
    first_night(database_url, tmp_path, loose)
    decide(database_url, "accept")
    back = returned(loose, 5_000, NEXT)
    night(database_url, tmp_path, NEXT, [back])
    night(database_url, tmp_path, THIRD, [undone(back, THIRD)])
    assert owed(database_url) == (5_000, 0, -5_000)
    assert receipts(tmp_path, THIRD) == [("loose-return-reversal", "50.00", "")]
    assert queue(database_url) == []


def test_a_night_that_dies_leaves_the_decision_as_it_was(
        database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000))
    decide(database_url, "accept")
    before = books(database_url)

    async def die(*_: object) -> None:
        raise ClearingError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(fuel_night, "decide_invoices", die)
        with pytest.raises(ClearingError, match="disk"):
            night(database_url, tmp_path, NEXT)
    assert books(database_url) == before
    assert [one["state"] for one in queue(database_url)] == ["decided"]
    assert sql(database_url, "SELECT FROM suspense_release") == []
    night(database_url, tmp_path, NEXT, dry_run=True)
    assert books(database_url) == before
    night(database_url, tmp_path, NEXT)
    assert books(database_url)["1100"] == 5_000
    assert queue(database_url) == []


def test_what_has_no_price_yet_is_parked_when_it_comes_out(database_url: str,
                                                           tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000, flags="price_missing:012"))
    decide(database_url, "accept")
    night(database_url, tmp_path, NEXT)
    assert books(database_url)["1100"] == 5_000
    parked = sql(database_url, "SELECT key, pump_minor::int FROM fuel_line_parked")
    told = sql(database_url, "SELECT key FROM fuel_line_parked WHERE billed_run IS NULL")
    assert [tuple(one) for one in parked] == [("loose", 5_000)]
    # The fleet has no contract any more: what was parked costs what the pump said, at once.
    assert [one["key"] for one in told] == []
    assert receipts(tmp_path, NEXT) == [("loose", "50.00", "")]


def test_what_ended_without_a_capture_needs_nobody(database_url: str, tmp_path: Path) -> None:
    """A hold that was let go; and a deposit whose authorization had ended: its cash is in the safe,
    and its count is what it is matched with."""
    leave = {"account_id": CLIENT, "terminal_id": "SAFE1", "amount_minor": 9_000}
    wait(make_day(database_url, [
        row("preauthorization", "hold", 0, amount_minor=9_000),
        row("expiry", "hold/70", 0, original_key="hold"),
        row("deposit_authorization", "leave", 0, **leave),
        row("expiry", "leave/70", 0, original_key="leave", **leave),
        deposit("cash", 9_500, original_key="leave", flags="original_expired")]))
    wait(clear(database_url, DAY, tmp_path, streams=("fuel", "cash")))
    assert queue(database_url) == []
    assert sql(database_url, "SELECT DISTINCT match FROM placement")[0]["match"] == ""


def test_a_sale_that_is_no_fleets_waits_for_a_person_too(database_url: str,
                                                         tmp_path: Path) -> None:
    wait(make_day(database_url, [fuel("loose", 800, account_id=None)]))
    wait(clear(database_url, DAY, tmp_path, streams=("fuel",)))
    one, = queue(database_url)
    assert (one["reason"], one["subject_kind"]) == ("not_a_fleet", "suspense")
    with pytest.raises(Invalid, match="of this one: charge_back, match, write_off"):
        propose(database_url, one["exception_id"], "accept")
    decide(database_url, "write_off")
    wait(clear(database_url, NEXT, tmp_path, streams=("fuel",)))
    assert books(database_url) == {"2100": -800, "5600": 800}


@pytest.mark.parametrize("statement", [
    "UPDATE suspense_release SET amount_minor = 1", "DELETE FROM suspense_release",
    "INSERT INTO suspense_release SELECT * FROM suspense_release"])
def test_what_came_out_stays_out(statement: str, database_url: str, tmp_path: Path) -> None:
    first_night(database_url, tmp_path, captured("loose", 5_000))
    decide(database_url, "accept")
    night(database_url, tmp_path, NEXT)
    with pytest.raises(asyncpg.PostgresError, match=r"append-only|duplicate key"):
        sql(database_url, statement)

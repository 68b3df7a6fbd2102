"""A capture and the authorizations that it could have been made under, case by case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clearing.engine.matching import matches
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.placements import placed
from clearing.engine.tolerance import Matching, Tolerance, check_matching
from clearing.errors import ClearingError
from tests.support.engines import Ask, Row, asking

PLAIN = Matching()
DAY, BEFORE = date(2026, 7, 23), date(2026, 7, 22)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder: Path = tmp_path_factory.mktemp("engine")
    with OnDuckDB(folder / "spill") as duck:
        yield asking((duck,), folder)


def hold(number: int, **other: Any) -> Row:
    return {"id": number, "key": f"hold-{number}", "account_id": 1, "kind": "preauthorization",
            "amount_minor": 10_000, "currency": "EUR", "terminal_id": "T1", "approval_code": "",
            "card_id": 7, "decided_us": 1_000, "journal_date": DAY, "is_of_day": True,
            "original_key": "", **other}


def capture(number: int, **other: Any) -> Row:
    return {"id": number, "key": f"k{number}", "kind": "completion", "account_id": 1, "card_id": 7,
            "terminal_id": "T1", "approval_code": "", "original_key": "", "flags": "",
            "posted_minor": 5_000, "currency": "EUR", "product": "012", "decided_us": 2_000,
            **other}


def named(number: int, **other: Any) -> Row:
    row = hold(number, journal_date=BEFORE, **other)
    del row["is_of_day"], row["original_key"]
    return {**row, "flags": "", "posted_minor": 0, "family": ""}


def ended(number: int, at: int, completed: bool = False) -> Row:
    return {"original_key": f"hold-{number}", "completed": completed, "decided_us": at}


def found(ask: Ask, captures: list[Row], holds: list[Row], matching: Matching = PLAIN,
          **tables: list[Row]) -> dict[int, tuple[str, int | None]]:
    rows = ask(matches(matching), {"capture": captures, "hold": holds, **tables})
    assert len(rows) == len(captures), "a row a capture"
    return {row["id"]: (row["match"], row["authorization_id"]) for row in rows}


@pytest.mark.parametrize(("other", "holds", "expected"), [
    # The strong key: what the capture says that it completes.
    ({"original_key": "hold-1"}, [hold(1)], ("matched", 1)),
    ({"original_key": "hold-1", "terminal_id": "T9", "card_id": None}, [hold(1)], ("matched", 1)),
    ({"original_key": "hold-9"}, [hold(1, card_id=8)], ("no_authorization", None)),
    # Terminal and approval code together.
    ({"approval_code": "A1", "card_id": None}, [hold(1, approval_code="A1")], ("matched", 1)),
    ({"approval_code": "A1", "card_id": None}, [hold(1, approval_code="A1", terminal_id="T2")],
     ("no_authorization", None)),
    ({"approval_code": "A1", "card_id": None}, [hold(1, approval_code="A1", currency="RSD")],
     ("no_authorization", None)),
    ({"approval_code": "A1", "card_id": None},
     [hold(1, approval_code="A1"), hold(2, approval_code="A2", decided_us=1_500)], ("matched", 1)),
    # What it says comes before what it is like, and its original before its code.
    ({"original_key": "hold-1", "approval_code": "A2"},
     [hold(1), hold(2, approval_code="A2", decided_us=1_500)], ("matched", 1)),
    ({"original_key": "hold-9", "approval_code": "A2"}, [hold(2, approval_code="A2", card_id=8)],
     ("no_authorization", None)),
    ({"original_key": "hold-1"}, [hold(1), hold(2, decided_us=1_500)], ("matched", 1)),
    # Likeness: terminal, card and currency, before it, the newest.
    ({}, [hold(1), hold(2, decided_us=1_500)], ("matched", 2)),
    ({}, [hold(1, decided_us=2_001)], ("no_authorization", None)),
    ({}, [hold(1, card_id=8)], ("no_authorization", None)),
    ({"card_id": None}, [hold(1, card_id=None)], ("no_authorization", None)),
    ({}, [hold(1, terminal_id="T2")], ("no_authorization", None)),
    ({}, [hold(1, currency="RSD")], ("no_authorization", None)),
    ({}, [hold(1, decided_us=2_000)], ("matched", 1)),  # of the same moment
    ({}, [hold(1, amount_minor=5_000)], ("matched", 1)),
    ({}, [hold(1, amount_minor=4_999)], ("no_authorization", None)),
    # A code may come again, and so may a moment: the newest is meant.
    ({"approval_code": "A1"}, [hold(1, approval_code="A1"),
                               hold(2, approval_code="A1", decided_us=1_500)], ("matched", 2)),
    ({"approval_code": "A1"}, [hold(1, approval_code="A1"), hold(2, approval_code="A1")],
     ("matched", 2)),
    ({}, [hold(1), hold(2)], ("matched", 2)),
    # Leave to put cash into a safe is no money that was held.
    ({"original_key": "hold-1"}, [hold(1, kind="deposit_authorization")],
     ("no_authorization", None)),
    ({"kind": "offline_sale"}, [], ("offline", None)),
    ({"kind": "offline_sale", "flags": "passed:day"}, [], ("no_authorization", None)),
    ({"kind": "offline_sale"}, [hold(1)], ("matched", 1)),
    # Over what was authorized, and what has raised it.
    ({"original_key": "hold-1", "posted_minor": 10_000}, [hold(1)], ("matched", 1)),
    ({"original_key": "hold-1", "posted_minor": 10_001}, [hold(1)], ("over_tolerance", 1)),
    ({"original_key": "hold-1", "posted_minor": 12_000},
     [hold(1), hold(2, kind="increment", original_key="hold-1", amount_minor=2_000)],
     ("matched", 1)),
])
def test_one_capture(ask: Ask, other: Row, holds: list[Row],
                     expected: tuple[str, int | None]) -> None:
    assert found(ask, [capture(50, **other)], holds) == {50: expected}


@pytest.mark.parametrize(("at", "completed", "expected"), [
    (1_999, False, "authorization_expired"), (2_000, False, "authorization_expired"),
    (2_001, False, "matched"),  # it ended later
    (1_999, True, "matched")])  # that was a capture
def test_an_authorization_that_had_ended(ask: Ask, at: int, completed: bool,
                                         expected: str) -> None:
    captures = [capture(50, original_key="hold-1")]
    assert found(ask, captures, [hold(1)], ending=[ended(1, at, completed)]) == {50: (expected, 1)}


def test_what_people_gave_to_another_capture_had_ended(ask: Ask) -> None:
    """Whenever it was captured, and by what name; and it is like nothing any more."""
    gone = {"original_key": "hold-1", "completed": True, "given": True, "decided_us": 0}
    for one in (capture(50, original_key="hold-1", decided_us=1_001),
                capture(50, approval_code="A1")):
        assert found(ask, [one], [hold(1, approval_code="A1")], ending=[gone]) == {
            50: ("authorization_expired", 1)}
    assert found(ask, [capture(50)], [hold(1)], ending=[gone]) == {50: ("no_authorization", None)}


def test_what_ends_it_first_counts(ask: Ask) -> None:
    captures = [capture(50, original_key="hold-1", decided_us=1_500)]
    assert found(ask, captures, [hold(1)], ending=[ended(1, 1_400), ended(1, 1_600)]) == {
        50: ("authorization_expired", 1)}


def test_an_authorization_that_has_ended_is_found_by_name_alone(ask: Ask) -> None:
    assert found(ask, [capture(50)], [hold(1)], ending=[ended(1, 3_000)]) == {
        50: ("no_authorization", None)}


def test_of_one_that_had_ended_the_amount_is_no_matter(ask: Ask) -> None:
    captures = [capture(50, original_key="hold-1", posted_minor=20_000)]
    assert found(ask, captures, [hold(1)], ending=[ended(1, 1_000)]) == {
        50: ("authorization_expired", 1)}


def test_an_authorization_of_before_that_waits_no_more_has_ended(ask: Ask) -> None:
    captures = [capture(50, original_key="hold-1"), capture(51, original_key="hold-2")]
    before = hold(1, journal_date=BEFORE, is_of_day=False)
    assert found(ask, captures, [before], named=[named(1), named(2)]) == {
        50: ("matched", 1), 51: ("authorization_expired", 2)}


def test_no_authorization_is_given_to_two(ask: Ask) -> None:
    captures = [capture(50), capture(51, decided_us=2_500), capture(52, original_key="hold-2")]
    holds = [hold(1), hold(2)]
    # 52 names the second; of the others the first to come has the first.
    assert found(ask, captures, holds) == {
        50: ("matched", 1), 51: ("no_authorization", None), 52: ("matched", 2)}


def test_what_is_no_hold_authorizes_nothing(ask: Ask) -> None:
    """A sale of before; and what names a hold, and is no increment, raises none."""
    captures = [capture(50, original_key="hold-9"),
                capture(51, original_key="hold-1", posted_minor=10_001)]
    holds = [hold(1), hold(2, card_id=8, original_key="hold-1")]
    assert found(ask, captures, holds, named=[named(9, kind="sale")]) == {
        50: ("no_authorization", None), 51: ("over_tolerance", 1)}


def test_what_is_named_by_one_is_like_no_other(ask: Ask) -> None:
    captures = [capture(50, original_key="hold-2"), capture(51, decided_us=2_500)]
    assert found(ask, captures, [hold(1), hold(2, decided_us=1_500)]) == {
        50: ("matched", 2), 51: ("matched", 1)}


def test_each_is_the_others_newest_or_none(ask: Ask) -> None:
    """The first to come has it, the lower number where both came at once; the other one has none,
    though an older one is there: a person looks at that."""
    holds = [hold(1), hold(2, decided_us=1_500)]
    assert found(ask, [capture(50, decided_us=2_500), capture(51, decided_us=2_000)], holds) == {
        50: ("no_authorization", None), 51: ("matched", 2)}
    assert found(ask, [capture(50), capture(51)], holds) == {
        50: ("matched", 2), 51: ("no_authorization", None)}


def test_within_one_moment_keys_decide_and_not_the_order_of_arrival(ask: Ask) -> None:
    holds = [hold(1, key="late", approval_code="A1"), hold(2, key="early", approval_code="A1")]
    captures = [capture(50, key="y"), capture(51, key="x")]
    assert found(ask, captures, holds) == {50: ("no_authorization", None), 51: ("matched", 1)}
    assert found(ask, [capture(50, approval_code="A1", card_id=None)], holds) == {
        50: ("matched", 1)}


def test_what_is_like_it_may_be_less_by_the_tolerance(ask: Ask) -> None:
    matching = Matching((Tolerance("", 100),))
    captures = [capture(50, posted_minor=10_100), capture(51, posted_minor=10_101, card_id=8)]
    assert found(ask, captures, [hold(1), hold(2, card_id=8)], matching) == {
        50: ("matched", 1), 51: ("no_authorization", None)}


def test_captures_of_one_authorization_are_taken_together(ask: Ask) -> None:
    captures = [capture(50, original_key="hold-1", posted_minor=6_000),
                capture(51, original_key="hold-1", posted_minor=4_001)]
    assert found(ask, captures, [hold(1)]) == {
        50: ("over_tolerance", 1), 51: ("over_tolerance", 1)}


def booked(number: int, kind: str, minor: int, key: str, original: str = "",
           account: int | None = 1) -> Row:
    """A row of the day, as it books."""
    return {"journal_date": DAY, "id": number, "key": key, "leg": 0, "kind": kind,
            "account_id": account, "account_kind": "fleet", "original_key": original, "flags": "",
            "posted_minor": minor, "booked_minor": minor, "currency": "EUR"}


@pytest.mark.parametrize("account", [1, None])
@pytest.mark.parametrize(("named", "back", "expected"), [
    ("hold-1", [], "over_tolerance"), ("hold-1", [-999], "over_tolerance"),
    ("hold-1", [-1_000], "matched"), ("hold-1", [-400, -600], "matched"),
    ("", [], "no_authorization"), ("", [-999], "no_authorization"), ("", [-1_000], "matched")])
def test_what_is_left_of_a_capture_is_compared(ask: Ask, named: str, back: list[int],
                                               expected: str, account: int | None) -> None:
    """Of 110.00 under an authorization of 100.00, after what its own day has given back."""
    day = [booked(49, "completion", 500, "k49", account=account),
           booked(50, "completion", 11_000, "k50", account=account),
           booked(70, "reversal", -1_000, "of-another", "k50", account=2),
           booked(71, "return", -500, "of-its-neighbour", "k49", account=account)]
    day += [booked(60 + at, "return", minor, f"b{at}", "k50", account=account)
            for at, minor in enumerate(back)]
    one = capture(50, original_key=named, posted_minor=11_000)
    assert found(ask, [one], [hold(1)], day=day)[50][0] == expected


def test_of_a_completions_legs_the_one_with_money_is_given_back(ask: Ask) -> None:
    """As a host writes it: what it keeps, and the hold that it releases."""
    day = [booked(50, "completion", 11_000, "k50"),
           {**booked(51, "completion", 0, "k50"), "leg": 1},
           booked(60, "return", -1_000, "back", "k50")]
    one = capture(50, original_key="hold-1", posted_minor=11_000)
    assert found(ask, [one], [hold(1)], day=day) == {50: ("matched", 1)}


def test_what_was_given_back_whole_is_like_no_authorization(ask: Ask) -> None:
    """The right capture has it, that came after the wrong one."""
    day = [booked(50, "completion", 9_500, "k50"), booked(60, "reversal", -9_500, "back", "k50"),
           booked(51, "completion", 9_000, "k51")]
    captures = [capture(50, posted_minor=9_500),
                capture(51, posted_minor=9_000, decided_us=2_500)]
    assert found(ask, captures, [hold(1)], day=day)[51] == ("matched", 1)


@pytest.mark.parametrize(("captured", "back", "place"), [
    ({"approval_code": "A1"}, 0, "cleared"), ({}, 0, "cleared"),
    ({"approval_code": "A1", "posted_minor": 20_000}, 0, "cleared"),
    ({"approval_code": "A1"}, -4_999, "cleared"),
    ({"approval_code": "A1"}, -5_000, "open"),  # nothing of it is left
    ({"approval_code": "A2", "card_id": 8}, 0, "open"), ({"card_id": 8}, 0, "open")])
def test_what_covers_a_capture_covers_no_later_one(ask: Ask, captured: Row, back: int,
                                                   place: str) -> None:
    """Whatever it was found by; what has raised it ends with it."""
    holds = [hold(1, approval_code="A1"), hold(2, kind="increment", original_key="hold-1")]
    day = [booked(50, "completion", captured.get("posted_minor", 5_000), "k50"),
           booked(60, "return", back, "back", "k50")][:2 if back else 1]
    rows = ask(placed(PLAIN), {"capture": [capture(50, **captured)], "hold": holds, "day": day})
    assert {row["journal_id"]: row["place"] for row in rows if row["journal_id"] < 50} == {
        1: place, 2: place}


def test_a_return_that_was_undone_leaves_all_of_it(ask: Ask) -> None:
    day = [booked(50, "completion", 11_000, "k50"), booked(60, "return", -1_000, "back", "k50"),
           booked(61, "reversal", 1_000, "undone", "back")]
    one = capture(50, original_key="hold-1", posted_minor=11_000)
    assert found(ask, [one], [hold(1)], day=day[:2]) == {50: ("matched", 1)}
    assert found(ask, [one], [hold(1)], day=day) == {50: ("over_tolerance", 1)}


def test_tolerance_is_of_the_product(ask: Ask) -> None:
    matching = Matching((Tolerance("", 100), Tolerance("012", 50, 200)))
    captures = [capture(50, original_key="hold-1", posted_minor=10_200),
                capture(51, original_key="hold-2", posted_minor=10_201),
                capture(52, original_key="hold-3", posted_minor=10_101, product="400")]
    assert found(ask, captures, [hold(1), hold(2), hold(3)], matching) == {
        50: ("matched", 1), 51: ("over_tolerance", 2), 52: ("over_tolerance", 3)}


@pytest.mark.parametrize(("authorized", "absolute", "basis_points", "most"), [
    (10_000, 50, 200, 10_200), (10_000, 300, 200, 10_300), (10_000, 0, 0, 10_000),
    (25, 0, 200, 26), (24, 0, 200, 24)])  # a half is one, less is none
def test_the_greater_of_an_amount_and_a_part(ask: Ask, authorized: int, absolute: int,
                                             basis_points: int, most: int) -> None:
    matching = Matching((Tolerance("", absolute, basis_points),))
    captures = [capture(50, original_key="hold-1", posted_minor=most),
                capture(51, original_key="hold-2", posted_minor=most + 1)]
    holds = [hold(1, amount_minor=authorized), hold(2, amount_minor=authorized)]
    assert found(ask, captures, holds, matching) == {50: ("matched", 1), 51: ("over_tolerance", 2)}


def test_what_does_not_match_waits_in_suspense_where_it_is_wanted(ask: Ask) -> None:
    """And what gives it back goes where it went: on the same day, or on a later one."""
    tables = {
        "capture": [capture(50), capture(51, original_key="hold-1")], "hold": [hold(1)],
        "day": [booked(50, "completion", 5_000, "loose"), booked(51, "completion", 5_000, "kept"),
                booked(52, "reversal", -1_000, "back", "loose"),
                booked(53, "reversal", -900, "late", "hold-9")],
        "named": [{**named(9), "posted_minor": 900, "kind": "completion",
                   "family": "fuel_unidentified"}]}
    matching = Matching(unmatched="suspense")
    assert {row["journal_id"]: row["family"] for row in ask(placed(matching), {
        **tables, "capture": [capture(50, card_id=None), tables["capture"][1]]})} == {
        1: "", 50: "fuel_unidentified", 51: "fuel", 52: "fuel_unidentified",
        53: "fuel_unidentified"}
    # What is in suspense is given back there, though nothing goes there any more.
    assert {row["journal_id"]: row["family"] for row in ask(placed(Matching()), tables)} == {
        1: "", 50: "fuel", 51: "fuel", 52: "fuel", 53: "fuel_unidentified"}


@pytest.mark.parametrize(("tolerances", "says"), [
    ((Tolerance("012", -1),), "-1 and 0"), ((Tolerance("", 0, 10_001),), "10001 basis points"),
    ((Tolerance("012"), Tolerance("012")), "012 twice"), ((Tolerance(), Tolerance()), "any twice")])
def test_tolerances_that_cannot_be(tolerances: tuple[Tolerance, ...], says: str) -> None:
    with pytest.raises(ClearingError, match=says):
        check_matching(Matching(tolerances))

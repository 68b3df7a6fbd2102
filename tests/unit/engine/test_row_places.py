"""Where a row ends and what it books, case by case: what two days by chance hardly ever have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from clearing.engine.matching import matches
from clearing.engine.on_duckdb import OnDuckDB
from clearing.engine.placements import place_day
from clearing.engine.placing import booked, doubled, ended
from clearing.engine.tables import SCHEMAS
from clearing.engine.tolerance import Matching
from tests.support.engines import Ask, Row, asking, lay

DAY, BEFORE, LONG_BEFORE = date(2026, 7, 23), date(2026, 7, 22), date(2026, 7, 1)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder: Path = tmp_path_factory.mktemp("engine")
    with OnDuckDB(folder / "spill") as duck:
        yield asking((duck,), folder)


def sale(number: int, minor: int = 1_000, **other: object) -> Row:
    return {"journal_date": DAY, "id": number, "key": f"k{number}", "leg": 0, "kind": "sale",
            "account_id": 1, "account_kind": "fleet", "original_key": "", "flags": "",
            "posted_minor": minor, "booked_minor": minor, "currency": "EUR",
            "merchant_account_id": 9, **other}


def back(number: int, minor: int, of: str = "k1", **other: object) -> Row:
    return sale(number, minor, **{"kind": "reversal", "original_key": of, **other})


def named(number: int, **other: object) -> Row:
    """A row of an earlier day that the day names."""
    return {"id": number, "key": "old", "account_id": 1, "kind": "sale", "amount_minor": 1_000,
            "currency": "EUR", "terminal_id": "T1", "approval_code": "", "card_id": None,
            "decided_us": 0, "journal_date": BEFORE, "flags": "", "posted_minor": 1_000,
            "family": "fuel", **other}


def places(ask: Ask, rows: list[Row], *before: Row) -> dict[int, tuple[str, int | None]]:
    """Each row's place, and the row that it gives back."""
    return {row["journal_id"]: (row["place"], row["original_id"])
            for row in ask(booked(), {"day": rows, "named": before})}


def test_what_comes_to_nothing_is_reversed_and_nothing_else(ask: Ask) -> None:
    assert places(ask, [sale(1), back(2, -1_000)]) == {1: ("reversed", None), 2: ("reversed", 1)}
    assert places(ask, [sale(1), back(2, -400), back(3, -600, kind="return")]) == {
        1: ("reversed", None), 2: ("reversed", 1), 3: ("reversed", 1)}
    assert places(ask, [sale(1), back(2, -999)]) == {1: ("cleared", None), 2: ("cleared", 1)}
    assert places(ask, [sale(1, 0), sale(2)]) == {1: ("cleared", None), 2: ("cleared", None)}


def test_a_return_that_its_day_takes_again_has_not_taken_place(ask: Ask) -> None:
    rows = [sale(1), back(2, -400, kind="return", key="r"), back(3, 400, "r")]
    assert places(ask, rows) == {1: ("cleared", None), 2: ("reversed", 1), 3: ("reversed", 1)}
    rows[2]["posted_minor"] = 300  # in part
    assert {place for place, _ in places(ask, rows).values()} == {"cleared"}


def test_what_an_earlier_day_has_is_never_reversed(ask: Ask) -> None:
    """A refund and what takes it back come to nothing between them; each is booked for itself."""
    rows = [back(2, -1_000, "old"), back(3, 1_000, "old", kind="return")]
    assert places(ask, rows, named(7)) == {2: ("cleared", 7), 3: ("cleared", 7)}


def test_each_account_of_a_key_is_by_itself(ask: Ask) -> None:
    rows = [sale(1), sale(2, key="k1", leg=1, account_id=2), back(3, -1_000)]
    assert places(ask, rows) == {1: ("reversed", None), 2: ("cleared", None), 3: ("reversed", 1)}
    # Where two legs are of one account, whatever the order, the later one is meant.
    legs = [back(3, -400), sale(2, key="k1", leg=1), sale(1)]
    assert places(ask, legs) == {1: ("cleared", None), 2: ("cleared", None), 3: ("cleared", 2)}
    # As a host writes a completion: what it keeps, and the hold that it releases.
    released = [back(3, -400), sale(1), sale(2, 0, key="k1", leg=1)]
    assert places(ask, released)[3] == ("cleared", 1)


def test_of_earlier_rows_of_a_key_the_newest_with_money_is_meant(ask: Ask) -> None:
    late = [back(2, -100, "old")]
    assert places(ask, late, named(9, journal_date=LONG_BEFORE), named(7)) == {2: ("cleared", 7)}
    assert places(ask, late, named(7), named(8), named(9, posted_minor=0)) == {2: ("cleared", 8)}
    assert places(ask, late, named(7), named(8, kind="reversal")) == {2: ("cleared", 7)}
    assert places(ask, late, named(7, account_id=2)) == {2: ("cleared", None)}
    nobodys = [back(2, -100, "old", account_id=None, account_kind=None)]
    assert places(ask, nobodys, named(7, account_id=None)) == {2: ("cleared", 7)}


@pytest.mark.parametrize(("account_kind", "before", "family"), [
    ("safe_client", {"kind": "deposit", "flags": "", "family": "deposit"}, "deposit"),
    ("safe_client", {"kind": "deposit", "family": "deposit_uncounted"}, "deposit_uncounted"),
    ("safe_client", {"kind": "deposit", "flags": "over:day,withheld:cap",
                     "family": "deposit_withheld"}, "deposit_withheld"),
    ("safe_client", {"kind": "deposit", "flags": "notwithheld:cap"}, "deposit"),
    ("fleet", {"kind": "sale", "family": "fuel_unidentified"}, "fuel_unidentified"),
    ("merchant", {"kind": "payment_receipt"}, "payment_receipt"),
    ("payer", {"kind": "payment"}, "payment")])
def test_what_comes_back_late_goes_where_it_was(ask: Ask, account_kind: str, before: Row,
                                                family: str) -> None:
    """Of what nobody finds any more, the kind of account is all that tells."""
    rows = [back(2, -100, "old", account_kind=account_kind)]
    [found] = ask(booked(), {"day": rows, "named": [named(7, **before)]})
    assert (found["family"], found["original_date"]) == (family, BEFORE)
    [lost] = ask(booked(), {"day": rows})
    assert lost["family"] == {"safe_client": "deposit", "fleet": "fuel"}.get(account_kind, family)
    assert (lost["original_date"], lost["original_id"]) == (None, None)


def test_what_would_be_booked_twice_is_named(ask: Ask) -> None:
    def twice(*rows: Row) -> list[str]:
        return [row["key"] for row in ask(doubled(), {"day": list(rows)})]

    assert twice(sale(1, key="b"), sale(2, key="b"), sale(3, key="a"), sale(4, key="a")) == ["a"]
    assert twice(back(1, -100, key="r"), back(2, -100, key="r")) == ["r"]
    assert twice(sale(1, key="k"), sale(2, key="k", leg=1)) == []
    assert twice(sale(1, 0, key="k"), sale(2, key="k")) == []


def hold(number: int, key: str, **other: object) -> Row:
    return {"id": number, "key": key, "account_id": 1, "kind": "preauthorization",
            "amount_minor": 1_000, "currency": "EUR", "terminal_id": "T1", "approval_code": "",
            "card_id": 7, "decided_us": 0, "journal_date": DAY, "is_of_day": True,
            "original_key": "", **other}


def test_where_holds_end(ask: Ask) -> None:
    """What a capture has ended is cleared, whatever else has come; what raises it goes with it; of
    earlier days what is open is told, and nothing else."""
    old = {"journal_date": BEFORE, "is_of_day": False}
    holds = [hold(1, "both"), hold(2, "over"), hold(3, "open"), hold(4, "old-open", **old),
             hold(5, "old-over", **old), hold(6, "more", kind="increment", original_key="both"),
             hold(7, "late", kind="increment", original_key="over")]
    endings = [("both", True), ("both", False), ("over", False), ("old-over", True)]
    assert {row["journal_id"]: row["place"] for row in ask(ended(matches(Matching())), {
        "hold": holds, "ending": [{"original_key": key, "completed": completed, "decided_us": 0}
                                  for key, completed in endings]})} == {
        1: "cleared", 2: "reversed", 3: "open", 4: "open", 6: "cleared", 7: "reversed"}


def test_a_day_is_placed_in_the_order_of_its_journal(tmp_path: Path) -> None:
    rows = [sale(number) for number in (5, 3, 9, 1)] + [back(7, -400, of="k3")]
    with OnDuckDB(tmp_path / "spill") as duck:
        for name in SCHEMAS:
            duck.table(name, lay(tmp_path, name, rows if name == "day" else []))
        placed = place_day(duck, Matching()).read_all()
    assert placed["journal_id"].to_pylist() == [1, 3, 5, 7, 9]

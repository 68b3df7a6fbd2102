"""Completions as a host writes them: what they keep is a leg, the hold that they release another.

And an authorization covers one capture, whatever found it, over days too.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from authhost.admin.refusals import Conflict
from clearing.run import clear
from tests.e2e.clearing_day import DAY, NEXT, Row, fuel, make_day, wait
from tests.e2e.test_suspense import (
    authorize,
    captured,
    decide,
    first_night,
    night,
    owed,
    propose,
    queue,
    receipts,
    returned,
    undone,
)

pytestmark = pytest.mark.invariant(11)
_STEP = 1_000_000  # ids of what comes after the legs


def legs(completion: Row) -> list[Row]:
    return [completion, {**completion, "id": completion["id"] + 1, "leg": 1, "posted_minor": 0}]


def after(one: Row, completion: Row) -> Row:
    return {**one, "id": completion["id"] + _STEP}


def test_what_comes_back_on_its_day_goes_where_it_is(database_url: str, tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    back = after(returned(loose, 2_000, DAY), loose)
    first_night(database_url, tmp_path, *legs(loose), back)
    assert owed(database_url) == (0, 3_000, -3_000)
    assert receipts(tmp_path, DAY) == []
    decide(database_url, "charge_back")
    night(database_url, tmp_path, NEXT)
    assert owed(database_url) == (0, 0, 0)


def test_so_does_a_return_that_is_undone_later(database_url: str, tmp_path: Path) -> None:
    loose = captured("loose", 5_000)
    back = after(returned(loose, 2_000, DAY), loose)
    first_night(database_url, tmp_path, *legs(loose), back)
    night(database_url, tmp_path, NEXT, [after(undone(back, NEXT), back)])
    assert owed(database_url) == (0, 5_000, -5_000)
    assert receipts(tmp_path, NEXT) == []
    cases = json.loads((tmp_path / NEXT.isoformat() / "fuel" / "cases.json").read_text())
    assert [(one["reason"], one["amount_minor"]) for one in cases] == [("taken_again", 2_000)]


def test_what_comes_back_costs_what_the_contract_says(database_url: str, tmp_path: Path) -> None:
    items = [{"product": "012", "unit": "L", "quantity": "20.125", "unit_price": "2.4845",
              "amount_minor": 5_000}]
    prices = [{"product": "012", "unit_price": "1.9", "amount_minor": 4_500, "contract": "C1",
               "version": 1}]
    sold = {**fuel("sold", 5_000), "kind": "completion",
            "detail": json.dumps({"items": items, "prices": prices})}
    wait(make_day(database_url, [*legs(sold), after(returned(sold, 2_000, DAY), sold)]))
    wait(clear(database_url, DAY, tmp_path, streams=("fuel",)))
    assert receipts(tmp_path, DAY) == [("sold", "45.00", ""), ("sold-return", "-18.00", "")]


@pytest.mark.parametrize("named", [
    {"approval_code": "777777", "card_id": None}, {"approval_code": "", "card_id": 7}])
def test_an_authorization_covers_one_capture(database_url: str, tmp_path: Path,
                                             named: dict[str, Any]) -> None:
    """An off-line sale that is sent again under another number finds it taken."""
    first = captured("one", 5_000, **named)
    wait(make_day(database_url, [first]))
    authorize(database_url, decided_at=first["decided_at"] - timedelta(hours=1), **named)
    night(database_url, tmp_path, DAY)
    assert owed(database_url) == (5_000, 0, -5_000)
    night(database_url, tmp_path, NEXT, [captured("two", 5_000, business_date=NEXT, **named)])
    assert owed(database_url) == (5_000, 5_000, -10_000)
    one, = queue(database_url)
    assert one["subject"] == "two"
    with pytest.raises(Conflict, match="another capture has completed it"):
        propose(database_url, one["exception_id"], "match", "hold")


def test_an_authorization_that_covers_too_little_is_its_own_captures(database_url: str,
                                                                     tmp_path: Path) -> None:
    """It was found by its code: people may match the two, for no other has it."""
    named = {"approval_code": "777777", "card_id": None}
    loose = captured("loose", 12_000, **named)
    wait(make_day(database_url, [loose]))
    authorize(database_url, decided_at=loose["decided_at"] - timedelta(hours=1), **named)
    night(database_url, tmp_path, DAY)
    one, = queue(database_url)
    assert one["reason"] == "over_tolerance"
    decide(database_url, "match", "hold")
    night(database_url, tmp_path, NEXT)
    assert receipts(tmp_path, NEXT) == [("loose", "120.00", "")]

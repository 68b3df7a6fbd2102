"""What the stations' own record says against what the host posted; and the figures of fleets."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from demo.edge_books import Books
from demo.figures import fleets
from demo.tally import Tally
from terminals.statements import schema

ROW = ("INSERT INTO message (position, kind, state, sequence, local_date, local_time, shift,"
       " amount_minor, approved_minor, currency, particulars, sealed, action, sent, noted_at)"
       " VALUES (1, ?, ?, ?, '20261120', '', 'S', ?, ?, 'EUR', '{}', x'', ?, 1, '')")
FOUND = '[{"terminal_id": "T1", "sequence": "000002"}]'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two sales off line, one with the host, one that never left."""
    path = tmp_path / "edge.db"
    connection = sqlite3.connect(path)
    for step in schema("terminals.edge"):
        connection.executescript(step)
    connection.execute("INSERT INTO shift (number, day, state, opened_at)"
                       " VALUES ('S', '2026-11-20', 'open', '')")
    for row in (("offline_sale", "forwarded", "000001", 500, 500, "000"),
                ("offline_sale", "forwarded", "000002", 700, 0, "000"),
                ("sale", "answered", "000003", 900, 800, "002"),
                ("sale", "abandoned", "000004", 900, 0, "")):
        connection.execute(ROW, row)
    connection.commit()
    connection.close()
    return path


def posted(*rows: tuple[str, int]) -> list[dict[str, object]]:
    return [{"terminal_id": "T1", "sequence": sequence, "amount_minor": minor, "flags": ""}
            for sequence, minor in rows]


def books(store: Path, tally: Tally, *rows: tuple[str, int], found: str = FOUND) -> Books:
    made = Books()
    made.sold, made.planted = 2, ("T1", "000002")
    made.posted = posted(*rows)  # type: ignore[assignment]
    made.shifts = {"found": found, "parked": 0}
    made.read("T1", store, tally)
    return made


def test_each_sale_once_is_no_fault_and_counts_as_money(store: Path) -> None:
    tally = Tally()
    assert books(store, tally, ("000002", 700), ("000001", 500)).faults() == []
    assert tally.sums == {("offline_sale", "EUR"): (2, 1_200), ("sale", "EUR"): (1, 800)}
    assert tally.messages == 3


@pytest.mark.parametrize("rows", [
    (("000001", 500),), (("000001", 500), ("000002", 701)),
    (("000001", 500), ("000002", 700), ("000002", 700))])
def test_lost_twice_or_another_amount_is_a_fault(store: Path, rows: tuple[tuple[str, int], ...],
                                                 ) -> None:
    fault, = books(store, Tally(), *rows).faults()
    assert "the host posted" in fault


@pytest.mark.parametrize("found", ["[]", '[{"terminal_id": "T1", "sequence": "000001"}]'])
def test_what_was_planted_must_be_what_was_found(store: Path, found: str) -> None:
    fault, = books(store, Tally(), ("000001", 500), ("000002", 700), found=found).faults()
    assert "was planted" in fault


def test_fleets_by_window_prompt_and_flag() -> None:
    tally = Tally()
    tally.reasons.update({"limit:card:gap:count": 2, "limit:driver:rolling12h:count": 1,
                          "limit:card:day:money:fuel": 3, "prompt_wrong:odometer": 4, "site": 9})
    tally.sums = {("return", "EUR"): (2, 300), ("increment", "EUR"): (5, 900)}
    tally.fundings = {"a": 100, "b": 50}
    told = fleets(tally, [{"flags": [{"flag": "tank"}, {"flag": "watch:hours"}]},
                          {"flags": [{"flag": "tank"}]}], [{"litres_per_100km": "8.50"}], 7)
    assert told.limits_refused == {"day": 3, "gap": 2, "rolling12h": 1}
    assert told.prompts_refused == {"prompt_wrong:odometer": 4}
    assert (told.returns, told.returned_minor, told.increments) == (2, {"EUR": 300}, 5)
    assert (told.fundings, told.funded_minor, told.contract_prices) == (2, 150, 7)
    assert told.exceptions == {"tank": 2, "watch:hours": 1}
    assert told.consumption == ("8.50",)

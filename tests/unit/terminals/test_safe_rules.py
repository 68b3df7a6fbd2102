"""What a safe knows without a host: its tables of states, its counts, gaps, and settings."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from terminals.safe.config import load
from terminals.safe.counted import Count, Piece, Suspect, parsed
from terminals.safe.door import Said, ranges
from terminals.safe.machine import MachineInSoftware, lines
from terminals.safe.states import (
    ESCROW_MOVES,
    MOVES,
    Escrow,
    Kind,
    State,
    after_answer,
    move,
    move_escrow,
)
from terminals.settings import ConfigError


def test_only_what_the_table_names_is_ever_done() -> None:
    for old, new in itertools.product(State, State):
        if new in MOVES[old]:
            assert move(old, new) is new
        else:
            with pytest.raises(AssertionError):
                move(old, new)
    for before, after in itertools.product(Escrow, Escrow):
        if after not in ESCROW_MOVES[before]:
            with pytest.raises(AssertionError):
                move_escrow(before, after)
    assert not ESCROW_MOVES[Escrow.STACKING], "what is ordered is not called back"


@pytest.mark.parametrize(("status", "kind", "state"), [
    (200, Kind.DEPOSIT, State.FORWARDED), (201, Kind.STATUS, State.FORWARDED),
    (503, Kind.DEPOSIT, State.STORED), (504, Kind.DEPOSIT, State.STORED),
    (429, Kind.DEPOSIT, State.STORED), (408, Kind.DEPOSIT, State.STORED),
    (401, Kind.DEPOSIT, State.STORED), (403, Kind.DEPOSIT, State.STORED),
    (404, Kind.DEPOSIT, State.STORED), (404, Kind.CANCELLATION, State.PARKED),
    (422, Kind.DEPOSIT, State.PARKED), (413, Kind.DEPOSIT, State.PARKED),
    (409, Kind.SWAP, State.PARKED), (302, Kind.SWAP, State.PARKED)])
def test_an_answer_decides_where_a_message_goes(status: int, kind: Kind, state: State) -> None:
    assert after_answer(kind, status) is state


def test_notes_and_coins_as_they_are_typed() -> None:
    assert parsed(["5000x4", "200x3c"]) == (
        Piece(5_000, 4, "note", "4a"), Piece(200, 3, "coin"))
    for wrong in ("5000", "x4", "0x4", "5000x0", "-5000x1", "5000x4b", "50.00x4", "5000x4 "):
        with pytest.raises(ValueError, match="four notes"):
            parsed([wrong])


def test_a_suspect_is_a_note_and_no_money() -> None:
    count = Count(currency="EUR", pieces=(Piece(5_000, 4), Piece(200, 3, "coin")),
                  suspects=(Suspect(2_000, "EUR", "2", "X1"),))
    assert (count.amount_minor, count.number("note"), count.number("coin")) == (20_600, 5, 3)


@pytest.mark.parametrize(("text", "found"), [
    ("", ()), ("7", ((7, 7),)), ("7, 9-12", ((7, 7), (9, 12))), ("7,x,9-", ((7, 7),)),
    ("99999999999999999999", ()), (",".join(["1"] * 99), ((1, 1),) * 32)])
def test_gaps_that_the_host_tells(text: str, found: tuple[tuple[int, int], ...]) -> None:
    assert ranges(text) == found


def test_a_problem_in_the_hosts_own_words() -> None:
    assert Said(status=422, body=b'{"title":"Invalid body","detail":"no sum"}').reason \
        == "Invalid body: no sum"
    assert Said(status=500, body=b"<html>").reason == "<html>"
    assert Said(status=500, body=b"\xff").reason
    assert len(Said(status=500, body=b'"' + b"x" * 5_000 + b'"').reason) == 300


def test_the_machine_keeps_what_it_has_whoever_dies(tmp_path: Path) -> None:
    machine = MachineInSoftware(tmp_path / "machine.json")
    count = Count(currency="EUR", pieces=(Piece(5_000, 4),),
                  suspects=(Suspect(2_000, "EUR"),))
    machine.insert(count)
    with pytest.raises(AssertionError, match="one depositor"):
        machine.insert(count)
    (tmp_path / "machine.json.new").write_text("torn")  # of one that died while it wrote
    again = MachineInSoftware(tmp_path / "machine.json")
    assert again.counted() == count
    again.give_back()
    assert not again.held()
    assert [(line.value_minor, line.count) for line in lines(again.drawers.cassette)] \
        == [(2_000, 1)], "a suspect is kept, whoever brought it"
    again.insert(count)
    again.stack()
    again.empty()
    assert (again.drawers.cassette, again.drawers.stacked, len(again.drawers.taken_out)) \
        == ((), 1, 1)


SETTINGS = """
[terminal]
id = "S0001"
currencies = ["EUR", "CHF"]
[host]
url = "http://127.0.0.1:1"
[store]
path = "safe.db"
[machine]
file = "machine.json"
"""


def test_settings_are_read_with_paths_beside_them(tmp_path: Path) -> None:
    (tmp_path / "safe.toml").write_text(SETTINGS)
    config = load(tmp_path / "safe.toml")
    assert config.store.path == tmp_path / "safe.db"
    assert config.safe.two_steps


@pytest.mark.parametrize(("change", "said"), [
    (("url = \"http", "url = \"https"), "no \\[tls\\]"), (("url = \"http:", "url = \"ftp:"), "url"),
    (('"CHF"', '"XYZ"'), "currencies"), (('id = "S0001"', 'id = ""'), "1 to 32"),
    (("[store]", "[safe]\nstatus_s = 0\n[store]"), "at least 1"),
    (('id = "S0001"', 'id = "S0001"\ntime_zone = "Mars"'), "time_zone"),
    (("[machine]", "[nothing]"), "nothing"), (('path = "safe.db"', "path = 7"), "Path|path")])
def test_settings_that_cannot_be(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in SETTINGS
    (tmp_path / "safe.toml").write_text(SETTINGS.replace(*change))
    with pytest.raises(ConfigError, match=said):
        load(tmp_path / "safe.toml")

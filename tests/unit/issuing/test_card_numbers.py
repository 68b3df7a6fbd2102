"""Card numbers, and the table of states of a line."""

from __future__ import annotations

import random

import pytest

from issuing.numbers import account_of, card_number, check_digit, masked
from issuing.states import MOVES, Event, State, WrongMove, after, is_lost
from issuing.stripe import Track2


@pytest.mark.parametrize(("digits", "check"), [
    ("7992739871", "3"),  # the published example of the Luhn formula (US patent 2,950,048)
    ("411111111111111", "1"), ("37828224631000", "5"), ("0", "0")])
def test_the_check_digit_is_luhns(digits: str, check: str) -> None:
    assert check_digit(digits) == check


@pytest.mark.parametrize("length", [16, 17, 18, 19])
def test_a_number_has_issuer_length_and_check_digit(length: int) -> None:
    below = random.Random(1).randrange
    made = {card_number("704001", length, below) for _ in range(200)}
    assert len(made) > 190
    for number in made:
        assert number.startswith("704001")
        assert len(number) == length
        assert check_digit(number[:-1]) == number[-1]


def test_a_number_keeps_its_zeros() -> None:
    assert card_number("704001", 18, lambda _: 0) == "704001000000000006"
    assert card_number("70400112", 16, lambda most: most - 1)[8:-1] == "9" * 7


@pytest.mark.parametrize(("iin", "length"), [
    ("70400", 18), ("704001234", 18), ("70400x", 18), ("704001", 15), ("704001", 20), ("", 18)])
def test_a_number_that_cannot_be(iin: str, length: int) -> None:
    with pytest.raises(ValueError, match="digits"):
        card_number(iin, length, lambda _: 0)


def test_what_is_told_of_a_number() -> None:
    pan = "704001000000123452"
    assert masked(pan) == "704001********3452"
    assert account_of(pan) == "100000012345"


def test_every_state_leads_to_active_and_only_lost_ones_back() -> None:
    state = State.PLANNED
    for event in (Event.NUMBER, Event.LOAD, Event.MAIL, Event.ACTIVATE):
        state = after(state, event)
    assert state is State.ACTIVE
    assert {one for one in State if is_lost(one)} == {State.NUMBERED, State.LOADED}
    assert all(MOVES[one, Event.SPOIL] is State.PLANNED for one in State if is_lost(one))


def test_a_move_that_is_not_in_the_table() -> None:
    allowed = set(MOVES)
    for state in State:
        for event in Event:
            if (state, event) not in allowed:
                with pytest.raises(WrongMove):
                    after(state, event)


def test_a_mailed_or_active_card_is_never_spoiled() -> None:
    assert (State.MAILED, Event.SPOIL) not in MOVES
    assert (State.ACTIVE, Event.SPOIL) not in MOVES


def test_a_track_hides_itself_and_fits() -> None:
    track = Track2("704001000000123452", "3012", "120", "123")
    assert track.text() == "704001000000123452=301212000000123"
    assert "7040" not in repr(track)
    for bad in (Track2("7" * 19, "3012", "120", "1" * 20), Track2("70x", "3012", "120", "")):
        with pytest.raises(ValueError, match="no track 2"):
            bad.text()

"""The table of states and events, and the id that a credit has for ever."""

import re
from datetime import date

import pytest

from authhost.safes.life import (
    CREDIT,
    CUSTODY,
    GIVEN,
    Credit,
    Custody,
    end_to_end_id,
    read_end_to_end_id,
    steps,
)


def test_every_state_is_reached_and_reversed_is_the_end():
    assert {*CUSTODY.values()} | {Custody.REPORTED} == set(Custody)
    assert [event for state, event in CUSTODY if state is Custody.REVERSED] == []
    assert {*CREDIT.values()} | {Credit.WITHHELD} == set(Credit)


def test_only_a_banks_word_leads_out_of_what_was_sent():
    out = {event for (state, event) in CREDIT if state in {Credit.SENT, Credit.UNKNOWN}}
    assert out == {"accept", "refuse", "silence", "resend"}
    assert not [after for (before, _), after in CREDIT.items()
                if before in {Credit.SENT, Credit.UNKNOWN} and after is Credit.FILE]


def test_what_is_with_the_bank_is_never_withdrawn_or_filed():
    for given in GIVEN:
        assert (given, "withdraw") not in CREDIT
        assert (given, "file") not in CREDIT


def test_a_count_moves_what_has_left_its_safe_alone():
    assert [state for state, event in CUSTODY if event == "matched"] == [Custody.PICKED_UP]
    assert (Custody.REPORTED, "differed_decided") not in CUSTODY


def test_steps_are_the_table():
    for event in {event for _, event in (*CUSTODY, *CREDIT)}:
        column, pairs = steps(event)
        table = CUSTODY if column == "state" else CREDIT
        assert pairs == {str(before): str(after) for (before, one), after in table.items()
                         if one == event}
    with pytest.raises(KeyError):
        steps("no such event")


@pytest.mark.parametrize("number", [1, 16, 2**62])
def test_an_end_to_end_id_fits_and_names_one_deposit(number):
    made = end_to_end_id(date(2026, 11, 22), number)
    assert re.fullmatch(r"D261122[0-9A-F]+", made)
    assert len(made) <= 35
    assert int(made[7:], 16) == number
    assert made != end_to_end_id(date(2026, 11, 23), number)
    assert read_end_to_end_id(made) == (date(2026, 11, 22), number)


@pytest.mark.parametrize("text", ["", "D261122", "D261399A", "D261122A ", "D2611220A", "D261122a",
                                  "D2611228000000000000000", "D2611228000000000000001"])
def test_an_id_that_was_never_written(text):
    assert read_end_to_end_id(text) is None

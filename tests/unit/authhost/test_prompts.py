"""Prompts as a fleet writes them down, and what is wrong with their answers."""

import json
import time

import msgspec
import pytest

from authhost.model import NOT_PROMPTED, Prompted
from authhost.prompts import NAMES, decode_prompts, faults, named, wrong
from authhost.translate.prompted import NOTHING_TYPED, typed

PAN = "7801310000000000005"


def prompts(*entries):
    return decode_prompts(json.dumps(entries))


@pytest.mark.parametrize(("entry", "says"), [
    ({"prompt": "shoe_size"}, "shoe_size"), ({}, "prompt"), ({"prompt": "job", "x": 1}, "x"),
    ({"prompt": "job", "min_step": 1}, "no meter"),
    ({"prompt": "odometer", "min_step": -1}, ">= 0"),
    ({"prompt": "odometer", "min_step": 5, "max_step": 4}, "more than"),
    ({"prompt": "job", "pattern": ""}, "length"), ({"prompt": "job", "pattern": "["}, "pattern"),
    ({"prompt": "job", "pattern": "(a+)+"}, "groups"),
    ({"prompt": "job", "pattern": "a*a*a*a*"}, "open length"),
    ({"prompt": "job", "pattern": "a{1,2}b{3,}c?d+"}, "open length"),
    ({"prompt": "job", "pattern": "a**"}, "pattern"), ({"prompt": "job", "required": 1}, "bool"),
])
def test_a_prompt_that_cannot_be_asked_says_why(entry, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        prompts(entry)


def test_a_prompt_is_asked_once():
    with pytest.raises(ValueError, match="job is there twice"):
        prompts({"prompt": "job"}, {"prompt": "job"})


def test_every_prompt_is_an_answer_of_a_request():
    assert set(NAMES) | {"unreadable"} == set(Prompted.__struct_fields__)
    assert decode_prompts("[]") == ()


@pytest.mark.parametrize(("entry", "answer", "reason"), [
    ({"required": True}, "", "prompt_missing:job"), ({"required": True}, "7", ""), ({}, "", ""),
    ({"pattern": "[0-9]{4}"}, "1234", ""), ({"pattern": "[0-9]{4}"}, "12345", "prompt_wrong:job"),
    ({"pattern": "[0-9]{4}"}, "x1234", "prompt_wrong:job"), ({"pattern": "[0-9]{4}"}, "", ""),
    ({"pattern": r"\(\d\)|A[(+*?]\d"}, "(1)", ""), ({"pattern": r"\(\d\)|A[(+*?]\d"}, "A?2", ""),
    ({"pattern": r"\d"}, "\u0663", "prompt_wrong:job"),
])
def test_an_answer_is_missing_or_of_another_form(entry, answer, reason):
    assert wrong(prompts({"prompt": "job", **entry}), Prompted(job=answer)) == reason


def test_what_cannot_be_read_is_wrong_whether_required_or_not():
    asked = prompts({"prompt": "odometer"}, {"prompt": "driver_number", "required": True})
    assert faults(asked, Prompted(unreadable=("odometer",))) == (
        "prompt_wrong:odometer", "prompt_missing:driver_number")
    assert wrong(asked, Prompted(driver_number="1", unreadable=("trailer",))) == ""
    assert wrong((), NOT_PROMPTED) == ""


@pytest.mark.parametrize(("reason", "name"), [
    ("prompt_missing:job", "job"), ("prompt_wrong:odometer", "odometer"), ("limit:card", ""),
    ("approved", "")])
def test_a_reason_names_its_prompt(reason, name):
    assert named(reason) == name


def test_no_pattern_is_slow():
    asked = prompts({"prompt": "job", "pattern": ".*.*.*x"})
    started = time.perf_counter()
    assert wrong(asked, Prompted(job="a" * 20))
    assert time.perf_counter() - started < 0.05


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("odometer",
                                                                         "engine_hours")])
@pytest.mark.parametrize("answer", [
    PAN, PAN[:16], " " + PAN, "7801 3100 0000 0000", "7801-3100-0000-0000-005", "4111111111111111",
    "700123456787", "x" * 21, "1" * 16])
@pytest.mark.invariant(15)
def test_what_could_be_a_cards_number_is_not_kept(name, answer):
    found = typed({name: answer, "odometer": "5"})
    assert found.prompted == Prompted(odometer="5", unreadable=(name,))
    assert found.answers == {"odometer": "5"}
    assert answer.strip() not in repr(found)


@pytest.mark.parametrize(("name", "answer", "kept"), [
    ("odometer", "123456", "123456"), ("odometer", "000123", "123"), ("odometer", "0", "0"),
    ("odometer", "00", "0"), ("odometer", "12345678", "12345678"), ("engine_hours", "999999",
                                                                    "999999"),
    ("driver_number", " 0042 ", "0042"), ("vehicle_number", "LJ 12-ABC", "LJ 12-ABC"),
    ("order_number", "123456789012", "123456789012"), ("job", "x" * 20, "x" * 20)])
def test_an_answer_is_kept_as_it_was_typed_but_for_a_meters_zeros(name, answer, kept):
    assert typed({name: answer}).prompted == Prompted(**{name: kept})


@pytest.mark.parametrize(("name", "answer"), [
    ("odometer", "123456789"), ("odometer", "12.5"), ("odometer", "-1"), ("odometer", "\u0663"),
    ("engine_hours", "1234567"), ("engine_hours", "x")])
def test_a_meter_that_shows_no_number_is_named(name, answer):
    assert typed({name: answer}).prompted == Prompted(unreadable=(name,))


def test_nothing_typed_is_nothing():
    assert typed({"job": " ", "odometer": ""}) is NOTHING_TYPED
    assert NOTHING_TYPED.prompted is NOT_PROMPTED

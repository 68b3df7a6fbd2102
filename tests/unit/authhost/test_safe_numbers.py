"""The device's own numbers: which came, which are missing."""

import random

import pytest

from authhost.safes.sequences import Numbers, header


def numbers(*values):
    made = Numbers()
    for value in values:
        made.add(value)
    return made


def test_what_is_missing_is_told_from_one():
    made = numbers(8, 10, 11, 14)
    assert made.gaps() == ((1, 7), (9, 9), (12, 13))
    assert made.gaps(2) == ((1, 7), (9, 9))
    assert header(made.gaps()) == "1-7,9,12-13"
    assert numbers().gaps() == numbers(1, 2).gaps() == ()


def test_at_most_32_ranges_are_asked_for_at_once():
    assert len(numbers(*range(2, 200, 2)).gaps()) == 32


def test_any_order_makes_the_same_set():
    chance = random.Random(5)
    for _ in range(50):
        wanted = chance.sample(range(1, 60), 30)
        made = numbers(*wanted, *wanted[:5])
        assert [one for one in range(1, 61) if one in made] == sorted(wanted)
        missing = {one for first, last in made.gaps(99) for one in range(first, last + 1)}
        assert missing == set(range(1, max(wanted))) - set(wanted)


def test_the_text_is_a_multirange():
    assert numbers(1, 2, 5).text() == "{[1,3),[5,6)}"
    assert numbers().text() == "{}"


@pytest.mark.parametrize(("first", "gaps"), [
    (1, ((1, 2), (5, 6))), (2, ((2, 2), (5, 6))), (3, ((5, 6),)), (4, ((5, 6),)), (5, ((5, 6),)),
    (6, ((6, 6),)), (7, ()), (8, ()), (9, ((9, 9),)), (12, ((12, 12),))])
def test_a_device_that_was_there_before_begins_later(first, gaps):
    made = numbers(3, 4, 7, 8)
    made.begin(first)
    if first > 8:
        made.add(first + 1)
    assert made.gaps() == gaps
    assert all(one in made for one in range(1, first))

"""The code of a receipt: there and back, mistypings found, nothing without the key."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.receipts import code

KEY = bytes(range(32))
DIGEST = bytes(range(100, 132))
DAY = date(2026, 11, 22)
MADE = code.made(KEY, DAY, 1_975_296, DIGEST)
RAW = MADE.replace("-", "")
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.dates(date(2000, 1, 1), date(2170, 1, 1)), st.integers(0, 2**44 - 1),
       st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_there_and_back(day, number, digest, key):
    place = code.read(key, code.made(key, day, number, digest))
    assert (place.business_date, place.journal_id) == (day, number)
    assert code.fits(place, digest)
    assert not code.fits(place, bytes([digest[0] ^ 1]) + digest[1:])


def test_it_is_five_groups_of_five_that_are_the_same_in_any_writing():
    assert [len(group) for group in MADE.split("-")] == [5] * 5
    place = code.read(KEY, MADE)
    assert code.read(KEY, MADE.lower().replace("-", " ")) == place
    assert code.read(KEY, f"  {RAW[:7]} {RAW[7:]}\n") == place
    assert code.read(KEY, RAW.replace("0", "O").replace("1", "l")) == place


def test_each_wrong_character_and_each_swap_is_found():
    for at, letter in itertools.product(range(25), LETTERS):
        if letter != RAW[at]:
            with pytest.raises(code.BadCode, match="check character"):
                code.read(KEY, RAW[:at] + letter + RAW[at + 1:])
    for one, other in itertools.combinations(range(25), 2):
        if RAW[one] != RAW[other]:
            swapped = list(RAW)
            swapped[one], swapped[other] = RAW[other], RAW[one]
            with pytest.raises(code.BadCode, match="check character"):
                code.read(KEY, "".join(swapped))


@pytest.mark.parametrize(("text", "why"), [
    ("", "five groups"), (RAW[:-1], "five groups"), (RAW + "0", "five groups"),
    ("U" + RAW[1:], "'U'"), ("é" + RAW[1:], "'É'"), ("\0" + RAW[1:], "'.x00'"),
    ("ß" + RAW[2:], "'S'|check"), ("A" * 100_000, "five groups")])
def test_what_cannot_be_a_code_says_why(text, why):
    with pytest.raises(code.BadCode, match=why):
        code.read(KEY, text)


def test_another_key_finds_another_place():
    """So a code tells nobody the day or the number, and none can be made without the key."""
    place = code.read(bytes(32), MADE)
    assert (place.business_date, place.journal_id) != (DAY, 1_975_296)
    near = code.made(KEY, DAY, 1_975_312, bytes(32))
    assert sum(a == b for a, b in zip(RAW, near.replace("-", ""), strict=True)) < 10

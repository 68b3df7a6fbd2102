"""Phone numbers in every form that people write them, and codes as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.phone_numbers import MOST, e164
from authhost.phones.codes import CHANCE_BYTES, LONG, code_of, hashed, normal

SAME = "+38640123456"
WIDE = "+" + "".join(chr(0xFF10 + int(digit)) for digit in SAME[1:])  # as they are typed in Asia


@pytest.mark.parametrize("text", [
    "+38640123456", "+386 40 123 456", "+386 (0)40 123-456", "00386 40 123456", "040 123 456",
    "040/123-456", "040.123.456", "tel:+386-40-123-456", "(040) 123 456",
    "+386\u201140\u2011123\u2011456", "٠٤٠١٢٣٤٥٦", WIDE, "\ufeff+38640123456",
    "\u202a+386 40 123 456\u202c", " +386\u00a040\u2009123456 "])
def test_one_number_in_many_forms(text: str) -> None:
    assert e164(text, "SI") == SAME


@pytest.mark.parametrize(("text", "region", "why"), [
    ("040123456", "", "no country code"), ("", "", "no phone number"), ("+", "", "no phone"),
    ("hello", "SI", "letters"), ("1-800-FLOWERS", "US", "letters"),
    ("+38640123456;ext=5", "", "extension"), ("+386 40 123 456 #77", "", "extension"),
    ("+386\x0040123456", "", "control"), ("+38640123456\n", "", "control"),
    ("+3864", "", "short"), ("+38640123456789012345", "", "long"), ("112", "SI", "short"),
    ("+999 123 456", "", "country code"), ("+38610000000", "", "no number of that country"),
    ("1" * (MOST + 1), "SI", f"longer than {MOST}"), ("040123456", "XX", "no country"),
    ("040123456", "si", "no country"), ("\ud800" + SAME, "", "control")])
def test_what_is_wrong_is_said(text: str, region: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        e164(text, region)


@given(st.text(max_size=MOST + 5), st.sampled_from(["", "SI", "US", "DE"]))
def test_whatever_comes_is_a_number_or_a_clear_error(text: str, region: str) -> None:
    try:
        found = e164(text, region)
    except ValueError as error:
        found, why = "", str(error)
    if not found:
        assert why.startswith(("it ", "no number", "there is no such"))
        return
    assert found[0] == "+"
    assert found[1:].isascii()
    assert found[1:].isdecimal()
    assert 7 <= len(found[1:]) <= 15
    assert e164(found) == found


@given(st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES))
def test_a_code_is_read_as_it_was_written(chance: bytes) -> None:
    code = code_of(chance)
    assert len(code) == LONG
    misread = code.lower().replace("0", "o").replace("1", "i")
    assert normal(code) == normal(f" {misread[:3]}-{misread[3:]} ") == code


def test_every_bit_of_chance_up_to_fifty_counts() -> None:
    codes = {code_of((1 << bit).to_bytes(CHANCE_BYTES)) for bit in range(50)}
    assert len(codes) == 50
    assert code_of(bytes(CHANCE_BYTES)) not in codes


@pytest.mark.parametrize("typed", ["", "0" * 9, "0" * 11, "U" * 10, "ÄÖÜÄÖÜÄÖÜÄ", "0" * 10_000])
def test_what_can_be_no_code(typed: str) -> None:
    assert normal(typed) == ""


def test_a_code_is_kept_under_a_key_and_for_one_phone() -> None:
    one = hashed(b"s" * 32, SAME, "0123456789")
    assert len({one, hashed(b"t" * 32, SAME, "0123456789"),
                hashed(b"s" * 32, "+38640123457", "0123456789")}) == 3

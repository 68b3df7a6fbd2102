"""What profiles say of fleet data: sub-elements by their bit, entry modes, rest lines, totals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iso
from iso.errors import DecodeError, EncodeError
from iso.profiles import names
from iso.subfields import Left, Prompt, TotalLine
from iso.subfields.rest import read_rest, write_rest
from iso.subfields.shift import fitting, read_shift, write_shift

CONTROL = {4: "0000123456", 8: (Prompt("4", "1"),), 9: "7801=3012", 14: "13", 39: "x"}
LINE = TotalLine("fleet", "001", "sale", 3, 12_345, 45_678)
ELEMENTS = (124, 123)


@pytest.mark.parametrize("name", names())
@given(given=st.sets(st.sampled_from(sorted(CONTROL)), min_size=1))
def test_a_bit_says_whether_a_sub_element_is_there(name, given):
    profile = iso.get(name)
    raw = profile.encode_control({number: CONTROL[number] for number in sorted(given)})
    for number in range(1, 65):
        assert profile.control_has(number)(raw) is (number in given)


@pytest.mark.parametrize("raw", ["", "\xff", "F", "zzzzzzzzzzzzzzzz"])
@pytest.mark.parametrize("name", ["ifsf", "iso87"])
def test_what_has_no_bitmap_has_no_sub_element(name, raw):
    assert not iso.get(name).control_has(9)(raw)


@pytest.mark.parametrize(("name", "raw", "entry"), [
    ("ifsf", "B00101600145", "key"), ("ifsf", "B00101100145", "key"),
    ("ifsf", "B00101200145", "stripe"), ("ifsf", "B00101500145", "chip"),
    ("ifsf", "B00101000145", ""), ("ifsf", None, ""), ("ifsf", "B0", ""),
    ("iso87", "012", "key"), ("iso87", "021", "stripe"), ("iso87", "051", "chip"),
    ("iso87", "901", "stripe"), ("iso87", "000", "")])
def test_how_a_card_came(name, raw, entry):
    assert iso.get(name).fleet.entry.of(raw) == entry


@pytest.mark.parametrize("name", names())
def test_each_prompt_has_a_type_to_ask_by_and_an_order_has_two(name):
    fleet = iso.get(name).fleet
    for prompt in ("odometer", "engine_hours", "driver_number", "vehicle_number", "trailer", "job",
                   "order_number"):
        assert fleet.prompts[fleet.type_of(prompt)] == prompt
    assert fleet.type_of("order_number") == "8"
    assert fleet.prompts["9"] == "order_number"
    assert fleet.type_of("shoe_size") == ""


def test_what_is_left_is_a_line_a_product():
    layout = iso.get("ifsf").products_layout
    lines = (Left("*", None, Decimal("45.25")), Left("001", Decimal("12.50"), Decimal(8)),
             Left("002", Decimal(-3)), Left("003", None, Decimal("0.001")), Left("004"))
    text = write_rest(lines, "EUR", layout)
    assert text == "* 45.250 L\\001 12.50 EUR 8.000 L\\002 0 EUR\\003 0.001 L"
    assert read_rest(text) == (lines[0], lines[1], Left("002", Decimal(0)), lines[3])
    assert read_rest("THANK YOU, DRIVE SAFELY") == ()


def test_lines_that_find_no_room_are_left_out_whole():
    profile = iso.get("ifsf")
    lines = tuple(Left(f"{number:03}", Decimal(10**9)) for number in range(99))
    text = write_rest(lines, "EUR", profile.products_layout)
    kept = read_rest(text)
    assert 0 < len(kept) < len(lines)
    assert kept == lines[:len(kept)]
    full = iso.subfields.Products(tuple(f"{number:03}" for number in range(33)), "0", text)
    assert profile.products(profile.encode_products(full)) == full


NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1)
TEXTS = st.text("019AZaz- .", max_size=12)
LINES = st.lists(st.builds(
    TotalLine, TEXTS, TEXTS, st.sampled_from(("sale", "return", "reversal", "offline_sale")),
    st.integers(0, 10**6), NUMBERS, NUMBERS), max_size=60).map(tuple)


@given(LINES)
def test_totals_go_both_ways_as_far_as_they_fit(lines):
    kept = fitting(lines, ELEMENTS)
    assert kept == lines[:len(kept)]
    assert read_shift(dict(write_shift(kept, ELEMENTS)), ELEMENTS) == kept
    if len(kept) < len(lines):
        with pytest.raises(EncodeError):
            write_shift(lines[:len(kept) + 1], ELEMENTS)


def test_many_totals_run_on_into_the_second_element():
    fields = write_shift((LINE,) * 50, ELEMENTS)
    assert set(fields) == {124, 123}
    assert all(len(text) <= 999 for text in fields.values())
    profile = iso.get("ifsf")
    message = iso.Message("1520", dict(sorted(fields.items())))
    there = profile.codec.decode(profile.codec.encode(message))
    assert read_shift(there.fields, ELEMENTS) == (LINE,) * 50


def test_text_that_the_form_cannot_carry_is_refused_and_left_out():
    bad = TotalLine("a/b", "", "sale", 1, 1, 1)
    with pytest.raises(EncodeError, match=r"124\.line\[2\]"):
        write_shift((LINE, bad), ELEMENTS)
    assert fitting((bad, LINE), ELEMENTS) == (LINE,)


@pytest.mark.parametrize(("text", "where"), [
    ("x", "124.count"), ("002a\\b\\S\\1\\2\\3", "124.count"), ("01", "124.count"),
    ("001a\\b\\S\\1\\2", "124.line[1]"), ("001a\\b\\X\\1\\2\\3", "124.line[1].kind"),
    ("001a\\b\\S\\-1\\2\\3", "124.line[1].count"), ("001a\\b\\S\\1\\2.5\\3", "124.line[1]"),
    ("001a\\b\\S\\1\\" + "9" * 16 + "\\3", "124.line[1]"), ("001a\n\\b\\S\\1\\2\\3", "124.line[1]"),
])
def test_totals_that_are_none_name_their_line(text, where):
    with pytest.raises(DecodeError) as error:
        read_shift({124: text}, ELEMENTS)
    assert error.value.field == where

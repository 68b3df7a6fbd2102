"""The compiled paths of elements 48, 62 and 63 against the careful ones: one verdict, one value.

The careful paths are the oracle. They are reached by the forms' own parts, so that each text is
given to both, whatever the form would have chosen.
"""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iso
from iso.compiled import FIRST_USES
from iso.profiles import names
from iso.subfields import Hidden, Products, Prompt, Purchase, SaleItem, VatRate
from iso.subfields.control import ControlForm
from iso.subfields.products import ProductsForm
from iso.subfields.purchase import PurchaseForm

PURCHASE_FORMS = {name: PurchaseForm(iso.get(name).purchase_layout) for name in names()}
CONTROL_FORMS = {name: ControlForm(iso.get(name).control_layout) for name in names()}
PRODUCTS_FORMS = {name: ProductsForm(iso.get(name).products_layout) for name in names()}

TEXTS = st.text("AZaz019 -.é\\/\n\u20ac", max_size=16)
NUMBERS = st.decimals(-99, 99_999, places=3) | st.decimals() | st.decimals(0, 1, places=12)
AMOUNTS = st.decimals(-99_999, 99_999, places=2) | st.decimals(-9, 9, places=0) | st.decimals()
ONE = st.sampled_from("LGU019") | TEXTS
ANY_ITEMS = st.builds(SaleItem, TEXTS, ONE, NUMBERS, NUMBERS, AMOUNTS, ONE, TEXTS, ONE)
POSITIVE = st.decimals(0, 9_999, places=3)


def verdict(function, *arguments):
    """The value in words that also tell 1.0 from 1.00, or the fault: all that a caller can see."""
    try:
        value = function(*arguments)
    except iso.DecodeError as error:
        return type(error), error.field, error.position, error.reason
    except iso.EncodeError as error:
        return type(error), error.field, error.reason
    return value, repr(value)


def good_items(name):
    present = {one for column in iso.get(name).purchase_layout.columns for one in column}

    def text(attribute, strategy):
        return strategy if attribute in present else st.just("")

    return st.builds(
        SaleItem,
        product=st.text("ABé019", min_size=1, max_size=14),
        unit=st.sampled_from("LGU"),
        quantity=POSITIVE,
        unit_price=POSITIVE,
        amount=st.decimals(-99_999, 99_999, places=2),
        tax_code=text("tax_code", st.sampled_from("0159")),
        additional_code=text("additional_code", st.text("ABé01 ", max_size=14)),
        payment_type=text("payment_type", st.sampled_from("0159")),
    )


def purchases(name, items):
    chars = dict(iso.get(name).purchase_layout.head).get("format_id", 0)
    head = st.sampled_from("SF") | st.text("S\\/é\n", max_size=2)
    kind = st.just("01"[:chars]) | st.text("01\\/", max_size=2)
    return st.builds(Purchase, head, st.lists(items, max_size=5).map(tuple), kind)


@st.composite
def damaged(draw, wire):
    """The text, cut short, or with a few characters put in or in place of others."""
    at = draw(st.integers(0, len(wire)))
    wrong = draw(st.text("\\/-+.0159LE \n\xad\u0661é", max_size=3))
    return draw(st.sampled_from([wire, wire[:at], wire[:at] + wrong + wire[at:]])) or (
        wire[:at] + wrong + wire[at + len(wrong) :]
    )


@pytest.mark.parametrize("name", names())
@given(data=st.data(), exponent=st.sampled_from([0, 2, 3]))
@settings(max_examples=200)
def test_a_purchase_is_read_as_the_careful_path_reads_it(name, data, exponent):
    form = PURCHASE_FORMS[name]
    wire = verdict(form.encode, data.draw(purchases(name, good_items(name))), 2)[0]
    raw = data.draw(damaged(wire if isinstance(wire, str) else "S01"))
    assert verdict(form.decode, raw, exponent) == verdict(form._careful_reader.read, raw, exponent)


@pytest.mark.parametrize("name", names())
@given(data=st.data(), exponent=st.sampled_from([0, 2, 3]))
@settings(max_examples=200)
def test_a_purchase_is_written_as_the_careful_path_writes_it(name, data, exponent):
    form = PURCHASE_FORMS[name]
    purchase = data.draw(purchases(name, good_items(name) | ANY_ITEMS))
    expected = verdict(form._careful_writer.write, purchase, exponent)
    assert verdict(form.encode, purchase, exponent) == expected


@pytest.mark.parametrize("name", names())
@given(data=st.data())
def test_the_usual_purchase_never_needs_the_careful_path(name, data):
    form, profile = PURCHASE_FORMS[name], iso.get(name)
    chars = dict(profile.purchase_layout.head).get("format_id", 0)
    items = data.draw(st.lists(good_items(name), min_size=1, max_size=9))
    purchase = Purchase("S", tuple(items), "01"[:chars])
    raw = form._write(purchase, 2)
    assert raw is not None
    assert form._read(raw, 2) == purchase


def test_the_longest_list_of_items_is_compiled_too():
    item = SaleItem("1", "L", Decimal(1), Decimal(1), Decimal("-0.00"))
    form = PURCHASE_FORMS["ifsf"]
    for count in (1, 17, 18):
        raw = form._write(Purchase("S", (item,) * count), 2)
        assert form._read(raw, 2).items == (item,) * count
    assert verdict(form.encode, Purchase("S", (item,) * 19), 2)[1] == "63.count"


ANSWERS = st.lists(st.builds(Prompt, ONE, TEXTS), max_size=4).map(tuple)
RATES = st.lists(st.builds(VatRate, TEXTS, NUMBERS | POSITIVE), max_size=3).map(tuple)
GOOD_TEXTS = st.text("AZaz019 é", max_size=16)
GOOD_ANSWERS = st.lists(st.builds(Prompt, st.sampled_from("134"), GOOD_TEXTS), max_size=4).map(
    tuple
)
GOOD_RATES = st.lists(
    st.builds(VatRate, st.sampled_from(["1", "AB"]), st.decimals(0, 99, places=2)), max_size=3
).map(tuple)
WRONG = TEXTS | ANSWERS | RATES | st.lists(st.just("E"), max_size=2)
CONTROL = {
    3: st.just("EN"),
    4: st.integers(0, 10**10 - 1).map("{:010}".format),
    6: GOOD_TEXTS,
    8: GOOD_ANSWERS,
    9: st.just(Hidden("7801310000009999490=2812")),
    14: st.just("13"),
    32: GOOD_RATES,
}


@pytest.mark.parametrize("name", names())
@given(data=st.data())
@settings(max_examples=200)
def test_control_is_read_as_the_careful_path_reads_it(name, data):
    form = CONTROL_FORMS[name]
    wire = form._write(data.draw(st.fixed_dictionaries({}, optional=CONTROL)))
    for _ in range(FIRST_USES):
        form.decode(wire)
    assert form._bitmap_chars == len(wire) or wire[: form._bitmap_chars] in form._readers.functions
    raw = data.draw(damaged(wire))
    assert verdict(form.decode, wire) == verdict(form._read, wire)
    assert verdict(form.decode, raw) == verdict(form._read, raw)


@pytest.mark.parametrize("name", names())
@given(data=st.data())
@settings(max_examples=200)
def test_control_is_written_as_the_careful_path_writes_it(name, data):
    form = CONTROL_FORMS[name]
    values = data.draw(st.fixed_dictionaries({}, optional=CONTROL))
    numbers = data.draw(st.permutations(list(values)))
    values = {number: values[number] for number in numbers}
    for _ in range(FIRST_USES):
        form.encode(values)
    assert tuple(numbers) in form._writers.functions
    assert verdict(form.encode, values) == verdict(form._write, values)
    for number in numbers[:2]:
        wrong = values | {number: data.draw(WRONG)}
        assert verdict(form.encode, wrong) == verdict(form._write, wrong)


def test_control_readers_are_bounded_and_malformed_text_never_counts():
    form = CONTROL_FORMS["ifsf"]
    before = dict(form._readers._counts)
    for _ in range(FIRST_USES + 1):
        verdict(form.decode, "\x10" + "\0" * 7 + "short")
        verdict(form.decode, "\0" * 7 + "\x01")
    assert form._readers._counts == before
    assert len(form._readers.functions) <= form._readers._capacity


@pytest.mark.parametrize("name", names())
@given(data=st.data())
@settings(max_examples=200)
def test_products_are_read_as_the_careful_path_reads_them(name, data):
    form = PRODUCTS_FORMS[name]
    codes = data.draw(st.lists(st.text("019é", min_size=3, max_size=3), max_size=20))
    wire = form.encode(Products(tuple(codes), "1", data.draw(TEXTS)))
    raw = data.draw(damaged(wire))
    assert verdict(form._from_tables, wire) == verdict(form._part_by_part, wire)
    assert verdict(form.decode, raw) == verdict(form._part_by_part, raw)

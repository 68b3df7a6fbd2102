"""Elements 48, 62 and 63: exact inverses, exact faults."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iso
from iso.profiles import names
from iso.subfields import Hidden, Products, Prompt, Purchase, SaleItem, VatRate
from iso.subfields.numbers import read_minor, read_scaled, write_minor, write_scaled

WORDS = st.text("ABCabc019 -.é", max_size=12)
WORD = st.text("ABCabc019", min_size=1, max_size=3)
QUANTITIES = st.decimals(0, 999_999, places=3) | st.decimals(0, 9_999, places=0)
AMOUNTS = st.decimals(-99_999, 99_999, places=2)


@st.composite
def purchases(draw, name):
    layout = iso.get(name).purchase_layout
    present = {attribute for column in layout.columns for attribute in column}
    one = st.sampled_from("0159AZ")
    items = draw(
        st.lists(
            st.builds(
                SaleItem,
                product=WORD,
                unit=st.sampled_from("LGKU"),
                quantity=QUANTITIES,
                unit_price=QUANTITIES,
                amount=AMOUNTS,
                tax_code=one if "tax_code" in present else st.just(""),
                additional_code=WORDS if "additional_code" in present else st.just(""),
                payment_type=one if "payment_type" in present else st.just(""),
            ),
            max_size=5,
        )
    )
    chars = dict(layout.head).get("format_id", 0)
    return Purchase(draw(st.sampled_from("SF")), tuple(items), "01"[:chars])


@pytest.mark.parametrize("name", names())
@given(data=st.data())
def test_a_purchase_is_read_back_as_it_was_written(name, data):
    profile = iso.get(name)
    purchase = data.draw(purchases(name))
    raw = profile.encode_purchase(purchase)
    assert profile.purchase(raw) == purchase
    assert profile.encode_purchase(profile.purchase(raw)) == raw


CONTROLS = st.fixed_dictionaries(
    {},
    optional={
        1: WORDS,
        2: WORDS,
        3: st.sampled_from(["EN", "RU"]),
        4: st.integers(0, 10**10 - 1).map("{:010}".format),
        5: WORDS,
        6: WORDS,
        8: st.lists(st.builds(Prompt, st.sampled_from("0134AUa"), WORDS), max_size=9).map(tuple),
        9: st.just(Hidden("7801310000009999490=2812")),
        14: st.just("13"),
        32: st.lists(st.builds(VatRate, WORD, st.decimals(0, 99, places=2)), max_size=5).map(tuple),
        37: st.sampled_from("12"),
        39: WORDS,
    },
)


@pytest.mark.parametrize("name", names())
@given(values=CONTROLS)
def test_control_is_read_back_as_it_was_written(name, values):
    profile = iso.get(name)
    raw = profile.encode_control(values)
    assert profile.control(raw) == values
    assert profile.encode_control(profile.control(raw)) == raw


@pytest.mark.parametrize("name", names())
@given(
    codes=st.lists(st.text("0123456789", min_size=3, max_size=3), max_size=20),
    device=st.sampled_from("0129"),
    text=st.text(st.characters(max_codepoint=255), max_size=200),
)
def test_products_are_read_back_as_they_were_written(name, codes, device, text):
    profile = iso.get(name)
    products = Products(tuple(codes), device, text)
    assert profile.products(profile.encode_products(products)) == products


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("read", ["control", "products", "purchase"])
@given(
    raw=st.text(st.characters(max_codepoint=255), max_size=60) | st.text("S0123\\/.-L", max_size=40)
)
def test_any_text_is_read_or_refused_with_a_place(name, read, raw):
    profile = iso.get(name)
    fault = None
    try:
        getattr(profile, read)(raw)
    except iso.DecodeError as error:
        fault = error
    if fault is not None:
        assert fault.field.partition(".")[0] in ("48", "62", "63")
        assert 0 <= fault.position <= len(raw)


def test_the_forms_on_the_wire():
    items = (
        SaleItem("001", "L", Decimal("20.125"), Decimal("1.199"), Decimal("24.13"), "1", "D"),
        SaleItem("905", "U", Decimal("1"), Decimal("0.05"), Decimal("-0.05"), "1"),
    )
    assert iso.get("ifsf").encode_purchase(Purchase("S", items)) == (
        "S02001\\L\\320125\\31199\\2413\\1\\D\\905\\U\\01\\25\\-5\\1\\"
    )
    bare = tuple(SaleItem(one.product, *_numbers(one)) for one in items)
    assert iso.get("x9tg23").encode_purchase(Purchase("S", bare, "01")) == (
        "01S002001\\L320125\\31199\\2413\\905\\U01\\25\\-5\\"
    )
    ops = tuple(SaleItem(one.product, *_numbers(one), "0", "", "5") for one in items)
    assert iso.get("ops").encode_purchase(Purchase("F", ops, "0")) == (
        "F0205L0001\\20.125\\1.199\\24.13/5U0905\\1\\0.05\\-0.05"
    )
    assert iso.get("ifsf").encode_products(Products(("001", "002"), "1", "BYE")) == (
        "060010021003BYE"
    )
    assert iso.get("iso87").encode_control({3: "EN"}) == "2000000000000000EN"


def _numbers(item: SaleItem) -> tuple[str, Decimal, Decimal, Decimal]:
    return item.unit, item.quantity, item.unit_price, item.amount


ITEM = "001\\L\\320125\\31199\\2413\\1\\"


@pytest.mark.parametrize(
    ("read", "raw", "field", "position"),
    [
        ("purchase", "S0", "63.count", 0),
        ("purchase", "S19" + ITEM, "63.count", 0),
        ("purchase", "S02" + ITEM, "63.count", 0),
        ("purchase", f"S02{ITEM}\\001\\L\\3x\\31199\\2413\\1\\", "63.item[2].quantity", 36),
        ("purchase", f"S02{ITEM}\\001\\L\\5123456\\31199\\1\\1\\", "63.item[2].quantity", 36),
        ("purchase", f"S02{ITEM}\\001\\L\\3", "63.item[2]", 30),
        ("purchase", "S01\\L\\320125\\31199\\2413\\1\\", "63.item[1].product", 3),
        ("purchase", "S01001\\LL\\320125\\31199\\2413\\1\\", "63.item[1].unit", 7),
        ("purchase", "S01001\\L\\320125\\31199\\24.13\\1\\", "63.item[1].amount", 22),
        ("purchase", "S01001\\L\\320125\\31199\\2413\\\n\\", "63.item[1].tax_code", 27),
        ("control", "\0\0", "48", 0),
        ("control", "\x01" + "\0" * 7, "48.8", 8),
        ("control", "\0" * 7 + "\x01", "48.64", 0),
        ("control", "\x10" + "\0" * 7 + "00001234x6", "48.4", 8),
        ("control", "\x10" + "\0" * 7 + "0000", "48.4", 8),
        ("control", "\x08" + "\0" * 7 + "+1x", "48.5", 8),
        ("control", "\x01" + "\0" * 7 + "0050234711", "48.8", 11),
        ("control", "\0" * 8 + "x", "48", 8),
        ("products", "xx", "62.1", 0),
        ("products", "0400110000", "62.1", 2),
        ("products", "03001x000", "62.2", 5),
        ("products", "030011003BY", "62.3", 9),
    ],
)
def test_a_fault_is_named_with_its_place(read, raw, field, position):
    with pytest.raises(iso.DecodeError) as caught:
        getattr(iso.get("ifsf"), read)(raw)
    assert (caught.value.field, caught.value.position) == (field, position)


GOOD = SaleItem("001", "L", Decimal("1"), Decimal("1"), Decimal("1"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"product": ""}, "63.item[1].product"),
        ({"product": "a\\b"}, "63.item[1].product"),
        ({"unit": "LL"}, "63.item[1].unit"),
        ({"quantity": Decimal("-1")}, "63.item[1].quantity"),
        ({"quantity": Decimal("1.23456")}, "63.item[1].quantity"),
        ({"unit_price": Decimal("NaN")}, "63.item[1].unit_price"),
        ({"amount": Decimal("1.005")}, "63.item[1].amount"),
        ({"amount": Decimal("Infinity")}, "63.item[1].amount"),
        ({"amount": Decimal("1E+20")}, "63.item[1].amount"),
        ({"payment_type": "5"}, "63.item[1].payment_type"),
        ({"additional_code": "\u20ac"}, "63.item[1].additional_code"),
    ],
)
def test_an_item_that_cannot_be_written_is_named(change, field):
    values = {name: getattr(GOOD, name) for name in SaleItem.__struct_fields__}
    with pytest.raises(iso.EncodeError) as caught:
        iso.get("ifsf").encode_purchase(Purchase("S", (SaleItem(**values | change),)))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({7: "x"}, "48.7"),
        ({3: "ENG"}, "48.3"),
        ({4: "12345"}, "48.4"),
        ({8: "text"}, "48.8"),
        ({8: (Prompt("44", "1"),)}, "48.8"),
        ({32: (Prompt("4", "1"),)}, "48.32"),
        ({32: (VatRate("", Decimal(1)),)}, "48.32"),
        ({3: (VatRate("1", Decimal(1)),)}, "48.3"),
        ({6: "\n"}, "48.6"),
    ],
)
def test_control_that_cannot_be_written_is_named(values, field):
    with pytest.raises(iso.EncodeError) as caught:
        iso.get("ifsf").encode_control(values)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("products", "field"),
    [
        (Products(("12",), "1", ""), "62.1"),
        (Products(("001",) * 34, "1", ""), "62.1"),
        (Products((), "x", ""), "62.2"),
        (Products((), "1", "x" * 999), "62.3"),
    ],
)
def test_products_that_cannot_be_written_are_named(products, field):
    with pytest.raises(iso.EncodeError) as caught:
        iso.get("ifsf").encode_products(products)
    assert caught.value.field == field


@pytest.mark.parametrize("exponent", [0, 2, 3])
@given(minor=st.integers(-(10**12) + 1, 10**12 - 1))
def test_minor_units_follow_the_currency(exponent, minor):
    value = read_minor(str(minor), exponent)
    assert value * 10**exponent == minor
    assert write_minor(value, exponent) == str(minor)


def test_decimals_keep_what_they_say():
    assert read_scaled("31199") == Decimal("1.199")
    assert write_scaled(Decimal("1.199")) == "31199"
    assert write_scaled(Decimal("1.50000000")) == "415000"
    assert write_scaled(Decimal("1E+2")) == "0100"
    assert write_scaled(Decimal("0.0001")) == "41"


@pytest.mark.parametrize("places", [5, 9, 10, 12])
def test_more_decimals_than_the_notation_has_are_refused(places):
    # From ten on, two digits of decimals would read as one and a digit of the number.
    with pytest.raises(ValueError, match="4 decimals"):
        write_scaled(Decimal(1).scaleb(-places))

"""Shifts compared: totals, transactions, ranges that pass the last number. No database."""

import msgspec
import pytest

from authhost.station.comparing import (
    Booked,
    ProductTotal,
    Sum,
    Told,
    compare,
    differences,
    in_range,
    plain,
)
from authhost.station.shifts import Line

DAY = "2026-07-23"


def booked(sequence, amount, kind="sale", product="001", card_type="F", **more):
    return Booked(f"a/t/20/20260723/{sequence}", kind, card_type, sequence, DAY, amount,
                  (ProductTotal(product, amount, 0),), **more)


def told(sequence, amount, kind="sale", *products):
    return Told(kind, sequence, DAY, amount, products)


def line(count, amount, kind="sale", product="001", card_type="F"):
    return Line(card_type, product, kind, count, amount, 0)


@pytest.mark.parametrize(("sequence", "first", "last", "inside"), [
    ("000005", "1", "9", True), ("10", "1", "9", False), ("1", "000001", "000001", True),
    ("999999", "999998", "2", True), ("000001", "999998", "2", True), ("3", "999998", "2", False),
    ("999997", "999998", "2", False), ("w1", "1", "9", False), ("w1", "", "", True)])
def test_ranges(sequence, first, last, inside):
    assert in_range(sequence, first, last) is inside


def test_zeros_before_a_number_say_nothing():
    assert (plain("000120"), plain("w-01"), plain("0")) == ("120", "w-01", "0")


def test_totals_that_agree_have_no_difference():
    rows = [booked("1", 100), booked("2", 200), booked("3", 50, "return")]
    assert differences(rows, [line(2, 300), line(1, 50, "return")], {}) == ()
    assert differences([], [], {}) == ()


def test_two_lines_of_one_place_are_one():
    assert differences([booked("1", 100), booked("2", 200)], [line(1, 100), line(1, 200)], {}) == ()


def test_a_difference_says_what_each_side_has():
    found = differences([booked("1", 100)], [line(1, 99), line(1, 5, product="400")], {})
    assert [(one.product, one.host, one.terminal) for one in found] == [
        ("001", Sum(1, 100), Sum(1, 99)), ("400", Sum(), Sum(1, 5))]


def test_volume_and_card_type_count_too():
    assert differences([booked("1", 100)], [line(1, 100, card_type="G")], {})
    assert differences([booked("1", 100)], [Line("F", "001", "sale", 1, 100, 1)], {})


def test_a_reversal_in_another_shift_does_not_take_its_sale_away():
    gone = booked("1", 100, whole_back=True)
    assert differences([gone], [line(1, 100)], {}) == ()
    assert differences([gone], [], {}) != ()
    assert compare([gone], [], {}).missing_at_terminal == (gone.told(),)


def test_a_reversal_in_part_is_a_line_of_its_own():
    sale = booked("1", 100)
    back = booked("2", 30, "reversal", original_key=sale.key)
    assert differences([sale, back], [line(1, 100)], {})
    assert differences([sale, back], [line(1, 100), line(1, 30, "reversal")], {}) == ()


def test_a_transaction_that_is_told_twice_is_named():
    found = compare([booked("1", 100)], [told("000001", 100), told("1", 100)], {})
    assert found.missing_at_host == ()
    assert [one.fields for one in found.different] == [("told_twice",)]
    assert not found.agrees


def test_a_sale_that_came_as_an_advice_is_the_same_transaction():
    found = compare([booked("1", 100, "offline_sale")], [told("1", 100)], {})
    assert [(one.fields, one.host.kind) for one in found.different] == [(("kind",), "offline_sale")]


def test_of_two_under_one_number_the_likest_is_taken():
    found = compare([booked("1", 100), booked("1", 70, "offline_sale")],
                    [told("1", 70, "offline_sale")], {})
    assert [one.amount_minor for one in found.missing_at_terminal] == [100]
    assert found.different == ()


def test_products_are_compared_under_the_codes_inside():
    rows = [booked("1", 100)]
    assert compare(rows, [told("1", 100, "sale", ProductTotal("D1", 100))], {"D1": "001"}).agrees
    found = compare(rows, [told("1", 100, "sale", ProductTotal("D1", 100))], {})
    assert found.different[0].fields == ("product_totals",)
    assert compare(rows, [told("1", 100)], {}).agrees, "it told no products"


def test_another_day_is_another_transaction():
    other = msgspec.structs.replace(told("1", 100), local_date="2026-07-24")
    found = compare([booked("1", 100)], [other], {})
    assert (found.missing_at_host, len(found.missing_at_terminal)) == ((other,), 1)

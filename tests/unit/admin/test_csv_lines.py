"""Files as spreadsheets write them, and numbers as people do."""

import time
from decimal import Decimal

import pytest

from authhost.admin.csv_lines import decimal, read_lines, scaled
from authhost.admin.import_kinds import KINDS, row_of


@pytest.mark.parametrize(("text", "value"), [
    ("1", Decimal(1)), ("1,5", Decimal("1.5")), ("1.50", Decimal("1.50")), ("-2", Decimal(-2)),
    ("1.234,56", None), ("1e5", None), ("", None), ("NaN", None), (" 1", None), ("٣", None),
    ("1,23456", None)])
def test_a_decimal_comma_is_a_decimal_point(text, value):
    assert decimal(text) == value


def test_smaller_parts_than_the_smallest_unit_are_no_amount():
    assert scaled(Decimal("1.5"), 2) == 150
    assert scaled(Decimal("1.005"), 2) is None
    assert scaled(Decimal("12"), 0) == 12


def test_lines_are_numbered_as_an_editor_does():
    lines, faults = read_lines(b'a,b\n\n1,"x\ny"\n\n3,4\n', ("a",), ("a", "b"))
    assert faults == []
    assert [(line.number, line.values["b"]) for line in lines] == [(3, "x\ny"), (6, "4")]


def test_a_line_says_all_that_is_wrong_with_it():
    lines, _ = read_lines(b"account_id;pan;expiry;limits\nx;123;;day:money\n", (),
                          KINDS["cards"].columns)
    said = []
    row_of(KINDS["cards"], lines[0], lambda column, what: said.append(column))
    assert sorted(said) == ["account_id", "expiry", "limits", "pan"]


@pytest.mark.parametrize("content", [
    b"a,b\n" + b"1\n" * 400_000, b",".join(b"x%d" % number for number in range(200_000)),
    b"a," * 200_000])
def test_a_file_of_faults_alone_costs_no_more_than_a_good_one(content):
    began = time.process_time()
    lines, faults = read_lines(content, ("a",), ("a", "b"))
    assert (lines, len(faults)) == ([], 1)
    assert time.process_time() - began < 3

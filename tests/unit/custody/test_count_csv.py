"""A cash centre's file: counts by cassette and reference, or faults by line and column."""

from datetime import UTC, datetime

import pytest

from authhost.custody.count_csv import read_counts
from authhost.custody.counting import CountedItem, CountedPiece, Counterfeit, digest, stored

A, B = "003400000000000017", "003400000000000024"
HEAD = "cassette;reference;counted_at;kind;currency;value;count;serial;number\n"


def line(kind="note", value="50", count="1", cassette=A, reference="R1",
         at="2026-11-22T10:00:00+01:00", currency="EUR", serial="", number=""):
    return f"{cassette};{reference};{at};{kind};{currency};{value};{count};{serial};{number}\n"


def test_lines_of_one_count_are_one():
    told, faults = read_counts((HEAD + line() + line(cassette=B, reference="R2", count="4") + line(
        "coin", "0,50", "7") + line("counterfeit", "20", serial="X123") + line(
        "envelope", "120.50", "", number="E1") + line("empty", "", "", "003400000000000031",
                                                      "R3", currency="")).encode())
    assert faults == []
    assert [(one.line, one.count.cassette) for one in told] == [
        (2, A), (3, B), (7, "003400000000000031")]
    first = told[0].count
    assert first.counted_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert first.pieces == (CountedPiece(currency="EUR", value_minor=5_000, count=1),
                            CountedPiece(currency="EUR", value_minor=50, kind="coin", count=7))
    assert first.counterfeits == (Counterfeit(currency="EUR", value_minor=2_000, serial="X123"),)
    assert first.items == (CountedItem(kind="envelope", number="E1", currency="EUR",
                                       amount_minor=12_050),)
    assert told[2].count.pieces == ()


@pytest.mark.parametrize(("lines", "where"), [
    (line("notes"), [(2, "kind")]),
    (line(currency="XXX"), [(2, "currency")]),
    (line(currency=""), [(2, "currency")]),
    (line(value="0,505"), [(2, "value")]),
    (line(value="fifty"), [(2, "value")]),
    (line(value=""), [(2, "value")]),
    (line(value="0"), [(2, "value")]),
    (line(count="-1"), [(2, "count")]),
    (line(count="1e3"), [(2, "count")]),
    (line(count=""), [(2, "count")]),
    (line(at="22.11.2026"), [(2, "counted_at")]),
    (line(at="2026-11-22T10:00:00"), [(2, "counted_at")]),
    (line() + line("coin", at="2026-11-22T11:00:00Z"), [(3, "counted_at")]),
    (line() + line(count="3"), [(3, "")]),  # the denomination is there twice
    (line("counterfeit", serial="A B"), [(2, "serial")]),
    (line("counterfeit", count="2", serial="X"), [(2, "count")]),
    (line("counterfeit", serial="X") * 2, [(3, "serial")]),
    (line("counterfeit", count="1001"), [(2, "")]),  # none of them is left out in silence
    (line("note", "90000000", count="9999999") + line("note", "80000000", count="9999999"),
     [(2, "")]),  # more than there is
    (line(cassette="123"), [(2, "cassette")]),
    (line(reference=""), [(2, "reference")]),
    (line(reference="a b"), [(2, "reference")]),
    (line("note", "x") + line("coin", "y"), [(2, "value"), (3, "value")]),
])
def test_a_fault_has_its_line_and_column(lines, where):
    _, faults = read_counts((HEAD + lines).encode())
    assert [(fault.line, fault.column) for fault in faults] == where
    assert all(fault.message for fault in faults)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", HEAD.encode(), b"cassette;kind\n1;2\n",
                                     HEAD.encode() + b"a;b\n"])
def test_a_file_that_is_none_has_faults_and_no_count(content):
    told, faults = read_counts(content)
    assert told == []
    assert faults


def test_a_digest_knows_no_order_of_lines():
    lines = [line(), line("coin", "2"), line("counterfeit", "20", serial="X1")]
    one = read_counts((HEAD + "".join(lines)).encode())[0][0].count
    other = read_counts((HEAD + "".join(reversed(lines))).encode())[0][0].count
    assert digest(one) == digest(other)
    more = read_counts((HEAD + "".join([*lines[:2], line("counterfeit", "20", serial="X2")]))
                       .encode())[0][0].count
    assert digest(more) != digest(one)
    assert stored(one)[0] == {"currency": "EUR", "value_minor": 5_000, "kind": "note", "count": 1}

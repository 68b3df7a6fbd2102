"""Batches as files: what is read, and what is said of a fault, by line and column."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from authhost.counters import Limit
from issuing.batch import MOST_LINES, BatchError, read_batch

TODAY = date(2026, 7, 23)
GOOD = {"account": "7", "expiry": "3012", "holder": "Ana Pérez", "address": "Calle 1|28001 Madrid"}


def csv_of(*rows: dict[str, str]) -> bytes:
    """A file with these rows, its columns those of the first."""
    names = list(rows[0])
    lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
    return "\n".join(lines).encode()


def faults(content: bytes) -> list[str]:
    """What is said of it."""
    with pytest.raises(BatchError) as refused:
        read_batch(content, TODAY)
    return str(refused.value).splitlines()


def test_csv_with_everything() -> None:
    full = GOOD | {"vehicle": "11", "driver": "21", "limits": "day:money:5000 week:count:3",
                   "products": "010 021", "prompts": "1 4".replace(" ", ""), "sites": "S1 S2",
                   "offline_limit": "2000", "offline_count": "3", "pin_required": "no"}
    line, = read_batch(b"\xef\xbb\xbf" + csv_of(full), TODAY).lines
    assert (line.line, line.account, line.vehicle, line.driver) == (2, 7, 11, 21)
    assert line.address == ("Calle 1", "28001 Madrid")
    assert line.limits == (Limit("day", "money", 5000), Limit("week", "count", 3))
    assert (line.products, line.sites) == (("010", "021"), ("S1", "S2"))
    assert (line.prompts, line.offline_limit_minor, line.offline_in_a_row) == ("14", 2000, 3)
    assert line.pin_required is False
    assert "Ana" not in repr(line)


def test_json_says_the_same_as_csv() -> None:
    rows: list[dict[str, Any]] = [GOOD | {
        "account": 7, "address": ["Calle 1", "28001 Madrid"], "products": ["010"],
        "limits": [{"window": "day", "measure": "money", "maximum": 5000}], "pin_required": True}]
    from_json = read_batch(json.dumps(rows).encode(), TODAY)
    from_csv = read_batch(csv_of(GOOD | {"products": "010", "limits": "day:money:5000"}), TODAY)
    assert from_json.lines[0] == type(from_json.lines[0])(
        **{name: getattr(from_csv.lines[0], name) for name in from_csv.lines[0].__struct_fields__
           if name != "line"}, line=1)
    assert from_json.digest != from_csv.digest


def test_what_is_missing_has_a_meaning() -> None:
    line, = read_batch(csv_of(GOOD), TODAY).lines
    assert (line.products, line.sites, line.limits, line.vehicle) == (None, None, (), None)
    assert line.pin_required


def test_blank_lines_and_quoted_line_ends_keep_the_count() -> None:
    content = csv_of(GOOD) + b'\n\n7,3012,"Ana ""A"", B",x\n7,9,x,y\n'
    assert faults(content) == ["line 5, expiry: not YYMM"]


@pytest.mark.parametrize(("column", "value", "says"), [
    ("account", "", "is missing"), ("account", "x", "not a whole number"),
    ("account", "-1", "not a whole number"), ("account", "9" * 20, "not a whole number"),
    ("account", "\u0661", "not a whole number"),
    ("expiry", "3013", "not YYMM"), ("expiry", "2606", "is over"), ("expiry", "", "is missing"),
    ("holder", "", "is missing"), ("holder", "x" * 65, "65 characters, 64 fit"),
    ("holder", "é" * 21, "42 bytes, 40 fit on the card"),
    ("holder", "a;b", "not a printable text"), ("holder", "a\x07b", "not a printable text"),
    ("address", "", "is missing"), ("address", "a|b|c|d|e|f|g", "7 lines, 6 fit"),
    ("address", "a||b", "not a list"), ("address", "a;b", "not a list")])
def test_a_fault_names_its_line_and_column(column: str, value: str, says: str) -> None:
    found = faults(csv_of(GOOD, GOOD | {column: value}))
    assert found[0].startswith(f"line 3, {column}: {says}")


@pytest.mark.parametrize(("column", "value", "says"), [
    ("vehicle", "a", "not a whole number"), ("driver", "1.5", "not a whole number"),
    ("limits", "day:money", "Expected `object`"), ("limits", "hour:money:1", "no such window"),
    ("limits", "day:money:0", "a maximum is from 1"), ("limits", "day:wine:1", "no such measure"),
    ("products", "1", "not a list of such values"), ("products", " ".join(["001"] * 31), "31 pro"),
    ("prompts", "1-4", "up to 16 letters"), ("prompts", "1" * 17, "up to 16 letters"),
    ("offline_limit", "1.50", "not a whole number"), ("offline_count", "256", "up to 255"),
    ("pin_required", "maybe", "yes or no")])
def test_a_fault_in_what_may_be_left_out(column: str, value: str, says: str) -> None:
    found = faults(csv_of(GOOD | {column: value}))
    assert len(found) == 1
    assert found[0].startswith(f"line 2, {column}: ")
    assert says in found[0]


def test_all_faults_are_told_at_once() -> None:
    found = faults(csv_of(GOOD | {"expiry": "x", "account": "y"}, GOOD | {"holder": ""}))
    assert [one.split(":")[0] for one in found] == [
        "line 2, expiry", "line 2, account", "line 3, holder"]


@pytest.mark.parametrize(("content", "says"), [
    (b"", "line 1: no card is in it"), (b"account,expiry,holder,address\n", "no card is in it"),
    (b"account,expiry\n7,3012\n", "line 1, holder: the column is missing"),
    (b"account,expiry,holder,address,colour\n", "line 1, colour: no such column"),
    (b"account,account,expiry,holder,address\n", "line 1, account: twice"),
    (csv_of(GOOD) + b"\n7,3012\n", "line 3: 2 values, 4 columns"),
    (csv_of(GOOD) + b"\n\xff\n", "line 3: byte"),
    (b'account,expiry,holder,address\n7,3012,"Ana,x', "line 2: "),
    (b"[", "line 1: "), (b"[1]", "line 1: not an object"), (b"[]", "no card is in it"),
    (b'[{"colour": 1}]', "line 1, colour: no such column")])
def test_a_file_that_is_none(content: bytes, says: str) -> None:
    assert says in faults(content)[0]


def test_a_batch_has_a_bound() -> None:
    assert "at most" in faults(csv_of(*[GOOD] * (MOST_LINES + 1)))[0]


@pytest.mark.parametrize("value", [[1], {"a": 1}, None, "day:money:5", True, 1.5, [None], ""])
@pytest.mark.parametrize("column", ["account", "vehicle", "expiry", "holder", "address", "limits",
                                    "products", "prompts", "pin_required", "sites"])
def test_no_json_value_is_more_than_a_fault(column: str, value: Any) -> None:
    row = GOOD | {"account": 7, "address": ["x"], column: value}
    try:
        read_batch(json.dumps([row]).encode(), TODAY)
    except BatchError as error:
        assert all(fault.line == 1 for fault in error.faults)  # noqa: PT017 - or it is good


def test_the_papers_example_is_a_batch() -> None:
    text = (Path(__file__).parents[3] / "docs" / "issuing.md").read_text(encoding="utf-8")
    example = text.partition("```csv\n")[2].partition("```")[0]
    lines = read_batch(example.encode(), TODAY).lines
    assert [line.driver for line in lines] == [21, None]
    assert [line.pin_required for line in lines] == [True, False]

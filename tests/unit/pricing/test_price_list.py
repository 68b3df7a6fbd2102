"""Lists as they come in life, and everything that can be wrong in one, by line and column."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.pricing import price_list
from authhost.pricing.price_list import LIST_UNITS, OPTIONAL, REQUIRED, ListRow, jump, read_list
from authhost.pricing.terms import TEMPERATURES

VIENNA = ZoneInfo("Europe/Vienna")
PRODUCTS = {"001", "002", "150"}
HEAD = "product,price,currency,unit,tax_basis,temperature,valid_from"
GOOD = "001,912.50,EUR,m3,net,15C,2026-07-01"
ROW = ListRow(2, "001", Decimal("912.50"), "EUR", "m3", "net", "15C",
              datetime(2026, 6, 30, 22, tzinfo=UTC), None)


def read(text: str | bytes) -> tuple[list[ListRow], list[str]]:
    """The rows, and the problems as a clerk reads them."""
    rows, problems = read_list(text, "OMV", VIENNA, PRODUCTS)
    return rows, [str(problem) for problem in problems]


@pytest.mark.parametrize("text", [
    f"{HEAD}\n{GOOD}\n", f"{HEAD}\r\n{GOOD}\r\n", f"{HEAD}\n{GOOD}",
    "\ufeff" + f"{HEAD}\n{GOOD}\n",
    f"{HEAD}\n{GOOD}\n".replace(",", ";"), f"{HEAD}\n{GOOD}\n".replace(",", "\t"),
    f"{HEAD}\n{GOOD}\n".replace(",", ";").replace("912.50", "912,50"),
    f"{HEAD}\n{GOOD}\n".replace("912.50", '"912,50"'),
    f"{HEAD}\n{GOOD}\n".replace(",", " , ").replace("product", "Product"),
    f"source,{HEAD},valid_until\nOMV,{GOOD},\n",
])
def test_lists_as_they_come(text: str) -> None:
    assert read(text) == ([ROW], [])
    assert read(text.encode()) == ([ROW], [])


def test_blank_lines_count_as_lines() -> None:
    rows, problems = read(f"{HEAD}\n\n{GOOD}\n,,,,,,\n002,1,EUR,m3,net,15C,2026-07-01\n")
    assert ([row.line for row in rows], problems) == ([3, 5], [])
    rows, problems = read(f'{HEAD}\n{GOOD.replace("001", chr(34) + "001" + chr(10) + chr(34))}\n'
                          "009,1,EUR,m3,net,15C,2026-07-01\n")
    assert problems == ["line 4, product: '009' is not a product of this system"]
    _, problems = read(f'{HEAD}\n{GOOD}\n009,1,EUR,m3,net,15C,"2026-07-01\n"\n')
    assert problems == ["line 3, product: '009' is not a product of this system"]


@pytest.mark.parametrize(("cells", "problem"), [
    ("003,1,EUR,m3,net,15C,2026-07-01", "product: '003' is not a product"),
    (",1,EUR,m3,net,15C,2026-07-01", "product: is empty"),
    ("001,,EUR,m3,net,15C,2026-07-01", "price: is empty"),
    ("001,1.234.5,EUR,m3,net,15C,2026-07-01", "price: '1.234.5' is not a number"),
    ('001,"1,234.50",EUR,m3,net,15C,2026-07-01', "price: '1,234.50' is not a number"),
    ("001,1 234,EUR,m3,net,15C,2026-07-01", "price: '1 234' is not a number"),
    ("001,-1,EUR,m3,net,15C,2026-07-01", "price: '-1' is not a number"),
    ("001,1e3,EUR,m3,net,15C,2026-07-01", "price: '1e3' is not a number"),
    ("001,NaN,EUR,m3,net,15C,2026-07-01", "price: 'NaN' is not a number"),
    ("001,\u0661,EUR,m3,net,15C,2026-07-01", "price: '\u0661' is not a number"),
    ("001,0.00,EUR,m3,net,15C,2026-07-01", "price: is 0"),
    ("001,1,eur,m3,net,15C,2026-07-01", "currency: 'eur' is not a currency"),
    ("001,1,EUR,M3,net,15C,2026-07-01", "unit: 'M3' is not one of m3"),
    ("001,1,EUR,m3,,15C,2026-07-01", "tax_basis: is empty"),
    ("001,1,EUR,m3,Net,15C,2026-07-01", "tax_basis: 'Net' is neither net nor gross"),
    ("001,1,EUR,m3,net,15,2026-07-01", "temperature: '15' is not one of 15C"),
    ("001,1,EUR,m3,net,none,2026-07-01", "temperature: a volume has a temperature"),
    ("001,1,EUR,t,net,15C,2026-07-01", "unit: is no volume"),
    ("001,1,EUR,m3,net,15C,1.7.2026", "valid_from: '1.7.2026' is not a date"),
    ("001,1,EUR,m3,net,15C,2026-03-29T02:30", "valid_from: '2026-03-29T02:30' does not exist"),
    ("001,1,EUR,m3,net,15C,2026-10-25T02:30", "valid_from: '2026-10-25T02:30' comes twice"),
    ("001,1,EUR,m3,net,15C", ": has 6 cells, and the header 7"),
    ("001,1,EUR,m3,net,15C,2026-07-01,", ": has 8 cells, and the header 7"),
    ("001,2,EUR,m3,net,15C,2026-06-30T22:00Z", ": the same product, temperature, currency"),
])
def test_what_is_wrong_by_line_and_column(cells: str, problem: str) -> None:
    rows, problems = read(f"{HEAD}\n{GOOD}\n{cells}\n")
    assert rows == [ROW]
    assert len(problems) == 1
    assert problems[0].removeprefix("line 3").removeprefix(", ").startswith(problem), problems


def test_every_problem_of_a_file_is_told() -> None:
    _, problems = read(f"{HEAD},valid_until,source\n9,x,EUR,m3,net,15C,2026-07-01,,\n"
                       "001,1,EUR,m3,net,15C,2026-07-01,2026-07-01,\n"
                       "001,1,EUR,m3,net,15C,2026-07-02,,PLATTS\n")
    assert [one.partition(":")[0] for one in problems] == [
        "line 2, product", "line 2, price", "line 3, valid_until", "line 4, source"]


def test_one_decimal_mark_a_file() -> None:
    rows, problems = read(f"{HEAD}\n{GOOD}\n002,5,EUR,m3,net,15C,2026-07-01\n"
                          '002,"1,5",EUR,m3,net,15C,2026-07-02\n')
    assert len(rows) == 2
    assert problems == ["line 4, price: '1,5' has a decimal comma, and line 2 a decimal point"]


@pytest.mark.parametrize(("content", "problem"), [
    ("", "file: is empty"), ("\n\n", "file: is empty"), (HEAD, "file: has a header and no rows"),
    (HEAD.replace("unit,", ""), "line 1, unit: this column is missing"),
    (HEAD + ",vat", "line 1, vat: this column is not known; see base_prices.schema.json"),
    (HEAD + ",price", "line 1, price: this column is there twice"),
    (f"{HEAD}\n{GOOD}\n".encode() + b"\xff\n", "line 3: is not UTF-8: save the file as CSV UTF-8"),
    (f"{HEAD}\n{GOOD}\0\n", "line 2: has a zero byte"),
    (f'{HEAD}\n{GOOD}\n"001,1\n', "line 3: is not CSV: unexpected end of data"),
    (f'{HEAD}\n{GOOD}\n"001"x,1\n', "line 3: is not CSV: ',' expected after '\"'"),
    ("x" * (price_list.MOST_BYTES + 1), f"file: longer than {price_list.MOST_BYTES} bytes"),
])
def test_files_that_are_none(content: str | bytes, problem: str) -> None:
    assert read(content)[1] == [problem]


def test_a_source_has_a_name() -> None:
    assert [str(one) for one in read_list(HEAD, "omv list", VIENNA, PRODUCTS)[1]] == [
        "file, source: 'omv list' is not a name of capitals, digits, _ . -"]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(
    lambda text: f"{HEAD}\n{GOOD}\n{text}")))
def test_no_file_does_harm(content: bytes | str) -> None:
    rows, problems = read(content)
    assert rows or problems
    assert all(len(problem) < 400 for problem in problems)


@pytest.mark.parametrize(("price", "unit", "basis", "told"), [
    ("1095.00", "m3", "net", ""), ("730.00", "m3", "net", ""),  # 20 % exactly
    ("1095.01", "m3", "net", "price: 1095.01 is +20.0 %"),
    ("729.99", "m3", "net", "price: 729.99 is -20.0 %"),
    ("912500", "m3", "net", "price: 912500 is +99900.0 %"),
    ("0.9125", "L", "net", "unit: the price before"),
    ("912.50", "m3", "gross", "tax_basis: the price before"),
])
def test_jumps(price: str, unit: str, basis: str, told: str) -> None:
    row = ListRow(7, "001", Decimal(price), "EUR", unit, basis, "15C",  # type: ignore[arg-type]
                  datetime(2026, 7, 2, tzinfo=UTC), None)
    problem = jump(ROW, row, Decimal(20))
    assert (str(problem).startswith(f"line 7, {told}") if told else problem is None), problem


def test_the_published_schema_is_what_is_read() -> None:
    text = files("authhost.pricing").joinpath("base_prices.schema.json").read_text()
    fields = {field["name"]: field for field in json.loads(text)["fields"]}
    assert set(fields) == {*REQUIRED, *OPTIONAL}
    required = {name for name, field in fields.items()
                if field.get("constraints", {}).get("required")}
    assert required == set(REQUIRED)
    assert fields["unit"]["constraints"]["enum"] == list(LIST_UNITS)
    assert fields["temperature"]["constraints"]["enum"] == list(TEMPERATURES)


@pytest.mark.parametrize(("text", "most"), [
    (f"{HEAD}\n" + "1\n" * 300_000, price_list.MOST_ROWS + 1),
    ("price," * 200_000, 18), (",".join(f"x{number}" for number in range(200_000)), 18),
])
def test_a_list_of_faults_alone_costs_no_more_than_a_good_one(text: str, most: int) -> None:
    began = time.process_time()
    rows, problems = read(text)
    assert (rows, len(problems) <= most) == ([], True)
    assert time.process_time() - began < 3

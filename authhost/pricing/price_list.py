"""A wholesale list as a CSV file: read strictly, and all that is wrong in it by line and column.

PURE. The columns are published in base_prices.schema.json; nothing is guessed, so a number with
two possible readings is an error. Which products there are is handed in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

import msgspec

from authhost.currencies import EXPONENT
from authhost.pricing.terms import SOURCE, TEMPERATURES, TaxBasis
from authhost.pricing.units import UNITS

REQUIRED: Final = ("product", "price", "currency", "unit", "tax_basis", "temperature",
                   "valid_from")
OPTIONAL: Final = ("valid_until", "source")
LIST_UNITS: Final = ("m3", "hl", "L", "gal_us", "gal_uk", "t", "kg", "lb", "MWh", "kWh", "min",
                     "h", "unit", "case")
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_ROWS: Final = 100_000
_SEPARATORS: Final = (";", "\t", ",")
_PRICE: Final = re.compile(r"[0-9]{1,9}(?:([.,])[0-9]{1,6})?")
_BOM: Final = "\ufeff"
_MARKS: Final = {".": "point", ",": "comma"}


class Problem(msgspec.Struct, frozen=True):
    """What is wrong. line: 1 is the header, 0 the file as a whole; column: '' is the whole line."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "file"
        return f"{where}{', ' + self.column if self.column else ''}: {self.message}"


class ListRow(msgspec.Struct, frozen=True):
    """One price of a list, and the line that it is on."""

    line: int
    product: str
    price: Decimal
    currency: str
    unit: str
    tax_basis: TaxBasis
    temperature: str
    valid_from: datetime
    valid_until: datetime | None

    @property
    def series(self) -> tuple[str, str, str]:
        """What the row is a price of, within its source."""
        return self.product, self.temperature, self.currency


class _Wrong(Exception):
    """What a cell has instead of a value."""


class _Reader:
    """One file on its way in: what its cells may be depends on the cells before."""

    def __init__(self, source: str, zone: ZoneInfo, products: Collection[str]) -> None:
        self._source = source
        self._zone = zone
        self._products = products
        self._mark: tuple[str, int] | None = None  # the decimal mark, and where it was seen first
        self._seen: dict[tuple[object, ...], int] = {}
        self.problems: list[Problem] = []

    def row(self, line: int, cells: dict[str, str]) -> ListRow | None:
        """A row, or None with its problems told."""
        before = len(self.problems)
        values: dict[str, object] = {"line": line, "valid_until": None}
        for column, text in cells.items():
            try:
                if text:
                    values[column] = self._value(column, text, line)
                elif column in REQUIRED:
                    raise _Wrong("is empty")
            except _Wrong as wrong:
                self.problems.append(Problem(line, column, str(wrong)))
        if len(self.problems) > before:
            return None
        values.pop("source", None)
        row = msgspec.convert(values, ListRow)
        return row if self._fits(row) else None

    def _fits(self, row: ListRow) -> bool:
        if row.valid_until is not None and row.valid_until <= row.valid_from:
            self.problems.append(Problem(row.line, "valid_until", "is not after valid_from"))
            return False
        if (row.temperature == "none") == (UNITS[row.unit].kind == "volume"):
            text = "a volume has a temperature" if row.temperature == "none" else \
                f"is no volume, so temperature is none and not {row.temperature}"
            self.problems.append(Problem(
                row.line, "temperature" if row.temperature == "none" else "unit", text))
            return False
        first = self._seen.setdefault((*row.series, row.valid_from), row.line)
        if first != row.line:
            self.problems.append(Problem(
                row.line, "", f"the same product, temperature, currency and instant as line"
                f" {first}"))
            return False
        return True

    def _value(self, column: str, text: str, line: int) -> object:
        match column:
            case "product":
                return _one_of(text, self._products, "is not a product of this system")
            case "price":
                return self._price(text, line)
            case "currency":
                return _one_of(text, EXPONENT, "is not a currency known here (ISO 4217)")
            case "unit":
                return _one_of(text, LIST_UNITS, f"is not one of {', '.join(LIST_UNITS)}")
            case "tax_basis":
                return _one_of(text, ("net", "gross"), "is neither net nor gross")
            case "temperature":
                return _one_of(text, TEMPERATURES, f"is not one of {', '.join(TEMPERATURES)}")
            case "source":
                return _one_of(text, (self._source,), f"is not {self._source}, whose list it is")
            case _:
                return instant(text, self._zone)

    def _price(self, text: str, line: int) -> Decimal:
        match = _PRICE.fullmatch(text)
        if match is None:
            raise _Wrong(f"{_shown(text)} is not a number like 912.50 or 912,50, without a"
                         " thousands separator")
        mark = match[1]
        if mark is not None:
            self._mark = self._mark or (mark, line)
            if mark != self._mark[0]:
                raise _Wrong(f"{_shown(text)} has a decimal {_MARKS[mark]}, and line"
                             f" {self._mark[1]} a decimal {_MARKS[self._mark[0]]}")
        price = Decimal(text.replace(",", "."))
        if not price:
            raise _Wrong("is 0")
        return price


def read_list(content: bytes | str, source: str, zone: ZoneInfo, products: Collection[str],
              ) -> tuple[list[ListRow], list[Problem]]:
    """The rows of a list, in the file's order, and all that is wrong in it."""
    if not SOURCE.fullmatch(source):
        return [], [Problem(0, "source", f"{_shown(source)} is not a name of capitals, digits,"
                            " _ . -")]
    if len(content) > MOST_BYTES:
        return [], [Problem(0, "", f"longer than {MOST_BYTES} bytes")]
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return [], [Problem(line, "", "is not UTF-8: save the file as CSV UTF-8")]
    if "\0" in text:
        return [], [Problem(text.count("\n", 0, text.index("\0")) + 1, "", "has a zero byte")]
    return _read(text.removeprefix(_BOM), _Reader(source, zone, products))


def _read(text: str, reader: _Reader) -> tuple[list[ListRow], list[Problem]]:
    header, _, _ = text.partition("\n")
    separator = max(_SEPARATORS, key=header.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[ListRow] = []
    columns: list[str] = []
    line = 0
    try:
        for cells in lines:
            line, begun = lines.line_num, line + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                problems = list(_of_the_header(begun, columns))
                if problems:
                    return [], problems
                continue
            if len(rows) + len(reader.problems) >= MOST_ROWS:
                return [], [*reader.problems, Problem(begun, "", f"is beyond {MOST_ROWS} rows")]
            if len(cells) != len(columns):
                reader.problems.append(Problem(
                    begun, "", f"has {len(cells)} cells, and the header {len(columns)}"))
                continue
            row = reader.row(begun, dict(zip(columns, map(str.strip, cells), strict=True)))
            rows += [row] if row is not None else []
    except csv.Error as error:
        reader.problems.append(Problem(line + 1, "", f"is not CSV: {error}"))
    if not columns:
        return [], [Problem(0, "", "is empty")]
    if not rows and not reader.problems:
        return [], [Problem(0, "", "has a header and no rows")]
    return rows, reader.problems


def _of_the_header(line: int, columns: Sequence[str]) -> Iterator[Problem]:
    if len(columns) > len(REQUIRED) + len(OPTIONAL):
        yield Problem(line, "", f"has {len(columns)} columns; see base_prices.schema.json")
        columns = columns[:len(REQUIRED) + len(OPTIONAL) + 1]
    for name in REQUIRED:
        if name not in columns:
            yield Problem(line, name, "this column is missing")
    for at, name in enumerate(columns):
        if name not in (*REQUIRED, *OPTIONAL):
            yield Problem(line, name, "this column is not known; see base_prices.schema.json")
        elif name in columns[:at]:
            yield Problem(line, name, "this column is there twice")


def instant(text: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC: with its offset as it stands, else in the zone; a date is its midnight.

    A local time that the clocks leave out, or show twice, is refused.
    """
    try:
        if len(text) == 10:
            moment = datetime.combine(date.fromisoformat(text), time())
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong(f"{_shown(text)} is not a date like 2026-07-01, or a time like"
                     " 2026-07-01T06:00+02:00") from None
    if not 1990 <= moment.year <= 2200:
        raise _Wrong(f"the year {moment.year} is out of reach")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    readings = {moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    there = {one for one in readings if one.astimezone(zone).replace(tzinfo=None) == moment}
    if len(there) != 1:
        does = "does not exist" if not there else "comes twice"
        raise _Wrong(f"{_shown(text)} {does} in {zone.key}, where the clocks change: write it with"
                     " its offset")
    return there.pop()


def read_instant(text: str, zone: ZoneInfo) -> datetime:
    """As `instant`; ValueError says in words what is wrong."""
    try:
        return instant(text, zone)
    except _Wrong as wrong:
        raise ValueError(str(wrong)) from None


def _one_of(text: str, known: Collection[str], otherwise: str) -> str:
    if text not in known:
        raise _Wrong(f"{_shown(text)} {otherwise}")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def jump(last: ListRow, row: ListRow, most_percent: Decimal) -> Problem | None:
    """What is suspicious about a price after the last one of its series; None: nothing."""
    if (last.unit, last.tax_basis) != (row.unit, row.tax_basis):
        return Problem(row.line, "unit" if last.unit != row.unit else "tax_basis",
                       f"the price before, of {last.valid_from:%Y-%m-%d %H:%M} UTC, is"
                       f" {last.tax_basis} a {last.unit}, and this one {row.tax_basis} a"
                       f" {row.unit}")
    percent = (row.price - last.price) * 100 / last.price
    if abs(percent) <= most_percent:
        return None
    return Problem(row.line, "price",
                   f"{row.price:f} is {percent:+.1f} % from {last.price:f}, the price of"
                   f" {last.valid_from:%Y-%m-%d %H:%M} UTC")


def stored_row(values: Sequence[object]) -> ListRow:
    """A price that is in the tables already, in the order of ListRow without its line."""
    return ListRow(0, *cast("tuple[str, Decimal, str, str, Literal['net', 'gross'], str,"
                            " datetime, datetime | None]", tuple(values)))

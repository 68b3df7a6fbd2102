"""A CSV file as it comes from a spreadsheet: lines of named values, or faults by line and column.

PURE: bytes in. UTF-8 with or without BOM; lines end in LF or CRLF; `;`, `,` or a tab between the
values, whichever the first line has; quotes as usual. The first line names the columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_LINES: Final = 200_000
_MOST_COLUMNS: Final = 64
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{12,19}(?![0-9])")  # it may be a card's
_SEPARATORS: Final = ";,\t"
_DECIMAL: Final = re.compile(r"-?[0-9]{1,12}([.,][0-9]{1,4})?")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong. line: as an editor counts, 1 is the first, 0 the file; column: its name."""

    line: int
    column: str
    message: str


class Line(msgspec.Struct, frozen=True):
    """One line's values by column; an empty one is ''."""

    number: int
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Line({self.number})"  # a card's number may be in it


def read_lines(content: bytes, required: Iterable[str],
               known: Iterable[str]) -> tuple[list[Line], list[Fault]]:
    """The lines below the names, and what is wrong with the file as a file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Fault(line, "", f"byte {error.start} of the file is not UTF-8")]
    if "\0" in text:
        return [], [Fault(text.count("\n", 0, text.index("\0")) + 1, "", "there is a NUL in it")]
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[Line] = []
    faults: list[Fault] = []
    names: list[str] = []
    before = 0
    try:
        for values in reader:
            number, before = before + 1, reader.line_num
            if not any(value.strip() for value in values):
                continue
            if not names:
                names = [value.strip().lower() for value in values]
                faults = _names(number, names, list(required), list(known))
                if faults:
                    return [], faults
            elif len(values) != len(names):
                faults.append(Fault(number, "", f"{len(values)} values, {len(names)} columns"))
            else:
                stripped = (value.strip() for value in values)
                lines.append(Line(number, dict(zip(names, stripped, strict=True))))
            if len(lines) + len(faults) > MOST_LINES:
                return [], [Fault(number, "", f"a file has at most {MOST_LINES} lines")]
    except csv.Error as error:
        faults.append(Fault(reader.line_num, "", str(error)))
    if not lines and not faults:
        faults.append(Fault(0, "", "there is no line in it"))
    return lines, faults


def hidden(text: str) -> str:
    """What a fault says, without what may be a card's number in a column that is not its own."""
    return _NUMBER.sub(lambda found: "*" * len(found[0]), text)


def decimal(text: str) -> Decimal | None:
    """A number with a decimal point or comma and at most four decimals; None where it is none."""
    return Decimal(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None


def scaled(value: Decimal, exponent: int) -> int | None:
    """A number in its smallest unit, 10^-exponent; None where it has smaller parts."""
    whole = value.scaleb(exponent)
    return int(whole) if whole == whole.to_integral_value() else None


def _names(number: int, names: list[str], required: list[str], known: list[str]) -> list[Fault]:
    if len(names) > _MOST_COLUMNS:
        return [Fault(number, "", f"{len(names)} columns; a file has at most {_MOST_COLUMNS}")]
    # What is no name is not told: without a line of names the first card's number would be one.
    faults = [Fault(number, name if _NAME.fullmatch(name) else "", "no such column")
              for name in names if name not in known]
    faults += [Fault(number, name, "the column is there twice") for name in dict.fromkeys(names)
               if names.count(name) > 1]
    return faults + [Fault(number, name, "the column is missing") for name in required
                     if name not in names]

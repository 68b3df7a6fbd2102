"""Counts as a cash centre's CSV file: one line a denomination, or a fault by line and column.

PURE: bytes in, counts out. Lines of one cassette and reference are one count. Values are in major
units with a decimal point or comma: of a piece, or of what an envelope or a cheque came to. A line
of kind `empty` says that a cassette was opened and nothing was in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from authhost.admin.csv_lines import Fault, Line, decimal, read_lines, scaled
from authhost.currencies import EXPONENT
from authhost.custody.counting import (
    MOST_COUNTERFEITS,
    Count,
    CountedItem,
    CountedPiece,
    Counterfeit,
    problem,
)

REQUIRED: Final = ("cassette", "reference", "counted_at", "kind")
KNOWN: Final = (*REQUIRED, "currency", "value", "count", "serial", "number")
_KINDS: Final = ("note", "coin", "envelope", "cheque", "counterfeit", "empty")
_WHERE: Final = re.compile(r" - at `\$\.?(?P<where>[^`]*)`$")
_COLUMNS: Final = {"value_minor": "value", "amount_minor": "value"}
_MOST_DIGITS: Final = 7
Say = Callable[[str, str], None]  # column, what is wrong


class Told(msgspec.Struct, frozen=True):
    """One count of a file, and the line that it begins in."""

    line: int
    count: Count


class _Gathered:
    """What the lines of one count have said so far."""

    def __init__(self, line: Line, counted_at: datetime) -> None:
        self.line = line.number
        self.counted_at = counted_at
        self.parts: dict[str, list[Any]] = {"pieces": [], "items": [], "counterfeits": []}
        self.lines: dict[str, list[int]] = {"pieces": [], "items": [], "counterfeits": []}

    def add(self, name: str, line: int, part: Any) -> None:
        self.parts[name].append(part)
        self.lines[name].append(line)

    def line_of(self, where: str) -> int:
        """The line that `pieces[3].currency` is about; the first for what is the whole's."""
        name, _, rest = where.partition("[")
        place = rest.partition("]")[0]
        return self.lines[name][int(place)] if place else self.line


def read_counts(content: bytes) -> tuple[list[Told], list[Fault]]:
    """The counts of a file in the order of their first lines, and all that is wrong."""
    lines, faults = read_lines(content, REQUIRED, KNOWN)
    gathered: dict[tuple[str, str], _Gathered] = {}
    for line in lines:
        say = _sayer(faults, line.number)
        name = (line.values["cassette"], line.values["reference"])
        counted_at = _instant(line.values["counted_at"], say)
        if counted_at is None:
            continue
        mine = gathered.setdefault(name, _Gathered(line, counted_at))
        if mine.counted_at != counted_at:
            say("counted_at", f"line {mine.line} of the same count says otherwise")
        _part(line, mine, say)
    told = []
    for (cassette, reference), mine in gathered.items():
        try:
            count = msgspec.convert(
                {"cassette": cassette, "reference": reference, "counted_at": mine.counted_at,
                 **mine.parts}, Count)
        except msgspec.ValidationError as error:
            faults.append(Fault(mine.line, *_said(error)))
            continue
        where, what = problem(count)
        if what:
            faults.append(Fault(mine.line_of(where), _column(where), what))
        told.append(Told(mine.line, count))
    return told, sorted(faults, key=lambda fault: (fault.line, fault.column))


def _part(line: Line, mine: _Gathered, say: Say) -> None:
    """One line, put to what its count has."""
    values = {name: text for name, text in line.values.items() if text}
    kind = values.get("kind", "")
    if kind not in _KINDS:
        say("kind", f"one of {', '.join(_KINDS)}")
        return
    if kind == "empty":
        return
    amount = _minor(values, say)
    if amount is None:
        return
    try:
        if kind in {"note", "coin"}:
            pieces = _number(values, say)
            if pieces is not None:
                mine.add("pieces", line.number, msgspec.convert(
                    {"currency": values["currency"], "value_minor": amount, "kind": kind,
                     "count": pieces}, CountedPiece))
        elif kind == "counterfeit":
            pieces = _number(values, say, missing=1)
            if pieces is not None and (pieces != 1 and "serial" in values):
                say("count", "a piece with a serial number is one")
            elif pieces is not None:
                one = msgspec.convert(
                    {"currency": values["currency"], "value_minor": amount,
                     "serial": values.get("serial", "")}, Counterfeit)
                for _ in range(min(pieces, MOST_COUNTERFEITS + 1)):  # one too many is refused
                    mine.add("counterfeits", line.number, one)
        else:
            mine.add("items", line.number, msgspec.convert(
                {"kind": kind, "number": values.get("number", ""), "amount_minor": amount,
                 "currency": values["currency"]}, CountedItem))
    except msgspec.ValidationError as error:
        say(*_said(error))


def _minor(values: dict[str, str], say: Say) -> int | None:
    """The line's value in minor units of its currency."""
    currency = values.get("currency", "")
    if currency not in EXPONENT:
        say("currency", "is missing" if not currency else f"no currency that is taken: {currency}")
        return None
    value = decimal(values.get("value", ""))
    if value is None or value < 0:
        say("value", "a number, like 50 or 0,50" if "value" in values else "is missing")
        return None
    minor = scaled(value, EXPONENT[currency])
    if minor is None:
        say("value", f"more than {EXPONENT[currency]} decimals")
    return minor


def _number(values: dict[str, str], say: Say, missing: int | None = None) -> int | None:
    text = values.get("count", "")
    if not text and missing is not None:
        return missing
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        say("count", "a whole number" if text else "is missing")
        return None
    return int(text)


def _instant(text: str, say: Say) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        say("counted_at", "an instant with its offset, like 2026-11-22T10:00:00Z")
        return None
    return value


def _said(error: msgspec.ValidationError) -> tuple[str, str]:
    """(column, what) of a value of the wrong shape."""
    text = str(error)
    found = _WHERE.search(text)
    return _column(found["where"] if found else ""), _WHERE.sub("", text)


def _column(where: str) -> str:
    """The column of a part's field: `pieces[3].value_minor` is `value`."""
    name = where.rpartition(".")[2] if "." in where else where.partition("[")[0]
    name = _COLUMNS.get(name, name)
    return name if name in KNOWN else ""


def _sayer(faults: list[Fault], line: int) -> Say:
    return lambda column, what: faults.append(Fault(line, column, what))

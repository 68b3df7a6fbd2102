"""A table as a bank's importer reads it: columns, separator, decimal sign, head and trailer.

PURE: values in, bytes out; and back, by a reader that shares the form and nothing else. A text is
what the form's character set can say; what parts columns or lines is quoted (RFC 4180).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from clearing.bankfiles.forms import Column, CsvForm
from clearing.iso20022 import Sink
from clearing.money import exponent, plain

Value = str | int | date
_AMOUNT: Final = "amount"
_AMOUNT_MINOR: Final = "amount_minor"


class TableFile:
    """begin(), add() for every row, end(). values: what head and trailer may say."""

    def __init__(self, sink: Sink, form: CsvForm, columns: tuple[Column, ...],
                 values: Mapping[str, Value]) -> None:
        self._sink = sink
        self._form = form
        self._fields = [column.field for column in columns]
        self._titles = [column.title for column in columns]
        self._values = {name: _said(value, form) for name, value in values.items()}
        self._first = True

    def begin(self) -> None:
        """The head, and the titles."""
        if self._form.head:
            self._line(_filled(self._form.head, self._values))
        if self._form.titles:
            self._line(self._row(self._titles))

    def add(self, row: Mapping[str, Value]) -> None:
        """One row; a field that it has not is empty."""
        self._line(self._row([_said(row.get(field, ""), self._form) for field in self._fields]))

    def end(self) -> None:
        """The trailer."""
        if self._form.trailer:
            self._line(_filled(self._form.trailer, self._values))

    def _row(self, cells: Iterable[str]) -> str:
        return self._form.separator.join(_quoted(cell, self._form.separator) for cell in cells)

    def _line(self, text: str) -> None:
        # Only the file itself has the mark that says in which order bytes come.
        encoding = self._form.encoding if self._first else self._form.encoding.removesuffix("-sig")
        self._first = False
        self._sink.write((text + self._form.line_end).encode(encoding, "replace"))


def amount(amount_minor: int, currency: str, form: CsvForm) -> str:
    """`-1234,56`, with the form's decimal sign."""
    return plain(amount_minor, currency).replace(".", form.decimal)


def read_table(content: bytes, form: CsvForm, columns: tuple[Column, ...]) -> list[dict[str, str]]:
    """The rows of a table, by field: what comes between head and trailer. ValueError."""
    text = content.decode(form.encoding)
    if not text.endswith(form.line_end):
        raise ValueError("the file was cut off")
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=form.separator))
    top = bool(form.head) + form.titles
    rows = lines[top:len(lines) - bool(form.trailer)]
    if form.titles and lines[top - 1] != [column.title for column in columns]:
        raise ValueError(f"the titles are {lines[top - 1]}")
    for number, row in enumerate(rows, top + 1):
        if len(row) != len(columns):
            raise ValueError(f"line {number} has {len(row)} columns, not {len(columns)}")
    return [{column.field: cell for column, cell in zip(columns, row, strict=True)}
            for row in rows]


def read_amount(row: Mapping[str, str], form: CsvForm, currency: str) -> int:
    """The amount of a row, in minor units, from either column. ValueError: not as we write it."""
    if _AMOUNT not in row:
        return int(row[_AMOUNT_MINOR])
    text = row[_AMOUNT]
    minor = int(text.replace(form.decimal, "", 1 if exponent(currency) else 0))
    if amount(minor, currency, form) != text:
        raise ValueError(f"{text} is no amount in {currency}")
    return minor


def _said(value: Value, form: CsvForm) -> str:
    return value.strftime(form.date) if isinstance(value, date) else str(value)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The places of a head filled in; one that nobody knows stays as it was typed."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _quoted(cell: str, separator: str) -> str:
    cell = "".join(" " if letter in "\r\n\0" else letter for letter in cell)
    if separator in cell or '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell



"""Booking records as a table: the columns, signs and dates that a customer has chosen.

PURE: values in, bytes out. RFC 4180 but for the delimiter. A text that a spreadsheet would run as a
formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from clearing.money import plain
from clearing.ownbooks.record import Record
from clearing.ownbooks.terms import Column, Table
from clearing.tables import disarmed

_DATES: Final = {"YYYY-MM-DD": "%Y-%m-%d", "DD.MM.YYYY": "%d.%m.%Y", "YYYYMMDD": "%Y%m%d"}
_DAYS_KEPT: Final = 512


class TableWriter:
    """One table's dialect; head() once, then line() for every record."""

    def __init__(self, table: Table, number: str, currency: str) -> None:
        self._table = table
        self._number = number
        self._currency = currency
        self._written = 0
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, delimiter=table.delimiter, lineterminator="\r\n")
        columns = self._columns()
        self._values = [columns[name] for name in table.columns]

    def head(self) -> bytes:
        """The names of the columns."""
        return self._row(self._table.columns)

    def line(self, record: Record) -> bytes:
        """One record."""
        self._written += 1
        return self._row([value(record) for value in self._values])

    def _columns(self) -> dict[Column, Callable[[Record], str]]:
        form = _DATES[self._table.dates]
        return {
            "date": lambda record: _day(record.booked_on, form),
            "kind": lambda record: record.kind,
            "account": lambda record: disarmed(record.account),
            "contra": lambda record: disarmed(record.contra),
            "amount": lambda record: self._amount(abs(record.amount_minor)),
            "debit": lambda record: self._amount(max(record.amount_minor, 0)),
            "credit": lambda record: self._amount(max(-record.amount_minor, 0)),
            "side": lambda record: record.side,
            "currency": lambda _: self._currency,
            "tax_key": lambda record: record.tax_key,
            "cost_centre": lambda record: disarmed(record.cost_centre),
            "text": lambda record: disarmed(record.text),
            "reference": lambda record: disarmed(record.reference),
            "place": lambda record: disarmed(record.place),
            "ledger_code": lambda record: record.ledger_code,
            "number": lambda _: self._number,
            "line": lambda _: str(self._written)}

    def _amount(self, minor: int) -> str:
        """'' for none: a record is debit or credit."""
        return plain(minor, self._currency).replace(".", self._table.decimal) if minor else ""

    def _row(self, values: Iterable[str]) -> bytes:
        self._writer.writerow(values)
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode(self._table.encoding, "replace")


@lru_cache(_DAYS_KEPT)
def _day(day: date, form: str) -> str:
    return day.strftime(form)

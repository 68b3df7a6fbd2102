"""Booking records as a table: the columns, signs and dates that a customer has chosen.

PURE: values in, bytes out. RFC 4180 but for the delimiter. A text that a spreadsheet would run as a
formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from clearing.money import plain
from clearing.ownbooks.record import Record
from clearing.ownbooks.terms import Table
from clearing.tables import disarmed

_DATES: Final = {"YYYY-MM-DD": "%Y-%m-%d", "DD.MM.YYYY": "%d.%m.%Y", "YYYYMMDD": "%Y%m%d"}


class TableWriter:
    """One table's dialect; head() once, then line() for every record."""

    def __init__(self, table: Table, number: str, currency: str) -> None:
        self._table = table
        self._number = number
        self._currency = currency
        self._written = 0
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, delimiter=table.delimiter, lineterminator="\r\n")

    def head(self) -> bytes:
        """The names of the columns."""
        return self._row(self._table.columns)

    def line(self, record: Record) -> bytes:
        """One record."""
        self._written += 1
        values = self._values(record)
        return self._row([values[name] for name in self._table.columns])

    def _values(self, record: Record) -> dict[str, str]:
        debit = record.amount_minor if record.amount_minor > 0 else 0
        texts = {"kind": record.kind, "account": record.account, "contra": record.contra,
                 "tax_key": record.tax_key, "cost_centre": record.cost_centre,
                 "text": record.text, "reference": record.reference, "place": record.place,
                 "ledger_code": record.ledger_code}
        return {
            **{name: disarmed(text) for name, text in texts.items()},
            "date": record.booked_on.strftime(_DATES[self._table.dates]), "side": record.side,
            "amount": self._amount(abs(record.amount_minor)),
            "debit": self._amount(debit) if debit else "",
            "credit": "" if debit else self._amount(-record.amount_minor),
            "currency": self._currency, "number": self._number, "line": str(self._written)}

    def _amount(self, minor: int) -> str:
        return plain(minor, self._currency).replace(".", self._table.decimal)

    def _row(self, values: tuple[str, ...] | list[str]) -> bytes:
        self._writer.writerow(values)
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode(self._table.encoding, "replace")

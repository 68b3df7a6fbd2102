"""Booking records: every line of the ledger that is a customer's, in one of his files, once.

Knows when his period ends and which logic holds; how a file is written is the forms'. Lines are
kept as they were booked, in the transaction that booked them; a record is decided once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from typing import IO, Final
from zoneinfo import available_timezones

import asyncpg
import msgspec

from clearing.details import read_json
from clearing.folder import DayFolder
from clearing.ownbooks import datev, json_records
from clearing.ownbooks.record import Batch, Line, Record, record_of
from clearing.ownbooks.statements import statement
from clearing.ownbooks.table import TableWriter
from clearing.ownbooks.terms import Booking, objection
from clearing.periods import ends_with, period_of
from clearing.queries import Connection
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.summary import FileRecord

# What control reads each form back as.
_KINDS: Final = {"datev": "booking_datev_csv", "csv": "booking_table_csv",
                 "json": "booking_records_json"}
_NAMES: Final = {"datev": "EXTF_Buchungsstapel_{0}_{1}_{2:%Y%m%d}%s.csv",
                 "csv": "{0}-{1}-{2:%Y%m%d}%s.csv", "json": "{0}-{1}-{2:%Y%m%d}%s.json"}


class _Customer(msgspec.Struct, frozen=True):
    """A logic that holds, and the clock that its hour is of. logic None: it cannot be read."""

    logic: Booking | None
    text: str
    time_zone: str


async def collect_bookings(connection: Connection, run_id: RunId, following: date) -> None:
    """Keep tonight's lines of customers who have a logic, and decide the records of those whose
    period ends. Called when all that a night books is booked."""
    run, day, stream = str(run_id), run_id.business_date, run_id.stream
    customers = await _customers(connection, day)
    if not customers:
        return
    await connection.execute(
        statement("booking_lines_new"), run, day, stream, list(customers),
        [one.logic.hour if one.logic else "" for one in customers.values()],
        [one.time_zone for one in customers.values()])
    due = []
    for row in await connection.fetch(statement("bookings_waiting"), stream, day):
        customer = customers.get(row["account_id"])
        if customer is not None and customer.logic is not None \
                and ends_with(day, following, customer.logic.period):
            due.append(_due(row, customer.logic, customer.text, day))
    if due:
        await connection.execute(
            statement("booking_records_new"), run, stream, day, run_id.document("L", 0)[:-6],
            *(list(column) for column in zip(*due, strict=True)), datev.MOST_LINES)


async def _customers(connection: Connection, day: date) -> dict[int, _Customer]:
    """Logics by account. Of one that cannot be read, or cannot be, the lines wait."""
    zones = available_timezones()
    found = {}
    for row in await connection.fetch(statement("logic_due"), day):
        logic = read_json(row["terms"], Booking)
        if logic is not None and objection(logic)[0]:
            logic = None
        zone = row["time_zone"] if row["time_zone"] in zones else "UTC"
        found[row["account_id"]] = _Customer(logic, row["terms"], zone)
    return found


def _due(row: asyncpg.Record, logic: Booking, text: str, day: date) -> tuple[object, ...]:
    """The columns of booking_records_new.sql for a customer and currency."""
    account_id, currency = row["account_id"], row["currency"]
    # DATEV writes two decimals; what has three is told as a table.
    form = "csv" if logic.form == "datev" and not datev.takes(currency) else logic.form
    first, last = period_of(day, logic.period)
    path = "books/" + _NAMES[form].format(account_id, currency, last)
    year = logic.datev.fiscal_year_start if logic.datev is not None else "01-01"
    return account_id, currency, form, path, first, last, year, text


async def write_booking_records(connection: Connection, run_id: RunId,
                                folder: DayFolder) -> list[FileRecord]:
    """books/...: the records of a run. Memory holds one line."""
    rows = {row["number"]: row for row in
            await connection.fetch(statement("booking_records"), str(run_id))}
    if not rows:
        return []
    writer: _Writer | None = None
    with ExitStack() as files:
        async with connection.transaction(readonly=True):
            async for line in connection.cursor(statement("booking_record_lines"), str(run_id),
                                                prefetch=ROWS_AT_A_TIME):
                if writer is None or writer.batch.number != line["number"]:
                    if writer is not None:
                        writer.end()
                        files.close()
                    row = rows[line["number"]]
                    writer = _Writer(run_id, row, files.enter_context(folder.open(row["path"])))
                writer.add(line)
        if writer is not None:
            writer.end()
    return [FileRecord(row["path"], _KINDS[row["form"]], row["entries"], row["sum_minor"],
                       row["currency"], recipient=f"account/{row['account_id']}")
            for row in rows.values()]


class _Writer:
    """One file, from its head to its end."""

    def __init__(self, run_id: RunId, row: asyncpg.Record, sink: IO[bytes]) -> None:
        self.batch = Batch(row["number"], run_id.created, row["account_id"], row["currency"],
                           row["period_from"], row["period_to"], row["entries"], row["sum_minor"])
        self._logic = msgspec.json.decode(row["logic"], type=Booking)
        self._sink = sink
        self._count = 0
        self._line, head, self._tail = self._form(row["form"])
        self._sink.write(head)

    def add(self, row: asyncpg.Record) -> None:
        """One line."""
        self._count += 1
        values = (row[name] for name in Line.__struct_fields__)
        self._sink.write(self._line(record_of(Line(*values), self._logic, self.batch.number)))

    def end(self) -> None:
        """Everything after the last line."""
        assert self._count == self.batch.entries, self.batch
        self._sink.write(self._tail)

    def _form(self, form: str) -> tuple[Callable[[Record], bytes], bytes, bytes]:
        """(what writes a line, the head, the tail)."""
        batch, terms = self.batch, self._logic.datev
        if form == "datev":
            assert terms is not None  # else there is an objection
            return (lambda record: datev.line(record, batch.currency, terms),
                    datev.header(batch, terms), b"")
        if form == "csv":
            table = TableWriter(self._logic.table, batch.number, batch.currency)
            return table.line, table.head(), b""
        return (lambda record: json_records.line(record, self._count),
                json_records.head(batch), json_records.tail())

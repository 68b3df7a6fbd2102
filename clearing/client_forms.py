"""A safe client's statement as machines read it: a table of bookings, one of cassettes.

PURE: values in, bytes into the sink. The bookings are those of the camt.053 beside it, and each
credit names the line of the bank's statement that has it.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from clearing.booking_file import write_bookings
from clearing.client_statement import ClientStatement, Credited, safe_days
from clearing.iso20022 import Sink
from clearing.tables import disarmed

COLUMNS: Final = (
    "kind", "date", "safe", "cassette", "receipt", "reference", "payment_reference",
    "end_to_end_id", "bank_booked_on", "bank_reference", "bank_statement", "amount_minor",
    "balance_minor", "currency")
_SAFE: Final = ("date", "safe", "cassette", "deposits", "deposited_minor", "provisional_minor",
                "withheld_minor", "uncounted_minor", "currency")


def write_xml(sink: Sink, statement: ClientStatement) -> None:
    """camt.053.001.08."""
    write_bookings(sink, statement.head, (line.booking for line in statement.lines))


def write_csv(sink: Sink, statement: ClientStatement) -> None:
    """Opening, every booking with the balance that it leads to, closing."""
    text, head = io.StringIO(newline=""), statement.head
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    balance, blank = head.opening_minor, ("",) * 8
    writer.writerow(("opening", head.from_day, *blank[:3], head.number, *blank[:5], balance,
                     balance, head.currency))
    credited = {credit.end_to_end_id: credit for credit in statement.credited}
    for line in statement.lines:
        booking = line.booking
        balance += booking.amount_minor
        seen = credited.get(booking.end_to_end_id, Credited("", "", 0))
        writer.writerow((
            booking.kind.lower(), booking.booked_on, disarmed(line.safe), disarmed(line.cassette),
            disarmed(line.receipt), disarmed(booking.reference), disarmed(booking.remittance),
            booking.end_to_end_id, seen.booked_on, disarmed(seen.bank_reference),
            disarmed(seen.statement), booking.amount_minor, balance, head.currency))
    writer.writerow(("closing", head.to_day, *blank[:3], head.number, *blank[:5], 0, balance,
                     head.currency))
    sink.write(text.getvalue().encode())


def write_safes(sink: Sink, statement: ClientStatement) -> int:
    """A cassette's day a row; how many."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_SAFE)
    days = safe_days(statement)
    for row in days:
        writer.writerow((row.day, disarmed(row.safe), disarmed(row.cassette), row.deposits,
                         row.deposited_minor, row.provisional_minor, row.withheld_minor,
                         row.uncounted_minor, statement.head.currency))
    sink.write(text.getvalue().encode())
    return len(days)

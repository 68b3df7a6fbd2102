"""The bookings of clients: what was booked on each one's account, as a file of his billing period.

Knows which lines of the ledger are a client's (account 2200), and when his period ends; how a file
is written is booking_file's. Each line of the ledger is in exactly one file, and each file begins
where the last one ended. What is in which was decided when the day was posted.
"""

from __future__ import annotations

from datetime import date, timedelta

import asyncpg

from clearing.booking_file import Booking, BookingFile, BookingHead, reference_of
from clearing.client import parse_client
from clearing.details import DepositDetail, read_json
from clearing.folder import DayFolder
from clearing.invoices import seller_for
from clearing.party import parse_party
from clearing.periods import period_of
from clearing.queries import Connection, query
from clearing.rows import ROWS_AT_A_TIME
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

_FEES = {1: "FEE", 3: "INTEREST", 5: "VAT"}  # by the line of a statement's transaction


async def state_bookings(connection: Connection, run_id: RunId) -> None:
    """Decide the files of a night: of each client whose period ends with it, of all that is open.
    """
    run, day = str(run_id), run_id.business_date
    await connection.execute(query("booking_open"), run, day)
    number = 0
    for row in await connection.fetch(query("bookings_due"), run):
        first, last = period_of(day, parse_client(row["party"]).billing)
        if last != day:
            continue
        number += 1
        since: date | None = row["period_to"]
        begins = min(row["first_day"], first) if since is None else since + timedelta(days=1)
        await connection.execute(
            query("booking_statement_new"), run_id.document("B", number), run, row["account_id"],
            row["currency"], begins, day, row["opening_minor"])


async def write_bookings(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> list[FileRecord]:
    """bookings/<account>-<currency>.xml."""
    files = []
    for row in await connection.fetch(query("booking_statements"), str(run_id)):
        path = f"bookings/{row['account_id']}-{row['currency']}.xml"
        party = parse_party(row["party"])
        head = BookingHead(
            number=row["number"], created=run_id.created, account=str(row["account_id"]),
            client=party.name if party else "", operator=seller_for(settings, row["currency"]).name,
            currency=row["currency"], from_day=row["period_from"], to_day=row["period_to"],
            opening_minor=row["opening_minor"], closing_minor=row["closing_minor"])
        with folder.open(path) as sink:
            document = BookingFile(sink, head)
            document.begin()
            await _add(connection, row, document)
            document.end()
        files.append(FileRecord(path, "booking_xml", row["entries"],
                                row["closing_minor"] - row["opening_minor"], row["currency"]))
    return files


async def _add(connection: Connection, statement: asyncpg.Record, document: BookingFile) -> None:
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(
                query("booking_lines"), statement["account_id"], statement["currency"],
                statement["period_from"], statement["period_to"], prefetch=ROWS_AT_A_TIME):
            document.add(_booking(row))


def _booking(row: asyncpg.Record) -> Booking:
    """A line of the ledger as its client reads it."""
    day, minor, transaction = row["business_date"], row["amount_minor"], row["transaction"]
    if row["purpose"] is not None:
        return Booking("CREDIT", day, minor, transaction, transaction, text=row["remittance"])
    if row["settle"] is not None:
        return Booking(_FEES[row["line"]], day, minor, transaction)
    if row["journal_id"] is None:
        # Out of suspense, or booked away: the item's own deposit or adjustment is named.
        return Booking("RELEASE" if minor > 0 else "WITHDRAWAL", day, minor,
                       reference_of(transaction.partition("#")[0]), text=row["terminal_id"] or "")
    detail = read_json(row["detail"], DepositDetail) or DepositDetail()
    receipt = f" RECEIPT {detail.receipt}" if detail.receipt else ""
    return Booking(row["kind"].upper(), day, minor, reference_of(transaction.removesuffix("#0")),
                   remittance=f"{detail.reference_model}{detail.reference}",
                   text=f"{row['terminal_id'] or ''}{receipt}".strip())

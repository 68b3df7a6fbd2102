"""The bookings of clients: what was booked on each one's account, as files of his billing period.

Knows which lines of the ledger are a client's (account 2200), and when his period ends; how a file
is written is client_forms'. Each line of the ledger is in exactly one file, and each file begins
where the last one ended. What is in which was decided when the day was posted. Memory holds one
client's period; his page is clearing.documents'.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, timedelta
from typing import Any

import asyncpg

from clearing.booking_file import Booking, BookingHead, reference_of
from clearing.client import parse_client
from clearing.client_forms import write_csv, write_safes, write_xml
from clearing.client_statement import (
    ClientStatement,
    Credited,
    Fee,
    Line,
    Waiting,
    adds_up,
)
from clearing.details import DepositDetail, read_json
from clearing.errors import ClearingError
from clearing.fee_accrual import charge_of
from clearing.fees import stated
from clearing.folder import DayFolder
from clearing.party import parse_party
from clearing.periods import period_of
from clearing.queries import Connection, query
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

_FEES = {1: "FEE", 3: "INTEREST", 5: "VAT"}  # by the line of a statement's transaction
# A credit that did not reach the client, by what clearing.answers calls its transaction.
_CAME_BACK = {"back": "RETURN", "paid": "CREDIT", "unpaid": "WRITE_OFF"}


async def state_bookings(connection: Connection, run_id: RunId) -> None:
    """Decide the files of a night: of each client whose period ends with it, of all that is open.
    """
    run, day = str(run_id), run_id.business_date
    await connection.execute(query("booking_open"), run, day)
    due: list[tuple[str, int, str, date, int]] = []
    for row in await connection.fetch(query("bookings_due"), run):
        first, last = period_of(day, parse_client(row["party"]).billing)
        if last != day:
            continue
        since: date | None = row["period_to"]
        begins = min(row["first_day"], first) if since is None else since + timedelta(days=1)
        due.append((run_id.document("B", len(due) + 1), row["account_id"], row["currency"], begins,
                    row["opening_minor"]))
    columns = [list(column) for column in zip(*due, strict=True)] or [[]] * 5
    await connection.execute(query("booking_statement_new"), run, day, *columns)


async def write_bookings(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> list[FileRecord]:
    """bookings/<account>-<currency>.xml and .csv; -safes.csv where cash came in."""
    files = []
    async for statement in client_statements(connection, run_id, settings):
        path = record_of(statement, "").path.removesuffix(".")
        with folder.open(f"{path}.xml") as sink:
            write_xml(sink, statement)
        with folder.open(f"{path}.csv") as sink:
            write_csv(sink, statement)
        with folder.open(f"{path}-safes.csv") as sink:
            days = write_safes(sink, statement)
        files += [record_of(statement, "xml"), record_of(statement, "csv"), FileRecord(
            f"{path}-safes.csv", "safe_days_csv", days, 0, "",
            recipient=f"account/{statement.account_id}")]
    return files


def record_of(statement: ClientStatement, form: str) -> FileRecord:
    """What the manifest says of one form of a client's bookings."""
    head = statement.head
    return FileRecord(
        f"bookings/{statement.account_id}-{head.currency}.{form}", f"booking_{form}",
        len(statement.lines), head.closing_minor - head.opening_minor, head.currency,
        recipient=f"account/{statement.account_id}")


async def client_statements(connection: Connection, run_id: RunId,
                            settings: Settings) -> AsyncIterator[ClientStatement]:
    """Each statement of a run. ClearingError: one does not lead from balance to balance."""
    run = str(run_id)
    heads = {row["number"]: row for row in
             await connection.fetch(query("booking_statements"), run)}
    credited = await _by_number(connection, "booking_credits", run, _credited)
    waiting = await _by_number(connection, "booking_waiting", run, _waiting)
    fees = _fees(await connection.fetch(query("booking_fees"), run))
    async for rows in grouped(connection, lambda row: row["number"], "booking_lines", run):
        row = heads[rows[0]["number"]]
        party = parse_party(row["party"])
        head = BookingHead(
            number=row["number"], created=run_id.created, account=str(row["account_id"]),
            client=party.name if party else "", operator=settings.seller(row["currency"]).name,
            currency=row["currency"], from_day=row["period_from"], to_day=row["period_to"],
            opening_minor=row["opening_minor"], closing_minor=row["closing_minor"])
        lines = tuple(_line(one) for one in rows)
        if not adds_up(head, lines):
            raise ClearingError(f"{run_id}: bookings {head.number}: the lines do not lead from "
                                f"{head.opening_minor} to {head.closing_minor}")
        yield ClientStatement(
            run, row["account_id"], party, head, lines,
            tuple(credited.get(head.number, ())), tuple(waiting.get(head.number, ())),
            tuple(fees.get((row["account_id"], head.currency), ())))


async def _by_number(connection: Connection, name: str, run: str,
                     made: Callable[[asyncpg.Record], Any]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in await connection.fetch(query(name), run):
        found.setdefault(row["number"], []).append(made(row))
    return found


def _credited(row: asyncpg.Record) -> Credited:
    booked: date | None = row["booked_on"]
    return Credited(row["end_to_end_id"], row["business_date"].isoformat(), row["amount_minor"],
                    booked.isoformat() if booked else "", row["bank_reference"] or "",
                    row["reference"] or "")


def _waiting(row: asyncpg.Record) -> Waiting:
    detail = read_json(row["detail"], DepositDetail) or DepositDetail()
    return Waiting(row["journal_date"].isoformat(), row["terminal_id"], detail.cassette,
                   row["family"] == "deposit_withheld", row["amount_minor"],
                   row["kind"] == "deposit")


def _fees(rows: list[asyncpg.Record]) -> dict[tuple[int, str], list[Fee]]:
    """The lines of each account's fee statement of the night, its VAT at the end."""
    charges: dict[tuple[int, str, str], list[asyncpg.Record]] = {}
    for row in rows:
        charges.setdefault((row["account_id"], row["currency"], row["number"]), []).append(row)
    found: dict[tuple[int, str], list[Fee]] = {}
    for (account_id, currency, number), charged in charges.items():
        sums = stated(((charge_of(row), row["vat_basis_points"]) for row in charged),
                      bears_vat=not charged[0]["vat_category"])
        made = [Fee(number, line.kind, line.amount_minor) for line in sums.lines]
        if sums.vat_minor:
            made.append(Fee(number, "vat", sums.vat_minor))
        found.setdefault((account_id, currency), []).extend(made)
    return found


def _line(row: asyncpg.Record) -> Line:
    detail = (read_json(row["detail"], DepositDetail) if row["detail"] is not None else None) \
        or DepositDetail()
    return Line(_booking(row, detail), row["terminal_id"] or "", detail.cassette, detail.receipt)


def _booking(row: asyncpg.Record, detail: DepositDetail) -> Booking:
    """A line of the ledger as its client reads it."""
    day, minor = row["business_date"].isoformat(), row["amount_minor"]
    transaction = row["transaction"]
    if row["purpose"] is not None:
        return Booking("CREDIT", day, minor, transaction, transaction, text=row["remittance"])
    if row["settle"] is not None:
        return Booking(_FEES[row["line"]], day, minor, transaction)
    identifier, _, what = transaction.rpartition("/")
    if row["journal_id"] is None and what in _CAME_BACK:
        return Booking(_CAME_BACK[what], day, minor, identifier, identifier)
    if row["journal_id"] is None:
        # Out of suspense, or booked away: the item's own deposit or adjustment is named.
        return Booking("RELEASE" if minor > 0 else "WITHDRAWAL", day, minor,
                       reference_of(transaction.partition("#")[0]), text=row["terminal_id"] or "")
    receipt = f" RECEIPT {detail.receipt}" if detail.receipt else ""
    return Booking(row["kind"].upper(), day, minor, reference_of(transaction.removesuffix("#0")),
                   remittance=f"{detail.reference_model}{detail.reference}",
                   text=f"{row['terminal_id'] or ''}{receipt}".strip())

"""Control totals: every file is read again from the disk and must say what the ledger says.

Knows how to read back each form; shares no arithmetic with the writers but the formats
themselves. Bank files are validated against their schema on the way. Nothing is released before
all agree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from clearing.bankfiles.reading import read_credit_transfers
from clearing.bankfiles.details import Details
from clearing.booking_check import read_bookings
from clearing.errors import ClearingError
from clearing.fee_statement import FeeStatement
from clearing.invoice import Invoice
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settlement import Settlement, difference
from clearing.summary import FileRecord
from clearing.tables import read_table

Totals = tuple[int, int, str]  # count, sum in minor units, currency ('' for none)

_AMOUNT: Final = re.compile(rb'data-amount-minor="(-?\d+)"')
_TRANSACTION: Final = re.compile(rb'data-transaction data-amount-minor="')
_PAGE_TOTAL: Final = re.compile(rb'data-total-minor="(-?\d+)" data-currency="([A-Z]{3})"')


def check_files(folder: Path, records: Iterable[FileRecord]) -> tuple[FileRecord, ...]:
    """The records by path, with the digest of what is on disk. ClearingError on any difference."""
    checked = []
    for record in sorted(records, key=lambda record: record.path):
        path = folder / record.path
        try:
            found = _READERS[record.kind](path)
        except (ValueError, KeyError, msgspec.DecodeError) as error:
            raise ClearingError(f"{record.path} cannot be read back: {error}") from error
        stated = (record.count, record.sum_minor, record.currency)
        if found != stated:
            raise ClearingError(f"{record.path}: the file says {found}, its record {stated}")
        checked.append(msgspec.structs.replace(record, sha256=_digest(path)))
    return tuple(checked)


async def check_totals(connection: Connection, run_id: RunId,
                       records: Iterable[FileRecord]) -> None:
    """Each form of each kind adds up, by currency, to the ledger. ClearingError if one does not."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for record in records:
        if record.currency:
            count, minor = found.get((record.kind, record.currency), (0, 0))
            found[record.kind, record.currency] = (count + record.count, minor + record.sum_minor)
    expected: dict[tuple[str, str], tuple[int, int]] = {}
    for row in await connection.fetch(query("totals"), str(run_id)):
        for kind in _READERS:
            if kind.rpartition("_")[0] == row["kind"]:
                expected[kind, row["currency"]] = (row["count"], row["sum_minor"])
    for kind, currency in sorted(found.keys() | expected.keys()):
        files, ledger = found.get((kind, currency)), expected.get((kind, currency))
        # A list of nothing is as good as none.
        if (files or (0, 0)) != (ledger or (0, 0)):
            raise ClearingError(f"{run_id}: {kind} in {currency}: the files say {files}, "
                                f"the ledger {ledger} (count, minor units)")


def _invoice_json(path: Path) -> Totals:
    invoice = msgspec.json.decode(path.read_bytes(), type=Invoice)
    lines = [line for vehicle in invoice.vehicles for line in vehicle.lines]
    total = sum(line.amount_minor for line in lines)
    parts = (invoice.total_minor, invoice.net_minor + invoice.vat_minor,
             sum(vehicle.subtotal_minor for vehicle in invoice.vehicles))
    if any(part != total for part in parts):
        raise ValueError(f"the lines come to {total}, total, VAT and subtotals to {parts}")
    return len({line.reference for line in lines}), total, invoice.currency


def _settlement_json(path: Path) -> Totals:
    settlement = msgspec.json.decode(path.read_bytes(), type=Settlement)
    if off := difference(settlement):
        raise ValueError(off)
    return len(settlement.payments), settlement.turnover_minor, settlement.currency


def _page(path: Path) -> Totals:
    """A page carries its amounts as data attributes; escaped text cannot fake one."""
    content = path.read_bytes()
    stated = _PAGE_TOTAL.search(content)
    if stated is None:
        raise ValueError("no total")
    total = sum(map(int, _AMOUNT.findall(content)))
    if total != int(stated[1]):
        raise ValueError(f"the lines come to {total}, the total is {int(stated[1])}")
    return len(_TRANSACTION.findall(content)), total, stated[2].decode()


def _settlement_csv(path: Path) -> Totals:
    rows, currency = _table(path)
    return len(rows), sum(int(row["amount_minor"]) for row in rows), currency


def _safe_total_csv(path: Path) -> Totals:
    rows, currency = _table(path)
    return (sum(int(row["rows"]) for row in rows),
            sum(int(row["deposited_minor"]) for row in rows), currency)


def _table(path: Path) -> tuple[list[dict[str, str]], str]:
    rows = read_table(path.read_bytes())
    currencies = {row["currency"] for row in rows}
    if len(currencies) != 1:
        raise ValueError(f"one currency a table, not {sorted(currencies)}")
    return rows, currencies.pop()


def _details_json(path: Path) -> Totals:
    details = msgspec.json.decode(path.read_bytes(), type=Details)
    for credit in details.credits:
        total = sum(item.amount_minor for item in credit.items)
        if total != credit.amount_minor:
            raise ValueError(f"{credit.end_to_end_id} is {credit.amount_minor}, its items {total}")
    stated = (details.count, details.sum_minor)
    found = (len(details.credits), sum(credit.amount_minor for credit in details.credits))
    if found != stated:
        raise ValueError(f"the head states {stated}, the credits are {found}")
    return *found, details.currency


def _fee_json(path: Path) -> Totals:
    statement = msgspec.json.decode(path.read_bytes(), type=FeeStatement)
    total = sum(line.amount_minor for line in statement.lines) + sum(
        rate.vat_minor for rate in statement.vat)
    stated = statement.fees_minor + statement.interest_minor + statement.vat_minor
    if not total == stated == statement.gross_minor:
        raise ValueError(f"the lines come to {total}, the gross is {statement.gross_minor}")
    return 1, total, statement.currency


def _list_csv(path: Path) -> Totals:
    return len(read_table(path.read_bytes())), 0, ""


def _list_json(path: Path) -> Totals:
    return len(msgspec.json.decode(path.read_bytes(), type=list[object])), 0, ""


_READERS: Final[dict[str, Callable[[Path], Totals]]] = {
    "invoice_json": _invoice_json,
    "invoice_html": _page,
    "settlement_json": _settlement_json,
    "settlement_html": _page,
    "settlement_csv": _settlement_csv,
    "deposit_credit_xml": read_credit_transfers,
    "deposit_credit_json": _details_json,
    "instant_credit_json": _details_json,
    "fee_json": _fee_json,
    "fee_html": _page,
    "booking_xml": read_bookings,
    "safe_total_csv": _safe_total_csv,
    "courier_cost_csv": _settlement_csv,
    "merchant_payout_xml": read_credit_transfers,
    "open_holds_csv": _list_csv,
    "cases_json": _list_json,
}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

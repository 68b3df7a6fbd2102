"""Control totals: every file is read again from the disk and must say what the ledger says.

Knows how to read back each form; shares no arithmetic with the writers but the formats
themselves. Bank files are validated against their schema on the way. Nothing is released before
all agree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from clearing.bankfiles.advice_check import read_advice
from clearing.bankfiles.bai2_check import read_bai2
from clearing.bankfiles.details import Details
from clearing.bankfiles.notice_file import read_notices
from clearing.bankfiles.reading import read_collections, read_credit_transfers
from clearing.bankfiles.table_check import read_advice_table, read_form, read_order_table
from clearing.beside import beside
from clearing.booking_check import read_bookings, read_settlement
from clearing.documents.reading import (
    read_client_page,
    read_invoice_page,
    read_settlement_page,
)
from clearing.errors import ClearingError
from clearing.fee_statement import FeeStatement
from clearing.invoices.checking import read_cii, read_erp_csv, read_ksef, read_ubl
from clearing.ownbooks.reading import read_datev, read_json_records, read_table_records
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settlement_check import read_booking_table, read_settlement_table
from clearing.summary import FileRecord
from clearing.tables import read_table

Totals = tuple[int, int, str]  # count, sum in minor units, currency ('' for none)

_BYTES_AT_A_TIME: Final = 8 << 20
_BYTES_HERE: Final = 64 << 20  # that are read before a process has begun
_AMOUNT: Final = re.compile(rb'data-amount-minor="(-?\d+)"')
_TRANSACTION: Final = re.compile(rb'data-transaction data-amount-minor="')
_PAGE_TOTAL: Final = re.compile(rb'data-total-minor="(-?\d+)" data-currency="([A-Z]{3})"')


async def check_night(folder: Path, records: Iterable[FileRecord]) -> tuple[FileRecord, ...]:
    """As check_files, a night's files by all processors."""
    async def parts() -> AsyncGenerator[tuple[int, Callable[[], tuple[FileRecord, ...]]], None]:
        part: list[FileRecord] = []
        size = 0
        for record in sorted(records, key=lambda record: record.path):
            path = folder / record.path
            size += path.stat().st_size if path.exists() else 0
            part.append(record)
            if size > _BYTES_AT_A_TIME:
                yield size, partial(check_files, folder, part)
                part, size = [], 0
        yield size, partial(check_files, folder, part)

    return tuple([record async for checked in beside(parts(), _BYTES_HERE, "control")
                  for record in checked])


def check_files(folder: Path, records: Iterable[FileRecord]) -> tuple[FileRecord, ...]:
    """The records by path, with the digest of what is on disk. ClearingError on any difference."""
    checked = []
    for record in sorted(records, key=lambda record: record.path):
        path = folder / record.path
        try:
            found = _READERS[record.kind](path)
        except (ValueError, LookupError, ArithmeticError, OSError,
                msgspec.DecodeError) as error:
            raise ClearingError(f"{record.path} cannot be read back: {error}") from error
        stated = (record.count, record.sum_minor, record.currency)
        if found != stated:
            raise ClearingError(f"{record.path}: the file says {found}, its record {stated}")
        checked.append(msgspec.structs.replace(record, sha256=_digest(path)))
    return tuple(checked)


async def check_totals(connection: Connection, run_id: RunId, records: Iterable[FileRecord], *,
                       pages: bool = True, only_pages: bool = False) -> None:
    """Each form of each kind adds up, by currency, to the ledger. ClearingError if one does not.

    pages: whether the run has them, or leaves them for later; only_pages: they are all there is.
    """
    wanted = _PAGES if only_pages else _READERS.keys() - _ALTERNATIVES.keys() - (
        frozenset() if pages else _PAGES)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for record in records:
        if record.currency:
            key = _ALTERNATIVES.get(record.kind, record.kind), record.currency
            count, minor = found.get(key, (0, 0))
            found[key] = (count + record.count, minor + record.sum_minor)
    expected: dict[tuple[str, str], tuple[int, int]] = {}
    for row in await connection.fetch(query("totals"), str(run_id), run_id.business_date,
                                      run_id.stream):
        for kind in wanted:
            if kind.rpartition("_")[0] == row["kind"]:
                expected[kind, row["currency"]] = (row["count"], row["sum_minor"])
    for kind, currency in sorted(found.keys() | expected.keys()):
        files, ledger = found.get((kind, currency)), expected.get((kind, currency))
        # A list of nothing is as good as none.
        if (files or (0, 0)) != (ledger or (0, 0)):
            raise ClearingError(f"{run_id}: {kind} in {currency}: the files say {files}, "
                                f"the ledger {ledger} (count, minor units)")


def _page(path: Path) -> Totals:
    """A page carries its amounts as data attributes; escaped text cannot fake one."""
    content = path.read_bytes()
    if not content.rstrip().endswith(b"</html>"):
        raise ValueError("the file was cut off")
    stated = _PAGE_TOTAL.search(content)
    if stated is None:
        raise ValueError("no total")
    total = sum(map(int, _AMOUNT.findall(content)))
    if total != int(stated[1]):
        raise ValueError(f"the lines come to {total}, the total is {int(stated[1])}")
    return len(_TRANSACTION.findall(content)), total, stated[2].decode()


def _cost_csv(path: Path) -> Totals:
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
    for rate in statement.vat:
        net = sum(line.amount_minor for line in statement.lines
                  if line.vat_basis_points == rate.rate_basis_points)
        if net != rate.net_minor:
            raise ValueError(f"{rate.net_minor} bear {rate.rate_basis_points}, the lines {net}")
    stated = statement.fees_minor + statement.interest_minor + statement.vat_minor
    if not total == stated == statement.gross_minor:
        raise ValueError(f"the lines come to {total}, the gross is {statement.gross_minor}")
    return 1, total, statement.currency


def _list_csv(path: Path) -> Totals:
    return len(read_table(path.read_bytes())), 0, ""


def _list_json(path: Path) -> Totals:
    return len(msgspec.json.decode(path.read_bytes(), type=list[object])), 0, ""


_READERS: Final[dict[str, Callable[[Path], Totals]]] = {
    "invoice_ubl_xml": read_ubl,
    "invoice_cii_xml": read_cii,
    "invoice_ksef_xml": read_ksef,
    "invoice_csv_csv": read_erp_csv,
    "invoice_pdf_pdf": read_invoice_page,
    "settlement_xml": read_settlement,
    "settlement_csv": read_settlement_table,
    "settlement_pdf": read_settlement_page,
    "deposit_credit_xml": read_credit_transfers,
    "deposit_credit_json": _details_json,
    "instant_credit_json": _details_json,
    "fee_json": _fee_json,
    "fee_html": _page,
    "booking_xml": read_bookings,
    "booking_csv": read_booking_table,
    "booking_pdf": read_client_page,
    "safe_days_csv": _list_csv,
    "safe_total_csv": _safe_total_csv,
    "courier_cost_csv": _cost_csv,
    "deposit_credit_csv": read_order_table,
    "deposit_advice_xml": read_advice,
    "deposit_advice_csv": read_advice_table,
    "deposit_advice_bai2": read_bai2,
    "merchant_payout_xml": read_credit_transfers,
    "merchant_payout_csv": read_order_table,
    "collection_xml": read_collections,
    "notice_csv": read_notices,
    "form_json": read_form,
    "supplier_payment_xml": read_credit_transfers,
    "supplier_payment_csv": read_order_table,
    "paper_pdf_pdf": read_invoice_page,
    "paper_ubl_xml": read_ubl,
    "paper_cii_xml": read_cii,
    "paper_ksef_xml": read_ksef,
    "paper_csv_csv": read_erp_csv,
    "booking_datev_csv": read_datev,
    "booking_table_csv": read_table_records,
    "booking_records_json": read_json_records,
    "open_holds_csv": _list_csv,
    "cases_json": _list_json,
}
_PAGES: Final = frozenset({"invoice_pdf_pdf", "paper_pdf_pdf", "settlement_pdf", "booking_pdf"})
# A bank has each in one of its forms: together they come to what the ledger says.
_ALTERNATIVES: Final = {
    "deposit_credit_csv": "deposit_credit_xml", "merchant_payout_csv": "merchant_payout_xml",
    "supplier_payment_csv": "supplier_payment_xml",
    "deposit_advice_csv": "deposit_advice_xml", "deposit_advice_bai2": "deposit_advice_xml"}


def _digest(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

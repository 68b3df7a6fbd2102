"""Direct debits of a night: decided once, posted, told, and written as pain.008.

Knows the tables of notices and collections; what is collected when is debits' arithmetic, the form
of the file pain008's. A debtor is told by the night that issues his invoice; the night that is
close enough to the day collects. What cannot be collected is held under a reason, and the next
night tries again.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from clearing.bankfiles.config import Creditor
from clearing.bankfiles.debits import CreditNote, Debit, Due, decide, horizon, notice_day
from clearing.bankfiles.notice_file import Notice, write_notices
from clearing.bankfiles.pain008 import Block, Collection, DirectDebitFile
from clearing.bankfiles.queries import query
from clearing.bankfiles.splitting import Sized, Slice, split
from clearing.charset import clean
from clearing.days.calendars import Calendar, calendar
from clearing.days.closing import bank_calendar
from clearing.exceptions import open_exception
from clearing.folder import DayFolder
from clearing.party import compact, parse_address
from clearing.queries import Connection
from clearing.release.life import NIGHT, note
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord

_EURO: Final = "EUR"
_SETTLED: Final = frozenset({"", "netted"})
_COLUMNS: Final = (
    "end_to_end_id", "run_id", "mandate_id", "invoice", "kind", "account_id", "currency",
    "notified_minor", "amount_minor", "scheme", "sequence_type", "collect_on", "signed_on",
    "debtor_name", "iban", "bic", "address", "original_id", "original_iban", "original_creditor",
    "creditor_id", "remittance", "held")
_NOTICE_COLUMNS: Final = ("invoice", "run_id", "account_id", "mandate_id", "scheme", "debtor_name",
                          "kind", "currency", "amount_minor", "due_on", "collect_on")
_HEAD_BYTES: Final = 4_096


async def store_debits(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Decide what is collected, in the transaction of the night, and post what goes."""
    rules = settings.bankfiles.collection
    if rules.creditor is None:
        return
    day = run_id.business_date
    works = await _works(connection, run_id, settings)
    await connection.execute(query("lock_debits"))
    due = [msgspec.convert(dict(row), Due) for row in
           await connection.fetch(query("due_debits"), horizon(day, rules, works))]
    notes = [msgspec.convert(dict(row), CreditNote) for row in await connection.fetch(
        query("open_credit_notes"), sorted({one.account_id for one in due}), day)]
    made = [(run_id.end_to_end_id("C", number), debit) for number, debit in
            enumerate(decide(due, notes, day, rules, works), 1)]
    await connection.copy_records_to_table(
        "clearing_debit", columns=_COLUMNS,
        records=[_row(name, debit, run_id, rules.creditor) for name, debit in made])
    await connection.copy_records_to_table(
        "debit_netting", columns=("credit_note", "end_to_end_id", "run_id", "amount_minor"),
        records=[(number, name, str(run_id), minor) for name, debit in made
                 for number, minor in debit.netted])
    for _, debit in made:
        if debit.held not in _SETTLED:
            await _open(connection, run_id, debit.held, debit.due.invoice, debit.due.account_id,
                        debit.amount_minor, debit.due.currency)
    await connection.execute(query("post_debits"), str(run_id))


async def write_collections(connection: Connection, run_id: RunId, settings: Settings,
                            folder: DayFolder) -> list[FileRecord]:
    """bank/collections-EUR-core.xml, -b2b.xml, and bank/notices.csv for the invoices of tonight."""
    creditor = settings.bankfiles.collection.creditor
    if creditor is None:
        return []
    records = await _write_notices(connection, run_id, settings, creditor, folder)
    rows = await connection.fetch(query("debits"), str(run_id))
    number = 0
    for scheme, found in groupby(rows, lambda row: row["scheme"]):
        of_scheme = list(found)
        sized = [Sized(row["end_to_end_id"], row["amount_minor"]) for row in of_scheme]
        slices = list(split(sized, settings.bankfiles.own, _HEAD_BYTES))
        for position, one in enumerate(slices, 1):
            number += 1
            part = f".{position}" if len(slices) > 1 else ""
            path = f"bank/collections-{_EURO}-{scheme.lower()}{part}.xml"
            records.append(await _write_file(
                connection, run_id, creditor, path,
                run_id.message_id("collect", _EURO, file=number), one,
                [row for row in of_scheme
                 if one.first_id <= row["end_to_end_id"] <= one.last_id], folder))
    return records


async def _write_file(connection: Connection, run_id: RunId, creditor: Creditor, path: str,
                      message_id: str, one: Slice, rows: list[asyncpg.Record],
                      folder: DayFolder) -> FileRecord:
    grouped = [(key, list(found)) for key, found in groupby(
        rows, lambda row: (row["scheme"], row["sequence_type"], row["collect_on"]))]
    blocks = [Block(number, *key, len(found), sum(row["amount_minor"] for row in found))
              for number, (key, found) in enumerate(grouped, 1)]
    with folder.open(path) as sink:
        document = DirectDebitFile(sink, message_id, run_id.created, _EURO, blocks, creditor)
        document.begin()
        for _, found in grouped:
            document.block()
            for row in found:
                document.add(_collection(row))
        document.end()
    first_day = min(block.collect_on for block in blocks)
    await connection.execute(
        query("debit_file_new"), message_id, str(run_id), _EURO, path, one.count, one.sum_minor,
        first_day, one.first_id, one.last_id)
    await note(connection, run_id, path, "generated", NIGHT, {
        "message_id": message_id, "count": one.count, "sum_minor": one.sum_minor,
        "currency": _EURO, "collect_on": first_day})
    return FileRecord(path, "collection_xml", one.count, one.sum_minor, _EURO, recipient="bank/")


async def _write_notices(connection: Connection, run_id: RunId, settings: Settings,
                         creditor: Creditor, folder: DayFolder) -> list[FileRecord]:
    # What was verified does not change: what is issued since then is told by the next night.
    if await connection.fetchval(query("run_status"), str(run_id)) == "posted":
        async with connection.transaction():
            await _decide_notices(connection, run_id, settings)
    rows = await connection.fetch(query("notices"), str(run_id))
    if not rows:
        return []
    notices = [Notice(creditor_id=creditor.identifier, **dict(row)) for row in rows]
    with folder.open("bank/notices.csv") as sink:
        write_notices(sink, notices)
    return [FileRecord("bank/notices.csv", "notice_csv", len(notices), 0, "")]


async def _decide_notices(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Which debtors are told of what, once an invoice. Where nobody has signed a mandate a person
    is told instead."""
    rules = settings.bankfiles.collection
    works = await _works(connection, run_id, settings)
    made = []
    for row in await connection.fetch(query("unnoticed_invoices"), run_id.business_date):
        if row["mandate_id"] is None:
            await _open(connection, run_id, "mandate_missing", row["number"], row["account_id"],
                        row["gross_minor"], row["currency"])
            continue
        made.append((row["number"], str(run_id), row["account_id"], row["mandate_id"],
                     row["scheme"], row["debtor_name"], row["kind"], row["currency"],
                     row["gross_minor"], row["due_on"],
                     notice_day(run_id.business_date, row["due_on"], rules, works)))
    await connection.copy_records_to_table("debit_notice", columns=_NOTICE_COLUMNS, records=made)


async def _works(connection: Connection, run_id: RunId, settings: Settings) -> Calendar:
    named = settings.bankfiles.calendars.get(_EURO)
    return calendar(named) if named else await bank_calendar(connection, run_id.business_date,
                                                             run_id.stream)


async def _open(connection: Connection, run_id: RunId, reason: str, invoice: str, account_id: int,
                amount_minor: int, currency: str) -> None:
    await open_exception(connection, stream=run_id.stream, reason=f"collection_{reason}",
                         subject_kind="invoice", subject=invoice, run_id=str(run_id),
                         account_id=account_id, currency=currency, amount_minor=amount_minor)


def _row(end_to_end_id: str, debit: Debit, run_id: RunId,
         creditor: Creditor) -> tuple[object, ...]:
    due = debit.due
    iban = compact(due.iban)
    moved = due.last_iban is not None and due.last_iban != iban
    renamed = due.original_id if due.last_mandate != due.mandate_id else ""
    other = due.last_creditor or ""
    return (end_to_end_id, str(run_id), due.mandate_id, due.invoice, due.kind, due.account_id,
            due.currency, due.amount_minor, debit.amount_minor, due.scheme, debit.sequence_type,
            debit.collect_on, due.signed_on, due.debtor_name, iban, compact(due.bic), due.address,
            renamed, due.last_iban if moved else "",
            other if other not in ("", creditor.identifier) else "", creditor.identifier,
            clean(f"INVOICE {due.invoice} DUE {due.due_on.isoformat()}", 140), debit.held)


def _collection(row: asyncpg.Record) -> Collection:
    return Collection(
        row["end_to_end_id"], row["amount_minor"], row["mandate_id"], row["signed_on"],
        row["debtor_name"], row["iban"], row["bic"],
        parse_address(msgspec.json.decode(row["address"])), row["remittance"],
        row["original_id"], row["original_iban"], row["original_creditor"])

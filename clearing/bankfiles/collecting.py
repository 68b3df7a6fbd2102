"""Direct debits of a night: whom to tell and what to collect, decided once, and posted.

Knows the tables of notices and collections; what is collected when is debits' arithmetic, the files
are collection_files'. A debtor is told by the night that issues his invoice; the night that is
close enough to the day collects. What cannot be collected is held under a reason, and the next
night tries again. What came back is collected again where people have decided so, once.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.bankfiles.config import Creditor
from clearing.bankfiles.debits import (
    CreditNote,
    Debit,
    Due,
    again_day,
    decide,
    horizon,
    notice_day,
)
from clearing.bankfiles.queries import query
from clearing.charset import clean
from clearing.days.calendars import Calendar, calendar
from clearing.days.closing import bank_calendar
from clearing.exceptions import open_exception
from clearing.party import compact
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_EURO: Final = "EUR"
_SETTLED: Final = frozenset({"", "netted"})
_COLUMNS: Final = (
    "end_to_end_id", "run_id", "mandate_id", "invoice", "kind", "account_id", "currency",
    "notified_minor", "amount_minor", "scheme", "sequence_type", "collect_on", "signed_on",
    "debtor_name", "iban", "bic", "address", "original_id", "original_iban", "original_creditor",
    "creditor_id", "remittance", "held", "before_id")
_NOTICE_COLUMNS: Final = ("invoice", "run_id", "account_id", "mandate_id", "scheme", "debtor_name",
                          "kind", "currency", "amount_minor", "due_on", "collect_on")


async def store_debits(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Decide what is collected, in the transaction of the night, and post what goes."""
    rules = settings.bankfiles.collection
    if rules.creditor is None:
        return
    day = run_id.business_date
    works = await _works(connection, run_id, settings)
    await connection.execute(query("lock_debits"))
    due = [msgspec.convert(dict(row), Due) for row in
           await connection.fetch(query("due_debits"), horizon(day, rules, works),
                                  again_day(day, rules, works))]
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
    await connection.execute(query("debits_again"), str(run_id))
    await connection.execute(query("post_debits"), str(run_id))


async def decide_notices(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Which debtors are told of what, once an invoice; in a transaction of its own. Where nobody
    has signed a mandate a person is told instead."""
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
            clean(f"INVOICE {due.invoice} DUE {due.due_on.isoformat()}", 140), debit.held,
            due.before_id)

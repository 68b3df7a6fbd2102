"""The invoices of a night, decided once: which lines, what they come to, under which number.

Knows the lines that wait and the periods of the fleets; must not know what an invoice looks like.
It runs in the transaction that posts the day: a run that dies leaves neither an invoice nor a gap
in the numbers, and a repeat finds both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from clearing.errors import ClearingError
from clearing.exceptions import close_explained
from clearing.invoices.cases import Found
from clearing.invoices.nights_told import nights_of, told_to_runs
from clearing.invoices.numbering import number_of, series_of, take
from clearing.invoices.parties import DEFECTS
from clearing.invoices.pending import Pending, pairs_of, pending, reference_of
from clearing.invoices.periods import PERIODS, ended_by
from clearing.invoices.rates import Rates
from clearing.invoices.statements import statement
from clearing.invoices.storing import store_lines
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_INVOICE: Final = (
    "number", "kind", "run_id", "account_id", "currency", "period_from", "period_to", "issued_on",
    "due_on", "net_minor", "vat_minor", "gross_minor", "rounding_minor", "collected_by", "corrects",
    "series", "serial", "country", "reverse_charge", "to_ksef", "price_basis", "vat_currency",
    "vat_rate", "vat_rate_on", "corrects_ksef", "told_by")
_LINES: Final = ("number", "run_id", "account_id", "currency", "country", "corrects", "first",
                 "until", "amount_minor")


async def decide_invoices(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Store the run's lines, and make the invoices of all fleets whose period has ended.

    ClearingError: what the invoices say is not what the ledger has.
    """
    run, day, found = str(run_id), run_id.business_date, Found()
    await store_lines(connection, run_id, settings, found)
    await connection.execute(statement("snapshot"), run)
    rows = await connection.fetch(statement("due"), run, day,
                                  *(ended_by(day, period) for period in PERIODS))
    nights = await told_to_runs(connection, nights_of(rows, settings))
    days = [row["last_day"] for row in rows]
    rates = await Rates.read(connection, pairs_of(rows, (settings, *nights.values())),
                             (min(days, default=day), max(days, default=day)))
    await _store(connection, run_id, settings,
                 list(pending(rows, settings, nights, rates, found)))
    await connection.execute(statement("request_done"), run)
    await connection.execute(statement("post"), run)
    await found.store(connection, run_id)
    await check_invoices(connection, run_id)


async def check_invoices(connection: Connection, run_id: RunId) -> None:
    """Journal, lines, invoices and ledger agree by currency, and no number is left out.

    ClearingError says where they do not.
    """
    off = await connection.fetchrow(statement("off"), str(run_id), run_id.business_date)
    if off is not None:
        raise ClearingError(f"{run_id}: {off['what']} in {off['place']}: {off['said_minor']} is "
                            f"not {off['booked_minor']}")


async def _store(connection: Connection, run_id: RunId, settings: Settings,
                 ready: list[Pending]) -> None:
    day = run_id.business_date
    series = [series_of(settings.invoicing.credit_series if one.kind == "credit_note"
                        else settings.invoicing.series, day) for one in ready]
    following = {name: await take(connection, name, series.count(name))
                 for name in sorted(set(series))}
    invoices: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    for one, name in zip(ready, series, strict=True):
        serial = following[name]
        following[name] += 1
        number, sums, row = number_of(name, serial), one.sums, one.ranges[0].row
        due = day if one.kind == "credit_note" else day + timedelta(days=one.tax.payment_days)
        invoices.append((
            number, one.kind, str(run_id), row["account_id"], row["currency"],
            *one.period(day), day, due, sums.net_minor, sums.vat_minor, sums.payable_minor,
            sums.rounding_minor, one.tax.collected_by, one.corrects, name, serial,
            one.supply.country, one.supply.reverse_charge, one.supply.to_ksef,
            one.supply.decided.price_basis,
            *((one.told.currency, one.told.rate, one.told.published_on) if one.told
              else ("", None, None)), row["corrected_ksef"] if one.corrects else "", one.told_by))
        lines += [(number, *(part.row[column] for column in _LINES[1:6]), part.first, part.until,
                   part.amount_minor) for part in one.ranges]
    await connection.copy_records_to_table("invoice", columns=_INVOICE, records=invoices)
    await connection.copy_records_to_table("invoice_line", columns=_LINES, records=lines)
    await connection.execute(statement("invoiced"), str(run_id))
    made = sorted({reference_of(one.ranges[0].row) for one in ready})
    for reason in DEFECTS:
        await close_explained(connection, reason=reason, subject_kind="invoice", subjects=made,
                              why=f"invoiced by {run_id}", who=str(run_id))

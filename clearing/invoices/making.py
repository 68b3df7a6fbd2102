"""The invoices of a night, decided once: which lines, what they come to, under which number.

Knows the lines that wait and the periods of the fleets; must not know what an invoice looks like.
It runs in the transaction that posts the day: a run that dies leaves neither an invoice nor a gap
in the numbers, and a repeat finds both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from clearing.errors import ClearingError
from clearing.exceptions import close_explained
from clearing.invoices import ksef
from clearing.invoices.cases import Found
from clearing.invoices.crediting import UNKNOWN
from clearing.invoices.document import Vat
from clearing.invoices.lines import FuelLine, document_line, nets_of
from clearing.invoices.numbering import number_of, series_of, take
from clearing.invoices.parties import DEFECTS, Tax, buyer_of, defect_of, parse_tax, seller_of
from clearing.invoices.periods import PERIODS, ended_by
from clearing.invoices.statements import statement
from clearing.invoices.storing import store_lines
from clearing.invoices.totals import Sums, category_of, step_of, sums_of, vat_of
from clearing.periods import period_of
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_INVOICE: Final = (
    "number", "kind", "run_id", "account_id", "currency", "period_from", "period_to", "issued_on",
    "due_on", "net_minor", "vat_minor", "gross_minor", "rounding_minor", "collected_by", "corrects",
    "series", "serial")
_LINES: Final = ("number", "run_id", "account_id", "currency", "corrects", "first", "until",
                 "amount_minor")


class _Range(msgspec.Struct, frozen=True):
    """Lines of one stored row, from `first` to before `until`."""

    row: asyncpg.Record
    first: int
    until: int
    amount_minor: int
    nets: dict[int, int]


class _Pending(msgspec.Struct, frozen=True):
    """An invoice without its number. tax: of its buyer."""

    ranges: tuple[_Range, ...]
    tax: Tax
    sums: Sums

    @property
    def kind(self) -> str:
        """A credit note gives back; what corrects and asks for more is corrective."""
        if self.sums.payable_minor < 0:
            return "credit_note"
        return "corrective" if self.corrects else "fleet"

    @property
    def corrects(self) -> str | None:
        """The invoice that it names, BT-25."""
        corrects: str = self.ranges[0].row["corrects"]
        return corrects if corrects not in {"", UNKNOWN} else None


async def decide_invoices(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Store the run's lines, and make the invoices of all fleets whose period has ended.

    ClearingError: what the invoices say is not what the ledger has.
    """
    run, day, found = str(run_id), run_id.business_date, Found()
    await store_lines(connection, run_id, settings, found)
    await connection.execute(statement("snapshot"), run)
    rows = await connection.fetch(statement("due"), run, day,
                                  *(ended_by(day, period) for period in PERIODS))
    pending = list(_pending(rows, settings, found))
    await _store(connection, run_id, settings, pending)
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


def _pending(rows: list[asyncpg.Record], settings: Settings, found: Found) -> Iterator[_Pending]:
    for (account_id, currency, corrects), some in groupby(
            rows, lambda row: (row["account_id"], row["currency"], row["corrects"])):
        batches = list(some)
        tax = parse_tax(batches[0]["tax"])
        buyer = buyer_of(account_id, batches[0]["party"], tax)
        defect = defect_of(seller_of(settings, currency), buyer, tax)
        whole = [_Range(row, 0, row["lines"], row["amount_minor"], _nets(row)) for row in batches]
        if not defect and "ksef" in tax.forms:
            defect = _ksef_defect(settings, currency, whole, corrects)
        if defect:
            found.add("invoice", account_id, _reference(batches[0]),
                      sum(one.amount_minor for one in whole), currency, defect)
            continue
        for ranges in _split(whole, currency) if "ksef" in tax.forms else [whole]:
            yield _Pending(tuple(ranges), tax, _sums(ranges, currency, tax))


def _nets(row: asyncpg.Record) -> dict[int, int]:
    return msgspec.json.decode(row["nets"], type=dict[int, int])


def _sums(ranges: list[_Range], currency: str, tax: Tax) -> Sums:
    step = step_of(currency)
    nets: dict[int, int] = {}
    for one in ranges:
        for rate, net in one.nets.items():
            nets[rate] = nets.get(rate, 0) + net
    vat = [Vat(category_of(rate), rate, net, vat_of(net, rate, step)) for rate, net in nets.items()]
    gross = sum(one.amount_minor for one in ranges) if tax.price_basis == "gross" else None
    return sums_of(vat, gross, step)


def _ksef_defect(settings: Settings, currency: str, ranges: list[_Range], corrects: str) -> str:
    rates = {rate for one in ranges for rate in one.nets}
    credit = sum(one.amount_minor for one in ranges) < 0
    return ksef.defect(seller_of(settings, currency), rates,
                       corrects_nothing=credit and corrects in {"", UNKNOWN})


def _split(whole: list[_Range], currency: str) -> Iterator[list[_Range]]:
    """Parts of as many lines as KSeF takes in one document."""
    stored = [(one, at, line) for one in whole for at, line in enumerate(
        msgspec.json.decode(one.row["content"], type=list[FuelLine]))]
    lines = [document_line(line, number, currency, 1)
             for number, (_, _, line) in enumerate(stored, 1)]
    for first, until in ksef.parts(lines, currency):
        part = []
        for row, some in groupby(stored[first:until], lambda entry: entry[0].row):
            told = list(some)
            fuel = [line for _, _, line in told]
            part.append(_Range(row, told[0][1], told[-1][1] + 1,
                               sum(line.amount_minor for line in fuel), nets_of(fuel, currency)))
        yield part


async def _store(connection: Connection, run_id: RunId, settings: Settings,
                 pending: list[_Pending]) -> None:
    day = run_id.business_date
    series = [series_of(settings.invoicing.credit_series if one.kind == "credit_note"
                        else settings.invoicing.series, day) for one in pending]
    following = {name: await take(connection, name, series.count(name))
                 for name in sorted(set(series))}
    invoices: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    for one, name in zip(pending, series, strict=True):
        serial = following[name]
        following[name] += 1
        number, sums, row = number_of(name, serial), one.sums, one.ranges[0].row
        due = day if one.kind == "credit_note" else day + timedelta(days=one.tax.payment_days)
        invoices.append((
            number, one.kind, str(run_id), row["account_id"], row["currency"],
            *_period(one, day), day, due, sums.net_minor, sums.vat_minor, sums.payable_minor,
            sums.rounding_minor, one.tax.collected_by, one.corrects, name, serial))
        lines += [(number, *(part.row[column] for column in _LINES[1:5]), part.first, part.until,
                   part.amount_minor) for part in one.ranges]
    await connection.copy_records_to_table("invoice", columns=_INVOICE, records=invoices)
    await connection.copy_records_to_table("invoice_line", columns=_LINES, records=lines)
    await connection.execute(statement("invoiced"), str(run_id))
    made = sorted({_reference(one.ranges[0].row) for one in pending})
    for reason in DEFECTS:
        await close_explained(connection, reason=reason, subject_kind="invoice", subjects=made,
                              why=f"invoiced by {run_id}", who=str(run_id))


def _reference(row: asyncpg.Record) -> str:
    """What an invoice that cannot be made is called: it has no number."""
    parts = (str(row["account_id"]), row["currency"], row["corrects"])
    return "/".join(part for part in parts if part)


def _period(one: _Pending, day: date) -> tuple[date, date]:
    """The period of its lines; never less than the days that they were sold on."""
    rows = [part.row for part in one.ranges]
    first = period_of(min(row["business_date"] for row in rows), one.tax.invoice_period)[0]
    last = period_of(max(row["business_date"] for row in rows), one.tax.invoice_period)[1]
    return (min(first, *(row["first_day"] for row in rows)),
            max(min(last, day), *(row["last_day"] for row in rows)))

"""A run's invoices as documents, put together from what is stored.

Knows the tables of lines and numbers. Nothing is decided here: a document whose totals are not
those that were stored is an error, for a repeat must say the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import date
from functools import lru_cache
from typing import Final

import asyncpg
import msgspec

from clearing.errors import ClearingError
from clearing.invoices.document import CORRECTED, CREDIT_NOTE, INVOICE, Document, Preceding
from clearing.invoices.lines import FuelLine, document_line
from clearing.invoices.parties import Tax, buyer_of, means_of, parse_tax
from clearing.invoices.statements import statement
from clearing.invoices.supply import Decided, forms_of, supply_of
from clearing.invoices.totals import make_document
from clearing.invoices.vat_told import Rate
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_ROWS_AT_A_TIME: Final = 16  # each may hold a fleet's whole day
_TYPES: Final = {"fleet": INVOICE, "credit_note": CREDIT_NOTE, "corrective": CORRECTED}
_lines = msgspec.json.Decoder(list[FuelLine])


class Stored(msgspec.Struct, frozen=True):
    """An invoice as it is stored: what was decided, and the lines of each day that it has."""

    number: str
    kind: str
    account_id: int
    currency: str
    period: tuple[date, date]
    issued_on: date
    due_on: date
    sums: tuple[int, int, int, int]  # net, VAT, rounding, what is asked for: signed
    corrects: str | None
    corrected_on: date | None
    corrected_ksef: str
    country: str  # where it was delivered, '' in the operator's own
    decided: Decided
    told: Rate | None  # VAT in another currency
    party: str
    tax: str | None
    corrected_vat_id: str | None  # see buyer_of
    settings: str | None  # that say its supply, where they are another run's
    parts: tuple[tuple[str, int, int], ...]  # lines as JSON, the first of them, before the last


async def stored_invoices(connection: Connection, run_id: RunId,
                          form: str = "") -> AsyncGenerator[Stored, None]:
    """The invoices of a run in the order of their numbers; see invoice_documents."""
    rows: list[asyncpg.Record] = []
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(statement("documents"), str(run_id), form,
                                           prefetch=_ROWS_AT_A_TIME):
            if rows and rows[0]["number"] != row["number"]:
                yield _stored(rows)
                rows = []
            rows.append(row)
    if rows:
        yield _stored(rows)


async def invoice_documents(connection: Connection, run_id: RunId, settings: Settings,
                            form: str = "") -> AsyncIterator[tuple[Document, Tax]]:
    """The documents of a run in the order of their numbers, with what the buyer has told.

    form: of those alone whose buyer gets it ('ubl', 'cii', 'ksef', 'csv', 'pdf'); '' for all.
    """
    async for stored in stored_invoices(connection, run_id, form):
        yield document_of(stored, run_id, settings)


def _stored(rows: list[asyncpg.Record]) -> Stored:
    row = rows[0]
    return Stored(
        row["number"], row["kind"], row["account_id"], row["currency"],
        (row["period_from"], row["period_to"]), row["issued_on"], row["due_on"],
        (row["net_minor"], row["vat_minor"], row["rounding_minor"], row["gross_minor"]),
        row["corrects"], row["corrected_on"], row["corrects_ksef"], row["country"],
        Decided(row["reverse_charge"], row["to_ksef"], row["price_basis"]),
        Rate(row["vat_currency"], row["vat_rate"], row["vat_rate_on"])
        if row["vat_currency"] else None, row["party"], row["tax"],
        row["corrected_vat_id"], row["told"],
        tuple((one["content"], one["first"], one["until"]) for one in rows))


@lru_cache(16)
def _settings(text: str) -> Settings:
    """Of corrections: a night's have them of a few runs."""
    return msgspec.json.decode(text, type=Settings)


def document_of(stored: Stored, run_id: RunId, settings: Settings) -> tuple[Document, Tax]:
    """An invoice put together, and what its buyer has told, of his forms those that it has.
    ClearingError: it does not come to what was decided."""
    number, currency, tax = stored.number, stored.currency, parse_tax(stored.tax)
    told = settings if stored.settings is None else _settings(stored.settings)
    supply = supply_of(told, currency, stored.country, stored.decided)
    tax = msgspec.structs.replace(tax, forms=forms_of(tax.forms, to_ksef=supply.to_ksef))
    is_credit = stored.kind == "credit_note"
    sign = -1 if is_credit else 1
    fuel = [supply.taxed(line) for content, first, until in stored.parts
            for line in _lines.decode(content)[first:until]]
    if len(stored.parts) > 1:  # a vehicle's lines of all days together
        fuel.sort(key=lambda line: line.vehicle)
    gross = sum(line.amount_minor for line in fuel)
    preceding = (Preceding(stored.corrects, stored.corrected_on, stored.corrected_ksef),) \
        if stored.corrects else ()
    document = make_document(
        number=number, type_code=_TYPES[stored.kind], issued_on=stored.issued_on,
        currency=currency, seller=supply.seller,
        buyer=buyer_of(stored.account_id, stored.party, tax, stored.corrected_vat_id),
        lines=[document_line(line, at, currency, sign, reverse_charge=supply.reverse_charge)
               for at, line in enumerate(fuel, 1)],
        gross_minor=sign * gross if stored.decided.keeps_gross else None, due_on=stored.due_on,
        period=stored.period,
        means=means_of(settings, tax, currency, number, is_credit=is_credit),
        terms="Given back" if is_credit else f"{tax.payment_days} days",
        buyer_reference=tax.buyer_reference or str(stored.account_id), preceding=preceding,
        notes=(f"Clearing run {run_id}",), delivered_in=supply.country, told=stored.told)
    found = tuple(sign * value for value in (
        document.net_minor, document.vat_minor, document.rounding_minor, document.payable_minor))
    if stored.sums != found:
        raise ClearingError(f"{number}: its lines come to {found}, and {stored.sums} was decided")
    return document, tax

"""A run's invoices as documents, put together from what is stored.

Knows the tables of lines and numbers. Nothing is decided here: a document whose totals are not
those that were stored is an error, for a repeat must say the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import msgspec

from clearing.errors import ClearingError
from clearing.invoices.document import CORRECTED, CREDIT_NOTE, INVOICE, Document, Preceding
from clearing.invoices.lines import FuelLine, document_line
from clearing.invoices.parties import Tax, buyer_of, means_of, parse_tax, seller_of
from clearing.invoices.statements import statement
from clearing.invoices.totals import make_document
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_ROWS_AT_A_TIME: Final = 16  # each may hold a fleet's whole day
_TYPES: Final = {"fleet": INVOICE, "credit_note": CREDIT_NOTE, "corrective": CORRECTED}
_lines = msgspec.json.Decoder(list[FuelLine])


async def invoice_documents(connection: Connection, run_id: RunId, settings: Settings,
                            form: str = "") -> AsyncIterator[tuple[Document, Tax]]:
    """The documents of a run in the order of their numbers, with what the buyer has told.

    form: of those alone whose buyer gets it ('ubl', 'cii', 'ksef', 'csv', 'pdf'); '' for all.
    """
    rows: list[asyncpg.Record] = []
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(statement("documents"), str(run_id), form,
                                           prefetch=_ROWS_AT_A_TIME):
            if rows and rows[0]["number"] != row["number"]:
                yield _document(rows, run_id, settings)
                rows = []
            rows.append(row)
    if rows:
        yield _document(rows, run_id, settings)


def _document(rows: list[asyncpg.Record], run_id: RunId,
              settings: Settings) -> tuple[Document, Tax]:
    row = rows[0]
    number, currency, tax = row["number"], row["currency"], parse_tax(row["tax"])
    is_credit = row["kind"] == "credit_note"
    sign = -1 if is_credit else 1
    fuel = [line for one in rows
            for line in _lines.decode(one["content"])[one["first"]:one["until"]]]
    if len(rows) > 1:  # a vehicle's lines of all days together
        fuel.sort(key=lambda line: line.vehicle)
    gross = sum(line.amount_minor for line in fuel)
    preceding = (Preceding(row["corrects"], row["corrected_on"]),) if row["corrects"] else ()
    document = make_document(
        number=number, type_code=_TYPES[row["kind"]], issued_on=row["issued_on"],
        currency=currency, seller=seller_of(settings, currency),
        buyer=buyer_of(row["account_id"], row["party"], tax),
        lines=[document_line(line, at, currency, sign) for at, line in enumerate(fuel, 1)],
        gross_minor=sign * gross if tax.price_basis == "gross" else None, due_on=row["due_on"],
        period=(row["period_from"], row["period_to"]),
        means=means_of(settings, tax, currency, number, is_credit=is_credit),
        terms="Given back" if is_credit else f"{tax.payment_days} days",
        buyer_reference=tax.buyer_reference or str(row["account_id"]), preceding=preceding,
        notes=(f"Clearing run {run_id}",))
    stored = tuple(row[name] for name in ("net_minor", "vat_minor", "rounding_minor",
                                          "gross_minor"))
    found = (document.net_minor, document.vat_minor, document.rounding_minor,
             document.payable_minor)
    if stored != tuple(sign * value for value in found):
        raise ClearingError(f"{number}: its lines come to {found}, and {stored} was decided")
    return document, tax

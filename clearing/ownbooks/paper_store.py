"""Papers on their way into the books: numbered without gaps, stored whole, all of a night at once.

Knows the tables own_document and invoice; what a paper says was decided before it came here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

import msgspec

from clearing.invoices.document import Document
from clearing.invoices.numbering import number_of, series_of, take
from clearing.ownbooks.statements import statement
from clearing.queries import Connection
from clearing.run_id import RunId

Kind = Literal["fee", "self_billed", "comparison"]
_COLUMNS: Final = (
    "number", "run_id", "stream", "kind", "basis", "account_id", "currency", "period_from",
    "period_to", "due_on", "count", "net_minor", "vat_minor", "gross_minor", "accrued_vat_minor",
    "commission_minor", "commission_vat_minor", "netted_minor", "country", "part", "forms",
    "content")
_INVOICE_COLUMNS: Final = (
    "number", "kind", "run_id", "account_id", "currency", "period_from", "period_to", "issued_on",
    "due_on", "net_minor", "vat_minor", "gross_minor", "rounding_minor", "collected_by", "series",
    "serial", "to_ksef")


class Numbered(msgspec.Struct, frozen=True):
    """A number, and where it is in which series."""

    number: str
    series: str
    serial: int


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A document with what the books make of it. numbered None: no invoice, and its number is the
    run's."""

    kind: Kind
    basis: str
    account_id: int
    document: Document
    numbered: Numbered | None = None
    collected_by: str = "transfer"
    forms: tuple[str, ...] = ()
    accrued_vat_minor: int = 0
    commission_minor: int = 0
    commission_vat_minor: int = 0
    netted_minor: int = 0
    country: str = ""  # of delivery, where it is not the operator's
    to_ksef: bool = False  # it is KSeF's, if its buyer wants that form
    part: int = 1  # of several that a party has of one period


async def take_numbers(connection: Connection, prefix: str, issued_on: date,
                       count: int) -> list[Numbered]:
    """So many numbers of a series, in their order. Given back when the transaction is."""
    series = series_of(prefix, issued_on)
    first = await take(connection, series, count) if count else 1
    return [Numbered(number_of(series, serial), series, serial)
            for serial in range(first, first + count)]


async def store_papers(connection: Connection, run_id: RunId, papers: Iterable[Paper]) -> None:
    """Keep them, and book what they add."""
    papers = list(papers)
    if not papers:
        return
    await connection.copy_records_to_table(
        "own_document", columns=_COLUMNS, records=[_row(run_id, paper) for paper in papers])
    await connection.copy_records_to_table(
        "invoice", columns=_INVOICE_COLUMNS,
        records=[_invoice_row(run_id, paper, paper.numbered)
                             for paper in papers if paper.numbered is not None])
    await connection.execute(statement("post_documents"), str(run_id))


def _row(run_id: RunId, paper: Paper) -> tuple[object, ...]:
    made = paper.document
    return (made.number, str(run_id), run_id.stream, paper.kind, paper.basis, paper.account_id,
            made.currency, made.period_from, made.period_to, _due(made), len(made.lines),
            made.net_minor, made.vat_minor, made.payable_minor, paper.accrued_vat_minor,
            paper.commission_minor, paper.commission_vat_minor, paper.netted_minor,
            paper.country, paper.part, list(paper.forms), msgspec.json.encode(made).decode())


def _invoice_row(run_id: RunId, paper: Paper, numbered: Numbered) -> tuple[object, ...]:
    made = paper.document
    return (made.number, paper.kind, str(run_id), paper.account_id, made.currency,
            made.period_from, made.period_to, made.issued_on, _due(made), made.net_minor,
            made.vat_minor, made.payable_minor, made.rounding_minor, paper.collected_by,
            numbered.series, numbered.serial, paper.to_ksef)


def _due(document: Document) -> date:
    return document.due_on or document.issued_on

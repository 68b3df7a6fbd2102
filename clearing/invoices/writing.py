"""The files of a night's invoices: each in the forms that its buyer gets.

Knows which form is which file; what is in one was decided when the day was posted. The PDF is
another room's (clearing/documents/).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from typing import Final

from clearing.beside import beside
from clearing.folder import DayFolder
from clearing.invoices.cases import stored_cases
from clearing.invoices.cii import cii
from clearing.invoices.document import Document
from clearing.invoices.erp_csv import erp_csv
from clearing.invoices.ksef import ksef
from clearing.invoices.making import check_invoices
from clearing.invoices.reading import Stored, document_of, stored_invoices
from clearing.invoices.ubl import ubl
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import Case, FileRecord

# A form: its writer, the end of the file's name, and its kind in the manifest.
FORMS: Final[dict[str, tuple[Callable[[Document], Iterator[str]], str, str]]] = {
    "ubl": (ubl, ".ubl.xml", "invoice_ubl_xml"), "cii": (cii, ".cii.xml", "invoice_cii_xml"),
    "ksef": (ksef, ".ksef.xml", "invoice_ksef_xml"), "csv": (erp_csv, ".csv", "invoice_csv_csv")}
_HERE: Final = 4_000  # lines that are written before a process has begun


async def write_invoices(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> tuple[list[FileRecord], list[Case]]:
    """invoices/<number>.ubl.xml and whatever else the buyer gets; the cases are for a person.

    A large night is written by processes of their own, one a processor; the bytes are the same.
    """
    await check_invoices(connection, run_id)

    async def calls() -> AsyncGenerator[tuple[int, Callable[[], list[FileRecord]]], None]:
        async with aclosing(stored_invoices(connection, run_id)) as invoices:
            async for stored in invoices:
                yield (sum(until - first for _, first, until in stored.parts),
                       partial(write_one, stored, run_id, settings, folder))

    files = [file async for written in beside(calls(), _HERE, str(run_id)) for file in written]
    return files, await stored_cases(connection, run_id)


def write_one(stored: Stored, run_id: RunId, settings: Settings,
              folder: DayFolder) -> list[FileRecord]:
    """The files of one invoice."""
    document, tax = document_of(stored, run_id, settings)
    sign = -1 if document.is_credit else 1
    files = []
    for form in dict.fromkeys(tax.forms):
        if form not in FORMS:
            continue
        write, end, kind = FORMS[form]
        path = f"invoices/{document.number}{end}"
        with folder.open(path) as sink:
            sink.writelines(map(str.encode, write(document)))
        files.append(FileRecord(
            path, kind, len(document.lines), sign * document.payable_minor, document.currency,
            recipient=f"account/{document.buyer.party_id}"))
    return files

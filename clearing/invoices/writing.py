"""The files of a night's invoices: each in the forms that its buyer gets.

Knows which form is which file; what is in one was decided when the day was posted. The PDF is
another room's (clearing/documents/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from clearing.folder import DayFolder
from clearing.invoices.cases import stored_cases
from clearing.invoices.cii import cii
from clearing.invoices.document import Document
from clearing.invoices.erp_csv import erp_csv
from clearing.invoices.ksef import ksef
from clearing.invoices.making import check_invoices
from clearing.invoices.reading import invoice_documents
from clearing.invoices.ubl import ubl
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import Case, FileRecord

# A form: its writer, the end of the file's name, and its kind in the manifest.
FORMS: Final[dict[str, tuple[Callable[[Document], Iterator[str]], str, str]]] = {
    "ubl": (ubl, ".ubl.xml", "invoice_ubl_xml"), "cii": (cii, ".cii.xml", "invoice_cii_xml"),
    "ksef": (ksef, ".ksef.xml", "invoice_ksef_xml"), "csv": (erp_csv, ".csv", "invoice_csv_csv")}


async def write_invoices(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> tuple[list[FileRecord], list[Case]]:
    """invoices/<number>.ubl.xml and whatever else the buyer gets; the cases are for a person."""
    await check_invoices(connection, run_id)
    files: list[FileRecord] = []
    async for document, tax in invoice_documents(connection, run_id, settings):
        sign = -1 if document.is_credit else 1
        for form in tax.forms:
            if form not in FORMS:
                continue
            write, end, kind = FORMS[form]
            path = f"invoices/{document.number}{end}"
            folder.write(path, "".join(write(document)).encode())
            files.append(FileRecord(
                path, kind, len(document.lines), sign * document.payable_minor, document.currency,
                recipient=f"account/{document.buyer.party_id}"))
    return files, await stored_cases(connection, run_id)

"""The pages of a run: each invoice, settlement and client's statement that it has, as PDF.

Knows which pages a stream has and where they go; what is on one was decided when the day was
posted. The same pages are made by the night, or apart from it (apart.py), from what is stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from clearing.bookings import client_statements
from clearing.documents.client_page import client_page
from clearing.documents.hybrid_page import codes_of, hybrid_page
from clearing.documents.page import Page
from clearing.documents.press import pressed
from clearing.documents.settlement_page import settlement_page
from clearing.documents.typesetting import Sheet
from clearing.folder import DayFolder
from clearing.invoices.reading import invoice_documents
from clearing.ownbooks.paper_files import papers
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.settlements import settled
from clearing.summary import FileRecord

Pages = Callable[[Connection, RunId, Settings], AsyncIterator[Page]]


async def write_documents(connection: Connection, run_id: RunId, settings: Settings,
                          folder: DayFolder) -> list[FileRecord]:
    """Beside each form for machines, its page; none where the settings leave them for later."""
    if not settings.documents.made:
        return []
    return await typeset_run(connection, run_id, settings, folder)


async def typeset_run(connection: Connection, run_id: RunId, settings: Settings,
                      folder: DayFolder) -> list[FileRecord]:
    """All pages of a run. ClearingError names the document that cannot be typeset."""
    records: list[FileRecord] = []

    async def sheets() -> AsyncIterator[Sheet]:
        for pages in (_PAGES[run_id.stream], _papers):
            async for page in pages(connection, run_id, settings):
                records.append(page.record)
                yield page.sheet

    number = 0
    async for _, made in pressed(sheets()):
        folder.write(records[number].path, made)
        number += 1
    return records


async def _invoices(connection: Connection, run_id: RunId,
                    settings: Settings) -> AsyncIterator[Page]:
    async for document, tax in invoice_documents(connection, run_id, settings, "pdf"):
        codes = codes_of(document) if "ksef" in tax.forms else ()
        yield hybrid_page(document, f"invoices/{document.number}.pdf", "invoice_pdf_pdf", run_id,
                          settings, codes)


async def _papers(connection: Connection, run_id: RunId,
                  settings: Settings) -> AsyncIterator[Page]:
    """Fee invoices and self-billed ones, of any stream."""
    async for path, account_id, forms, document in papers(connection, run_id):
        if "pdf" in forms:
            codes = codes_of(document) if "ksef" in forms else ()
            page = hybrid_page(document, f"{path}.pdf", "paper_pdf_pdf", run_id, settings, codes)
            yield msgspec.structs.replace(page, record=msgspec.structs.replace(
                page.record, recipient=f"account/{account_id}"))


async def _settlements(connection: Connection, run_id: RunId,
                       settings: Settings) -> AsyncIterator[Page]:
    async for settlement in settled(connection, run_id):
        yield settlement_page(settlement, settings)


async def _clients(connection: Connection, run_id: RunId,
                   settings: Settings) -> AsyncIterator[Page]:
    async for statement in client_statements(connection, run_id, settings):
        yield client_page(statement, settings)


_PAGES: Final[dict[str, Pages]] = {
    "fuel": _invoices, "cash": _clients, "payments": _settlements}

"""Pages of invoices that are in KSeF, made again once it has answered, or to be handed over before.

Knows the numbers that KSeF has given, and the seller's certificate; must not know a run's release:
what the night has let out stays as it is, and these are copies for whoever asks for one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import msgspec

from authhost.streams import STREAMS
from clearing.documents.hybrid_page import codes_of, hybrid_page
from clearing.documents.ksef_code import Signer
from clearing.documents.page import Page
from clearing.documents.press import pressed
from clearing.documents.reading import read_invoice_page
from clearing.documents.typesetting import Sheet
from clearing.errors import ClearingError
from clearing.folder import disk_errors
from clearing.invoices.reading import invoice_documents
from clearing.invoices.statements import statement
from clearing.ownbooks.paper_files import papers
from clearing.queries import Connection, connect, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord


class KsefPage(msgspec.Struct, frozen=True):
    """A page that was written. ksef_number: '' where KSeF has given none yet."""

    path: Path
    number: str
    ksef_number: str


async def write_ksef_pages(database_url: str, business_date: date, out_dir: Path,
                           signer: Signer | None = None) -> tuple[KsefPage, ...]:
    """<number>.pdf of each invoice of a day that is KSeF's, whatever forms its buyer gets beside:
    of fleets, and of those who are asked for fees. What waits to be released has none yet.

    signer: for code II of those without a number. ClearingError: nothing of the day is released, or
    a page does not say what was decided.
    """
    connection = await connect(database_url)
    try:
        nights = await _nights(connection, business_date)
        given = {row["number"]: row["ksef_number"] for row in await connection.fetch(
            statement("ksef_numbers"), [str(run_id) for run_id, _ in nights])}
        pages: list[Page] = []

        async def sheets() -> AsyncIterator[Sheet]:
            for run_id, settings in nights:
                async for page in _pages(connection, run_id, settings, given, signer):
                    pages.append(page)
                    yield page.sheet

        made: list[KsefPage] = []
        async for sheet, content in pressed(sheets()):
            page = pages[len(made)]
            _write(out_dir / page.record.path, page, content)
            made.append(KsefPage(out_dir / page.record.path, sheet.name,
                                 given.get(sheet.name, "")))
        return tuple(made)
    finally:
        await connection.close()


async def _nights(connection: Connection, business_date: date) -> list[tuple[RunId, Settings]]:
    """The runs of a day that are released, with their settings. ClearingError: none is."""
    found = []
    for stream in STREAMS:
        run_id = RunId(business_date, stream)
        run = await connection.fetchrow(query("run"), str(run_id))
        if run is not None and run["status"] == "done":
            found.append((run_id, msgspec.json.decode(run["settings"], type=Settings)))
    if not found:
        raise ClearingError(f"{business_date}: nothing is released: pages are made after that")
    return found


async def _pages(connection: Connection, run_id: RunId, settings: Settings, given: dict[str, str],
                 signer: Signer | None) -> AsyncIterator[Page]:
    async for document, _ in invoice_documents(connection, run_id, settings, "ksef"):
        codes = codes_of(document, given.get(document.number, ""), signer)
        yield hybrid_page(document, f"{document.number}.pdf", "invoice_pdf_pdf", run_id, settings,
                          codes)
    async for _, _, forms, document in papers(connection, run_id):
        if "ksef" in forms:
            codes = codes_of(document, given.get(document.number, ""), signer)
            yield hybrid_page(document, f"{document.number}.pdf", "paper_pdf_pdf", run_id,
                              settings, codes)


def _write(path: Path, page: Page, content: bytes) -> None:
    """Shown once it says what was decided; else nothing of it is left."""
    hidden = path.with_name(f".{path.name}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            hidden.write_bytes(content)
            _check(hidden, path.name, page.record)
            os.replace(hidden, path)  # one step, whatever was there
        finally:
            hidden.unlink(missing_ok=True)


def _check(hidden: Path, name: str, record: FileRecord) -> None:
    decided = record.count, record.sum_minor, record.currency
    try:
        found = read_invoice_page(hidden)
    except ValueError as error:
        raise ClearingError(f"{name}: {error}") from error
    if found != decided:
        raise ClearingError(f"{name} says {found}, and {decided} was decided")

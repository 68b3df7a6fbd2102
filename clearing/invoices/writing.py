"""The files of a night's invoices: each in the forms that its buyer gets.

Knows which form is which file; what is in one was decided when the day was posted. The PDF is
another room's (clearing/documents/).
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from clearing.collecting import collect_seldom
from clearing.errors import ClearingError
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
_WAITING: Final = 4  # invoices a worker that are on their way, so that memory holds no night


async def write_invoices(connection: Connection, run_id: RunId, settings: Settings,
                         folder: DayFolder) -> tuple[list[FileRecord], list[Case]]:
    """invoices/<number>.ubl.xml and whatever else the buyer gets; the cases are for a person.

    A large night is written by processes of their own, one a processor; the bytes are the same.
    """
    await check_invoices(connection, run_id)
    files: list[FileRecord] = []
    under_way: deque[Future[list[FileRecord]]] = deque()
    pool: ProcessPoolExecutor | None = None
    workers, lines = os.cpu_count() or 1, 0
    try:
        async for stored in stored_invoices(connection, run_id):
            if lines < _HERE:
                files += write_one(stored, run_id, settings, folder)
                lines += sum(until - first for _, first, until in stored.parts)
                continue
            pool = pool or ProcessPoolExecutor(workers, mp_context=get_context("spawn"),
                                               initializer=collect_seldom)
            under_way.append(pool.submit(write_one, stored, run_id, settings, folder))
            if len(under_way) >= workers * _WAITING:
                files += await _made(under_way.popleft())
        while under_way:
            files += await _made(under_way.popleft())
    except BrokenProcessPool as error:
        raise ClearingError(f"{run_id}: a process that writes has died: {error}") from error
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    return files, await stored_cases(connection, run_id)


async def _made(future: Future[list[FileRecord]]) -> list[FileRecord]:
    return await asyncio.wrap_future(future)


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
        folder.write(path, "".join(write(document)).encode())
        files.append(FileRecord(
            path, kind, len(document.lines), sign * document.payable_minor, document.currency,
            recipient=f"account/{document.buyer.party_id}"))
    return files

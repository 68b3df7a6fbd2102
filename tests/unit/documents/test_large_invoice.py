"""An invoice of 5,000 lines: it is typeset, says what its XML says, and takes the memory it may."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import pypdfium2

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.reading import read_invoice_page
from clearing.documents.settings import Documents
from clearing.documents.typesetting import typeset
from clearing.invoices.cii import cii
from clearing.invoices.document import Document
from tests.support.invoice_scene import invoice, line

LINES: Final = 5_000
_BY_VEHICLE: Final = 40
_MOST_MEMORY_MIB: Final = 1_024  # a press has a process a processor, beside the night's own


def large() -> Document:
    """A month of a large fleet."""
    def of(number: int) -> str:
        return f"W {number // _BY_VEHICLE} A"
    return invoice([line(number, 4_137 + number % 97, group=of(number), attributes=(
        of(number), f"Driver {number // _BY_VEHICLE}", "780131*********1234",
        str(100_000 + number), "Motorway A1", "14:30", f"sale-{number}", ""))
        for number in range(1, LINES + 1)])


def typeset_large(path: Path) -> int:
    """In a process of its own; the most memory that it had, in MiB.

    Of the process since its exec: `ru_maxrss` keeps what the parent had at the fork (Linux,
    getrusage(2)), and that is the whole test run's.
    """
    document = large()
    path.write_bytes(typeset(invoice_sheet(document, Documents(),
                                           cii="".join(cii(document)).encode())))
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    assert peak
    return int(peak[1]) // 1_024


def test_its_totals_are_read_back_and_no_line_is_missing(tmp_path: Path) -> None:
    path, document = tmp_path / "i.pdf", large()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        memory_mib = pool.submit(typeset_large, path).result()
    assert memory_mib < _MOST_MEMORY_MIB
    assert read_invoice_page(path) == (LINES, document.payable_minor, "EUR")
    pdf = pypdfium2.PdfDocument(path)
    text = " ".join(pdf[at].get_textpage().get_text_bounded().replace("\u200b", "")
                    for at in range(len(pdf)))
    pdf.close()
    words = set(text.replace("\r\n", " ").split())
    assert [number for number in range(1, LINES + 1) if f"sale-{number}" not in words] == []

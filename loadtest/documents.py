"""How fast a night's pages are made: invoices as UBL and as hybrid PDF.

    python -m loadtest.documents [--invoices 1000] [--lines 40] [--json]

Knows the writers and the press; needs no database. Each invoice is a fleet's, with vehicles,
drivers and attributes as a night has them. Fields: seconds, invoices, lines, pages, bytes,
peak_memory_mib (this process, and as many as there are processors of the press's largest).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.press import pressed
from clearing.documents.settings import Documents
from clearing.documents.typesetting import Sheet
from clearing.invoices.cii import cii
from clearing.invoices.document import INVOICE, Document, Line, Party, PaymentMeans, Price
from clearing.invoices.totals import make_document
from clearing.invoices.ubl import ubl
from clearing.money import divide_half_up
from clearing.party import Address

_DAY: Final = date(2026, 7, 31)
_COUNTRIES: Final = ("DE", "PL", "SI", "FR")
_PAGES: Final = re.compile(rb"/Type/Pages/Count (\d+)")
_KIB: Final = 1_024


def invoice(number: int, lines: int) -> Document:
    """The number-th invoice: the same one whenever it is made."""
    country = _COUNTRIES[number % len(_COUNTRIES)]
    return make_document(
        number=f"F2026-{number:06d}", type_code=INVOICE, issued_on=_DAY, currency="EUR",
        seller=Party("Operator GmbH", Address("Hauptstraße", "1", "60311", "Frankfurt", "DE"),
                     vat_id="DE123456788"),
        buyer=Party(f"Fleet {number} Łódź & Søn", Address("Road", "5", "1000", "Town", country),
                    party_id=str(number)),
        lines=[_line(number, at) for at in range(1, lines + 1)], due_on=_DAY + timedelta(days=14),
        gross_minor=None, period=(_DAY - timedelta(days=30), _DAY),
        means=PaymentMeans("58", f"F2026-{number:06d}", "DE89370400440532013000", "Operator GmbH"))


def _line(number: int, at: int) -> Line:
    quantity = Decimal(20_000 + (number * 7_919 + at * 104_729) % 70_000).scaleb(-3)
    price = Price(Decimal("1.271"), Decimal("1.312"), Decimal("0.041"))
    plate = f"KR {1_000 + number % 89 + at // 5} A"
    day = _DAY - timedelta(days=at % 28)
    return Line(
        number=at, name="Diesel B7", quantity=quantity, unit="LTR", price=price,
        net_minor=divide_half_up(int(quantity.scaleb(3)) * 1_271, 10_000), rate_basis_points=1_900,
        group=plate, item_id="012", start=day, end=day, attributes=(
            plate, "Jeanne Wójcik", "700123******4567", str(100_000 + at), "Motorway A1 North",
            "14:05", f"R-{number}-{at}", ""))


async def make(folder: Path, invoices: int, lines: int) -> dict[str, int]:
    """Write them all; how many pages and bytes they have."""
    pages = size = 0

    async def sheets() -> AsyncIterator[Sheet]:
        nonlocal size
        for number in range(1, invoices + 1):
            document = invoice(number, lines)
            content = "".join(ubl(document)).encode()
            (folder / f"{document.number}.ubl.xml").write_bytes(content)
            size += len(content)
            yield invoice_sheet(document, Documents(), "loadtest",
                                "".join(cii(document)).encode())

    async for sheet, made in pressed(sheets()):
        (folder / f"{sheet.name}.pdf").write_bytes(made)
        found = _PAGES.search(made)
        pages, size = pages + (int(found[1]) if found else 0), size + len(made)
    return {"pages": pages, "bytes": size}


def run(invoices: int, lines: int) -> dict[str, object]:
    """What it took."""
    with tempfile.TemporaryDirectory(prefix="authhost-documents-") as folder:
        begun = time.perf_counter()
        made = asyncio.run(make(Path(folder), invoices, lines))
        seconds = time.perf_counter() - begun
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (os.cpu_count() or 1))
    return {"seconds": round(seconds, 2), "invoices": invoices, "lines": lines, **made,
            "peak_memory_mib": peak // _KIB, "processors": os.cpu_count() or 1}


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.documents",
                                     description="Typeset invoices as a night does.")
    parser.add_argument("--invoices", type=int, default=1_000)
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    result = run(given.invoices, given.lines)
    print(json.dumps(result) if given.json else
          "\n".join(f"{name:<18}{value}" for name, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

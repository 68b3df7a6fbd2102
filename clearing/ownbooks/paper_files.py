"""The papers of a run as files: UBL, CII and tables, in the forms that each party asked for.

Knows the files a paper is; what is in it was decided when the day was posted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import asyncpg
import msgspec

from clearing.folder import DayFolder
from clearing.invoices.document import Document
from clearing.invoices.writing import FORMS
from clearing.ownbooks.statements import statement
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.summary import FileRecord

_FOLDERS: Final = {"fee": "fee-invoices", "self_billed": "self-billed", "comparison": "to-compare"}
# By form: what control reads it back as. National forms are of fuel alone.
_KINDS: Final = {"ubl": "paper_ubl_xml", "cii": "paper_cii_xml", "csv": "paper_csv_csv"}


async def write_papers(connection: Connection, run_id: RunId,
                       folder: DayFolder) -> list[FileRecord]:
    """fee-invoices/, self-billed/ and to-compare/, each by its number."""
    files: list[FileRecord] = []
    for row in await connection.fetch(statement("documents"), str(run_id)):
        document = msgspec.json.decode(row["content"], type=Document)
        files.extend(_write(folder, row, document))
    return files


def _write(folder: DayFolder, row: asyncpg.Record, document: Document) -> Iterator[FileRecord]:
    for form in row["forms"]:
        if form not in _KINDS:
            continue  # typeset, or a national form
        write, end, _ = FORMS[form]
        path = f"{_FOLDERS[row['kind']]}/{document.number}{end}"
        folder.write(path, "".join(write(document)).encode())
        yield FileRecord(path, _KINDS[form], len(document.lines), document.payable_minor,
                         document.currency, recipient=f"account/{row['account_id']}")

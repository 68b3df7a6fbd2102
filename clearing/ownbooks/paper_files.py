"""The papers of a run as files: UBL, CII, FA(3) and tables, in the forms that each party asked for.

Knows the files a paper is; what is in it was decided when the day was posted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from clearing.folder import DayFolder
from clearing.invoices.document import Document
from clearing.invoices.writing import FORMS
from clearing.ownbooks.statements import statement
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.summary import FileRecord

_FOLDERS: Final = {"fee": "fee-invoices", "self_billed": "self-billed", "comparison": "to-compare"}
# By form: what control reads it back as. Pages are clearing.documents'.
_KINDS: Final = {"ubl": "paper_ubl_xml", "cii": "paper_cii_xml", "ksef": "paper_ksef_xml",
                 "csv": "paper_csv_csv"}


async def papers(connection: Connection,
                 run_id: RunId) -> AsyncIterator[tuple[str, int, frozenset[str], Document]]:
    """(path without its end, account, forms that its party gets, document) of each."""
    for row in await connection.fetch(statement("documents"), str(run_id)):
        document = msgspec.json.decode(row["content"], type=Document)
        yield (f"{_FOLDERS[row['kind']]}/{document.number}", row["account_id"],
               frozenset(row["forms"]), document)


async def write_papers(connection: Connection, run_id: RunId,
                       folder: DayFolder) -> list[FileRecord]:
    """fee-invoices/, self-billed/ and to-compare/, each by its number."""
    files: list[FileRecord] = []
    async for path, account_id, forms, document in papers(connection, run_id):
        for form, kind in _KINDS.items():
            if form in forms:
                write, end, _ = FORMS[form]
                folder.write(f"{path}{end}", "".join(write(document)).encode())
                files.append(FileRecord(
                    f"{path}{end}", kind, len(document.lines), document.payable_minor,
                    document.currency, recipient=f"account/{account_id}"))
    return files

"""The night of fuel: what fleets owe.

Knows the order; must not know how an invoice is made.
"""

from __future__ import annotations

from typing import Final

from clearing.answers.booking import book_answers
from clearing.bankfiles.collecting import store_debits
from clearing.bankfiles.collection_files import write_collections
from clearing.bankfiles.night import write_bank_files
from clearing.credits import store_credits
from clearing.documents.night import write_documents
from clearing.engine.posting import Placer
from clearing.folder import DayFolder
from clearing.invoices.making import decide_invoices
from clearing.invoices.writing import write_invoices
from clearing.nights.work import Work, Written, files_of
from clearing.ownbooks.deciding import decide_own_books
from clearing.ownbooks.writing import write_own_books
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord
from clearing.suspense import release_suspense


async def decide(connection: Connection, run_id: RunId, settings: Settings,
                 _: Placer) -> None:
    """Book what banks have said of collections and what comes out of suspense, make the invoices,
    decide tonight's collections."""
    await store_credits(connection, await book_answers(connection, run_id, settings, {}))
    await connection.execute(query("post_credits"), str(run_id))
    await release_suspense(connection, run_id)
    await decide_invoices(connection, run_id, settings)
    await store_debits(connection, run_id, settings)
    await decide_own_books(connection, run_id, settings)


async def _invoices(connection: Connection, run_id: RunId, settings: Settings,
                    folder: DayFolder) -> Written:
    return Written(*await write_invoices(connection, run_id, settings, folder))


async def _bank(connection: Connection, run_id: RunId, settings: Settings,
                folder: DayFolder) -> list[FileRecord]:
    """What fleets pay, and what dealers of stations are paid."""
    return [*await write_collections(connection, run_id, settings, folder),
            *await write_bank_files(connection, run_id, settings, folder)]


WORK: Final = Work(decide, (("invoices", _invoices),
    ("own books", files_of(write_own_books)),
    ("documents", files_of(write_documents)),
    ("bank", files_of(_bank))))

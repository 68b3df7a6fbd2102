"""The night of payments: what merchants are paid.

Knows the order; what a settlement comes to is clearing.settling's.
"""

from __future__ import annotations

from typing import Final

from clearing.answers.booking import book_answers
from clearing.bankfiles.night import write_bank_files
from clearing.credits import store_credits
from clearing.documents.night import write_documents
from clearing.engine.posting import Placer
from clearing.nights.work import Work, files_of
from clearing.ownbooks.deciding import decide_own_books
from clearing.ownbooks.writing import write_own_books
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.settlements import write_settlements
from clearing.settling import settle_merchants


async def decide(connection: Connection, run_id: RunId, settings: Settings,
                 placer: Placer) -> None:
    """Decide the settlements of a run once and book the payouts that go."""
    payouts = await settle_merchants(connection, run_id, settings, placer)
    again = await book_answers(connection, run_id, settings, {})
    await store_credits(connection, [*payouts, *again])
    await connection.execute(query("post_credits"), str(run_id))
    await decide_own_books(connection, run_id, settings)


WORK: Final = Work(decide, (
    ("settlements", files_of(write_settlements)),
    ("own books", files_of(write_own_books)),
    ("documents", files_of(write_documents)),
    ("bank", files_of(write_bank_files))))

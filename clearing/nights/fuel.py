"""The night of fuel: what fleets owe.

Knows the order; must not know how an invoice is made.
"""

from __future__ import annotations

from typing import Final

from clearing.folder import DayFolder
from clearing.invoices import write_invoices
from clearing.nights.work import Work, Written
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings


async def decide(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Nothing is decided with the posting yet."""


async def _invoices(connection: Connection, run_id: RunId, settings: Settings,
                    folder: DayFolder) -> Written:
    return Written(*await write_invoices(connection, run_id, settings, folder))


WORK: Final = Work(decide, (("invoices", _invoices),))

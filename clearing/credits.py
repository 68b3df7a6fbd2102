"""The credit transfers that a night has decided, stored.

Knows their table; who decides, and the files that they go into, are others'.
"""

from __future__ import annotations

from collections.abc import Iterable

from clearing.queries import Connection

COLUMNS = ("run_id", "end_to_end_id", "purpose", "account_id", "place_id", "currency",
           "amount_minor", "count", "remittance", "held", "bank_id")


async def store_credits(connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Rows of clearing_credit, in the order of COLUMNS."""
    await connection.copy_records_to_table("clearing_credit", columns=COLUMNS, records=rows)

"""Credits that a bank gave at once: booked by the first night that finds them accepted.

Knows that such a credit has the EndToEndId under which it was sent, and never another; must not
know how it was sent. It is in no file that pays, only in the details that the bank gets.
"""

from __future__ import annotations

from authhost.safes.life import end_to_end_id
from authhost.safes.moves import move
from clearing.errors import ClearingError
from clearing.queries import Connection, query
from clearing.run_id import RunId

_ITEM_COLUMNS = ("run_id", "end_to_end_id", "source", "key", "account_id", "terminal_id",
                 "currency", "amount_minor", "family", "journal_date", "journal_id", "settled")


async def book_instant(connection: Connection, run_id: RunId,
                       who: str) -> list[tuple[object, ...]]:
    """Move them, store what they are of, and return their rows of clearing_credit."""
    found = await connection.fetch(query("accepted"))
    keys = [row["key"] for row in found]
    moved = await move(connection, keys, "book", who=who, run_id=str(run_id))
    if moved != keys:
        raise ClearingError(f"{run_id}: accepted credits were moved by somebody else: "
                            f"{sorted(set(keys) - set(moved))[:3]}")
    identified = [(row, end_to_end_id(row["business_date"], row["journal_id"])) for row in found]
    await connection.copy_records_to_table(
        "clearing_item", columns=_ITEM_COLUMNS,
        records=[(str(run_id), identifier, "deposit", row["key"], row["account_id"],
                  row["terminal_id"], row["currency"], row["amount_minor"], row["family"],
                  row["business_date"], row["journal_id"], True) for row, identifier in identified])
    return [(str(run_id), identifier, "instant_credit", row["account_id"], row["terminal_id"],
             row["currency"], row["amount_minor"], 1, "", "", row["bank_id"])
            for row, identifier in identified]

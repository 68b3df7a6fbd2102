"""What a bank is told of each deposit in a credit: safe, time, receipt, denominations.

Knows the form of the details and how a journal row becomes one; must not know how a credit was put
together. The file names the same message id and EndToEndIds as the payment file beside it, and its
items come to the same amounts. Streams; memory holds one credit.
"""

from __future__ import annotations

from operator import itemgetter

import asyncpg
import msgspec

from clearing.details import read_json
from clearing.folder import DayFolder
from clearing.localtime import date_and_time
from clearing.queries import Connection
from clearing.rows import grouped
from clearing.run_id import RunId
from clearing.summary import FileRecord


class Denomination(msgspec.Struct, frozen=True):
    """Pieces of one value. kind: 'note' or 'coin'."""

    value_minor: int = 0
    count: int = 0
    kind: str = "note"
    category: str = ""


class Item(msgspec.Struct, frozen=True):
    """A deposit, or what was taken off or added. date and time are on the client's clock."""

    kind: str  # deposit, reversal, adjustment, fee
    reference: str  # journal key, or the number of a fee statement
    amount_minor: int
    safe: str = ""
    business_date: str = ""
    date: str = ""
    time: str = ""
    receipt: str = ""
    depositor: str = ""
    cassette: str = ""
    reference_model: str = ""
    payment_reference: str = ""
    denominations: list[Denomination] = []
    why: str = ""  # of an adjustment: what the count has found


class DetailedCredit(msgspec.Struct, frozen=True):
    """A credit and what it is made of."""

    end_to_end_id: str
    amount_minor: int
    items: list[Item]


class Details(msgspec.Struct, frozen=True):
    """The file. count: credits; sum_minor: what they come to."""

    message_id: str
    currency: str
    count: int
    sum_minor: int
    credits: list[DetailedCredit]


class _Stored(msgspec.Struct, frozen=True):
    receipt: str = ""
    depositor: str = ""
    cassette: str = ""
    reference_model: str = ""
    reference: str = ""
    why: str = ""


class _Counted(msgspec.Struct, frozen=True):
    denominations: list[Denomination] = []


async def write_details(connection: Connection, run_id: RunId, total: asyncpg.Record,
                        message_id: str, path: str, folder: DayFolder) -> FileRecord:
    """One file of details, credit by credit."""
    purpose, currency = total["purpose"], total["currency"]
    head = {"message_id": message_id, "currency": currency, "count": total["count"],
            "sum_minor": total["sum_minor"]}
    with folder.open(path) as sink:
        sink.write(msgspec.json.encode(head)[:-1] + b',"credits":[')
        separator = b"\n"
        async for rows in grouped(connection, itemgetter("end_to_end_id"), "credit_items",
                                  str(run_id), purpose, currency, total["bank_id"]):
            items = [item_of(row) for row in rows]
            credit = DetailedCredit(rows[0]["end_to_end_id"],
                                    sum(item.amount_minor for item in items), items)
            sink.write(separator + msgspec.json.encode(credit))
            separator = b",\n"
        sink.write(b"\n]}\n")
    return FileRecord(path, f"{purpose}_json", total["count"], total["sum_minor"], currency)


def item_of(row: asyncpg.Record) -> Item:
    """A row of credit_items.sql or advice_items.sql."""
    if row["detail"] is None:
        return Item(row["source"], row["key"], row["amount_minor"], row["terminal_id"])
    # Where one part cannot be read the others are told all the same.
    stored = read_json(row["detail"], _Stored) or _Stored()
    counted = read_json(row["detail"], _Counted) or _Counted()
    day, time = date_and_time(row["decided_at"], row["time_zone"] or "UTC")
    return Item(
        row["source"], row["key"], row["amount_minor"], row["terminal_id"],
        row["business_date"].isoformat(), day, time, stored.receipt, stored.depositor,
        stored.cassette, stored.reference_model, stored.reference, counted.denominations,
        stored.why)

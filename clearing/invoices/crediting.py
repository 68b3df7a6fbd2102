"""Which invoice a late return or reversal gives back of.

Knows the lines and numbers of earlier runs. What was not invoiced yet is given back in the invoice
that will have it; what was gets a credit note that names the invoice (BT-25).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg
import msgspec

from clearing.invoices.lines import MISSING, FuelLine
from clearing.invoices.statements import statement
from clearing.queries import Connection

UNKNOWN: Final = "unknown"  # given back, and nobody knows of what: from before, or long ago


class Corrected:
    """By (key of the sale, account, currency): the invoice that has it, '' where none has yet."""

    def __init__(self, invoices: dict[tuple[str, int, str], str], day: date) -> None:
        self._invoices = invoices
        self._day = day

    @classmethod
    async def read(cls, connection: Connection, run: str, day: date) -> Corrected:
        """For all late returns and reversals of a run, with one statement."""
        invoices: dict[tuple[str, int, str], str] = {}
        for row in await connection.fetch(statement("corrected"), run, day):
            of = row["key"], row["account_id"], row["currency"]
            invoices[of] = _part(row) if row["parts"] > 1 else row["numbers"][0] or ""
        return cls(invoices, day)

    def by(self, row: asyncpg.Record) -> str:
        """What the lines of a row correct."""
        if row["posted_minor"] >= 0 or row["original_date"] == self._day:
            return ""
        if row["original_date"] is None:
            return UNKNOWN
        # What has a hole may have no invoice because it was parked, and is mended together with this.
        nowhere = "" if MISSING in row["flags"] else UNKNOWN
        return self._invoices.get((row["original_key"], row["account_id"], row["currency"]),
                                  nowhere)


def _part(row: asyncpg.Record) -> str:
    """Of several invoices that share a fleet's day, the one with the sale's first line."""
    lines = msgspec.json.decode(row["content"], type=list[FuelLine])
    at = next((number for number, line in enumerate(lines) if line.key == row["key"]), 0)
    found: list[str] = [number for number, first, until in
                        zip(row["numbers"], row["firsts"], row["untils"], strict=True)
                        if first <= at < until]
    return found[0]

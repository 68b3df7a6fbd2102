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
    """By (key of the sale, account, currency, mended): the invoice that has it, '' where none has
    yet. mended: of those of its items that a later night has priced."""

    def __init__(self, invoices: dict[tuple[str, int, str, bool], str], day: date) -> None:
        self._invoices = invoices
        self._day = day

    @classmethod
    async def read(cls, connection: Connection, run: str, day: date) -> Corrected:
        """For all late returns and reversals of a run, with one statement."""
        invoices: dict[tuple[str, int, str, bool], str] = {}
        for row in await connection.fetch(statement("corrected"), run, day):
            of = row["key"], row["account_id"], row["currency"], row["mended"]
            invoices[of] = _part(row) if row["parts"] > 1 else row["numbers"][0] or ""
        return cls(invoices, day)

    def by(self, row: asyncpg.Record, *, mended: bool = False) -> str:
        """What the lines of a row correct."""
        if row["posted_minor"] >= 0 or row["original_date"] == self._day:
            return ""
        if row["original_date"] is None:
            return UNKNOWN
        # What had a hole may have no invoice because it is mended together with this.
        nowhere = "" if MISSING in row["flags"] else UNKNOWN
        of = row["original_key"], row["account_id"], row["currency"], mended
        return self._invoices.get(of, nowhere)


def _part(row: asyncpg.Record) -> str:
    """Of several invoices that share a fleet's day, the one with the sale's first line."""
    lines = msgspec.json.decode(row["content"], type=list[FuelLine])
    at = next((number for number, line in enumerate(lines) if line.key == row["key"]), 0)
    found: list[str] = [number for number, first, until in
                        zip(row["numbers"], row["firsts"], row["untils"], strict=True)
                        if first <= at < until]
    return found[0]

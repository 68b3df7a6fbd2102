"""Which invoice a late return or reversal gives back of.

Knows the lines and numbers of earlier runs. What was not invoiced yet is given back in the invoice
that will have it; what was gets a credit note that names the invoice (BT-25).
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

import asyncpg
import msgspec

from clearing.invoices.lines import MISSING, FuelLine
from clearing.invoices.statements import statement
from clearing.queries import Connection

_NOT_HERE: Final = "not here"
UNKNOWN: Final = "unknown"  # given back, and nobody knows of what: from before, or long ago


class Under(NamedTuple):
    """What lines are invoiced under: where they were delivered (supply.delivered_in), and what they
    correct, '' or UNKNOWN or a number."""

    country: str
    corrects: str


class Corrected:
    """By (key of the sale, account, currency, mended): what it was invoiced under, with the number
    '' where no invoice has it yet. mended: of those of its items that a later night has priced."""

    def __init__(self, invoices: dict[tuple[str, int, str, bool], Under], day: date) -> None:
        self._invoices = invoices
        self._day = day

    @classmethod
    async def read(cls, connection: Connection, run: str, day: date) -> Corrected:
        """For all late returns and reversals of a run, with one statement."""
        invoices: dict[tuple[str, int, str, bool], Under] = {}
        for row in await connection.fetch(statement("corrected"), run, day):
            of = row["key"], row["account_id"], row["currency"], row["mended"]
            number = row["numbers"][0] if row["content"] is None else _part(row)
            if number != _NOT_HERE:
                invoices[of] = Under(row["country"], number or "")
        return cls(invoices, day)

    def by(self, row: asyncpg.Record, country: str, *, mended: bool = False) -> Under:
        """What the lines of a row are invoiced under. country: of its site, as it is told today; a
        sale that was invoiced is given back where it was taxed, whatever is told of the site since,
        and as it was: by what is stored with its invoice (supply.Decided).
        """
        if row["posted_minor"] >= 0 or row["original_date"] == self._day:
            return Under(country, "")
        if row["original_date"] is None:
            return Under(country, UNKNOWN)
        # What had a hole may have no invoice because it is mended together with this.
        nowhere = Under(country, "" if MISSING in row["flags"] else UNKNOWN)
        of = row["original_key"], row["account_id"], row["currency"], mended
        return self._invoices.get(of, nowhere)


def _part(row: asyncpg.Record) -> str | None:
    """Of several invoices that share a fleet's day, the one with the sale's first line; None where
    it waits for one, _NOT_HERE where it is among the lines of another country."""
    lines = msgspec.json.decode(row["content"], type=list[FuelLine])
    at = next((number for number, line in enumerate(lines) if line.key == row["key"]), None)
    if at is None:
        return _NOT_HERE
    found: list[str | None] = [
        number for number, first, until in zip(row["numbers"], row["firsts"], row["untils"],
                                               strict=True)
        if number is None or first <= at < until]
    return found[0]

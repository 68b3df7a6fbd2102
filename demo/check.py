"""What the demo is judged by: both sides have the same money, and the night's files have it too.

Knows the clients' and the journal's sums, by kind and currency, and the files' sums; knows nothing
of how any was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Protocol

import asyncpg

from demo.insert import statement
from demo.result import Difference
from demo.tally import Tally

# Kinds in which both sides count money.
MONEY_KINDS: Final = ("sale", "preauthorization", "increment", "completion", "offline_sale",
                      "return", "reversal", "deposit")

INVOICE: Final = "invoice_ubl_xml"

Sums = dict[tuple[str, str], tuple[int, int]]


class Filed(Protocol):
    """What is asked of a file of the night."""

    @property
    def kind(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def sum_minor(self) -> int: ...


async def journal_sums(database_url: str, business_date: date) -> Sums:
    """(kind, currency) -> (how many approved, their sum in minor units)."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("journal_sums"), business_date)
    finally:
        await connection.close()
    return {(row["kind"], row["currency"]): (row["count"], row["amount_minor"]) for row in rows}


async def contract_prices(database_url: str, business_date: date) -> int:
    """Rows of the journal with a price by contract."""
    connection = await asyncpg.connect(database_url)
    try:
        count: int = await connection.fetchval(statement("contract_prices"), business_date)
    finally:
        await connection.close()
    return count


async def not_invoiced(database_url: str, business_date: date,
                       files: Sequence[Filed]) -> tuple[str, ...]:
    """In words: each currency in which the invoices are not what was posted on fleets, returns
    and reversals taken off. files: of the night."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("fleets_posted"), business_date)
    finally:
        await connection.close()
    posted = {row["currency"]: row["posted_minor"] for row in rows}
    invoiced: dict[str, int] = {}
    for file in files:
        if file.kind == INVOICE:
            invoiced[file.currency] = invoiced.get(file.currency, 0) + file.sum_minor
    return tuple(f"{currency}: invoiced {invoiced.get(currency, 0)}, posted "
                 f"{posted.get(currency, 0)}" for currency in sorted(posted | invoiced)
                 if invoiced.get(currency, 0) != posted.get(currency, 0))


async def unmatched(database_url: str, business_date: date) -> tuple[str, ...]:
    """In words: reasons for which the night has asked a person about other captures than the host
    had flagged when they came."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("unmatched"), business_date)
    finally:
        await connection.close()
    return tuple(f"exceptions {row['reason']}: {row['told']}, the host said {row['said']}"
                 for row in rows)


def differences(tally: Tally, journal: Sums) -> tuple[Difference, ...]:
    """Every kind and currency in which the two differ; empty when they agree."""
    client = tally.sums
    keys = sorted(key for key in client.keys() | journal.keys() if key[0] in MONEY_KINDS)
    found = []
    for key in keys:
        ours, theirs = client.get(key, (0, 0)), journal.get(key, (0, 0))
        if ours != theirs:
            found.append(Difference(*key, ours[0], theirs[0], ours[1], theirs[1]))
    return tuple(found)

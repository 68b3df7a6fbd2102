"""What the demo is judged by: both sides have the same money.

Knows the clients' and the journal's sums, by kind and currency; knows nothing of how either was
made.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg

from demo.insert import statement
from demo.result import Difference
from demo.tally import Tally

# Kinds in which both sides count money. A payment request and its end move none.
MONEY_KINDS: Final = ("sale", "preauthorization", "completion", "offline_sale", "reversal",
                      "deposit", "payment")

Sums = dict[tuple[str, str], tuple[int, int]]


async def journal_sums(database_url: str, business_date: date) -> Sums:
    """(kind, currency) -> (how many approved, their sum in minor units)."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(statement("journal_sums"), business_date)
    finally:
        await connection.close()
    return {(row["kind"], row["currency"]): (row["count"], row["amount_minor"]) for row in rows}


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


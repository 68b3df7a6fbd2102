"""Ten thousand accounts with a card, a vehicle and a driver each, every scope with limits.

Knows the numbers and names; the statements are in sql/. A card answers to twelve limits, its own,
its vehicle's, its driver's and its fleet's, a rolling window and product groups among them; all are
wide enough that every sale is approved.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Final

import asyncpg
import msgspec

from authhost.pan_index import PanIndex

_MOST: Final = 10**14
MATRIX: Final[dict[str, list[dict[str, object]]]] = {
    "account": [
        {"window": "day", "measure": "money", "maximum": _MOST},
        {"window": "month", "measure": "volume", "maximum": _MOST, "group": "fuel"},
    ],
    "card": [
        {"window": "transaction", "measure": "money", "maximum": 50_000},
        {"window": "day", "measure": "money", "maximum": _MOST},
        {"window": "day", "measure": "count", "maximum": _MOST},
        {"window": "month", "measure": "money", "maximum": _MOST},
        {"window": "rolling", "hours": 24, "measure": "money", "maximum": _MOST},
        {"window": "month", "measure": "volume", "maximum": _MOST, "group": "fuel"},
    ],
    "vehicle": [
        {"window": "day", "measure": "volume", "maximum": _MOST},
        {"window": "week", "measure": "volume", "maximum": _MOST},
    ],
    "driver": [
        {"window": "day", "measure": "count", "maximum": _MOST},
        {"window": "quarter", "measure": "money", "maximum": _MOST},
    ],
}
assert sum(map(len, MATRIX.values())) == 12


class Party(msgspec.Struct, frozen=True):
    """A card that buys."""

    account_id: int
    pan: str


async def seed(database_url: str, pan_index: PanIndex, accounts: int, terminals: int,
               business_date: date) -> list[Party]:
    """Insert everything, one account a card; the cards."""
    cards = parties(accounts)
    hashes = await pan_index.of_all(card.pan for card in cards)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT journal_month($1)", business_date)
        await connection.execute(
            statement("portfolio"), business_date,
            [hashes[card.pan] for card in cards],
            [f"780131*********{card.pan[-4:]}" for card in cards], json.dumps(MATRIX),
            [terminal_name(number) for number in range(terminals)])
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return cards


def parties(accounts: int) -> list[Party]:
    """The cards of so many accounts."""
    return [Party(number + 1, f"780131{number:012d}0") for number in range(accounts)]


def terminal_name(number: int) -> str:
    """Field 41 of the n-th connection."""
    return f"L{number:05d}"


def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")

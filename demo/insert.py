"""Puts the portfolio into an empty, migrated database.

Knows the tables of the parties; the statements are in sql/. A card's number goes in as its keyed
hash, and the caller brings the function that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib.resources import files

import asyncpg
import msgspec

from demo.parties import Portfolio


async def insert(database_url: str, portfolio: Portfolio, business_date: date,
                 pan_index: Callable[[str], bytes]) -> None:
    """Insert all of it, or nothing. pan_index: PAN -> its keyed hash, 32 bytes.

    asyncpg.UniqueViolationError when the database has a portfolio already.
    """
    rows: list[object] = [
        portfolio.products, portfolio.product_codes, portfolio.product_groups,
        portfolio.accounts, portfolio.subaccounts, portfolio.vehicles, portfolio.drivers,
        [card.row(pan_index(card.card.pan)) for card in portfolio.cards],
        portfolio.merchants, portfolio.sites,
        [device.row() for device in portfolio.devices],
        [payer.row() for payer in portfolio.payers],
    ]
    cash: list[object] = [
        [safe.row() for safe in portfolio.safes],
        [{"terminal_id": safe.terminal_id, "account_id": safe.account_id, "reference": ""}
         for safe in portfolio.safes],
        portfolio.depositors,
        [{"cassette_id": number} for safe in portfolio.safes for number in safe.cassettes],
    ]
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(statement("months"), business_date)
            await connection.execute(
                statement("banks"), *(msgspec.json.encode(table).decode()
                                      for table in (portfolio.banks, portfolio.couriers)))
            await connection.execute(
                statement("portfolio"), *(msgspec.json.encode(table).decode() for table in rows),
                business_date)
            await connection.execute(
                statement("safes"), *(msgspec.json.encode(table).decode() for table in cash))
    finally:
        await connection.close()


def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")

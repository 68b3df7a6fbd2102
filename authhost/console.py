"""What an operator changes and looks at: cards. Each change raises the fence with it.

Knows the card's own statements; whatever is changed here is in force from its commit on, on every
host: no batch is accepted under the fence before it.
"""

from __future__ import annotations

from datetime import date

import asyncpg

from authhost.journal.statements import statement


class UnknownCard(Exception):  # reads as what it says
    """No card has this number."""


async def set_card_status(database_url: str, card_id: int, status: str, who: str) -> str:
    """Change a card's status; its masked number. UnknownCard where there is none."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            row = await connection.fetchrow(statement("card_set_status"), card_id, status)
            if row is None:
                raise UnknownCard(str(card_id))
            await connection.execute(statement("raise_fence"), row["account_id"])
            await connection.execute(statement("audit"), who, f"card {card_id} is {status} now")
        masked: str = row["pan_masked"]
        return masked
    finally:
        await connection.close()


async def unlock_pin(database_url: str, card_id: int, who: str) -> str:
    """Forgive a card's wrong PINs; its masked number. UnknownCard where there is none.

    The new fence is the line: what was tried below it counts no more, on any host.
    """
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            account_id = await connection.fetchval(
                "SELECT account_id FROM card WHERE card_id = $1 FOR UPDATE", card_id)
            if account_id is None:
                raise UnknownCard(str(card_id))
            fence = await connection.fetchval(statement("raise_fence"), account_id)
            masked: str = await connection.fetchval(statement("card_unlock_pin"), card_id, fence)
            await connection.execute(statement("audit"), who,
                                     f"card {card_id}: wrong PINs below fence {fence} forgiven")
        return masked
    finally:
        await connection.close()


async def show_card(database_url: str, card_id: int) -> dict[str, object]:
    """A card as it is. UnknownCard where there is none."""
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(statement("card_show"), card_id)
    finally:
        await connection.close()
    if row is None:
        raise UnknownCard(str(card_id))
    return dict(row.items())


async def find_card(database_url: str, pan_hmac: bytes) -> int:
    """The id of a card by the keyed hash of its number. UnknownCard where there is none."""
    connection = await asyncpg.connect(database_url)
    try:
        number = await connection.fetchval("SELECT card_id FROM card WHERE pan_hmac = $1", pan_hmac)
    finally:
        await connection.close()
    if number is None:
        raise UnknownCard("no card has this number")
    return int(number)


async def open_first_day(database_url: str, business_date: date) -> None:
    """Open the first business day of a new database; one that has a day keeps it."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT journal_month($1)", business_date)
        await connection.execute(statement("open_first_day"), business_date)
    finally:
        await connection.close()

"""What an operator changes and looks at by the command line: cards, and the first business day.

Knows connections; what a change means, and that it raises the fence with it, is admin's.
"""

from __future__ import annotations

from datetime import date

import asyncpg

from authhost.admin import cards
from authhost.admin.access import operator
from authhost.admin.desk import said_by_database
from authhost.admin.refusals import Unknown
from authhost.journal.statements import statement


class UnknownCard(Exception):  # reads as what it says
    """No card has this number."""


async def set_card_status(database_url: str, card_id: int, status: str, who: str) -> None:
    """Block a card ('blocked') or let it buy again ('active'). UnknownCard, Refused."""
    action = "block" if status == "blocked" else "unblock"
    await change_card(database_url, card_id, action, who, cards.ADMINISTRATOR)


async def unlock_pin(database_url: str, card_id: int, who: str) -> None:
    """Forgive a card's wrong PINs. UnknownCard where there is none."""
    await change_card(database_url, card_id, "unlock_pin", who)


async def change_card(database_url: str, card_id: int, action: str, who: str,
                      reason: str = "") -> None:
    """One of cards.ACTIONS. UnknownCard; Refused where it cannot be done as things are."""
    connection = await asyncpg.connect(database_url)
    try:
        async with said_by_database(connection):
            await cards.act(connection, operator(who), card_id, action, reason)
    except Unknown:
        raise UnknownCard(str(card_id)) from None
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

"""Ten thousand accounts with a card, a vehicle and a driver each, every scope with its limits.

Knows the tables; the numbers are wide enough that nine sales in ten are approved.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Final

import asyncpg
import msgspec

from authhost.secrets import Secrets

LIMITS: Final = json.dumps([
    {"window": "transaction", "measure": "money", "maximum": 50_000},
    {"window": "day", "measure": "money", "maximum": 10**11},
    {"window": "day", "measure": "count", "maximum": 10**9},
    {"window": "month", "measure": "volume", "maximum": 10**12},
])
_HOURS: Final = [(1 << 24) - 1] * 7


class Party(msgspec.Struct, frozen=True):
    """A card that buys."""

    account_id: int
    pan: str


async def seed(database_url: str, secrets: Secrets, accounts: int, terminals: int,
               business_date: date) -> list[Party]:
    """Insert everything, one account a card; the cards."""
    parties = [Party(number + 1, f"780131{number:012d}0") for number in range(accounts)]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT journal_month($1)", business_date)
        await connection.execute("INSERT INTO rules (business_date) VALUES ($1)", business_date)
        await connection.executemany(
            "INSERT INTO account (account_id, kind, name, currency, time_zone, limits)"
            " VALUES ($1, 'fleet', $2, 'EUR', 'Europe/Berlin', $3)",
            [(party.account_id, f"fleet {party.account_id}", LIMITS) for party in parties])
        await connection.execute("INSERT INTO fence (account_id) SELECT account_id FROM account")
        for table, column in (("vehicle", "plate"), ("driver", "name")):
            await connection.execute(
                f"INSERT INTO {table} ({table}_id, account_id, {column}, limits)"
                " SELECT account_id, account_id, 'L ' || account_id, $1 FROM account", LIMITS)
        await connection.executemany(
            "INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, vehicle_id,"
            " driver_id, products, sites, hours, limits)"
            " VALUES ($1, $1, $2, $3, '3012', $1, $1, $4, $5, $6, $7)",
            [(party.account_id, secrets.pan_index(party.pan), f"780131*********{party.pan[-4:]}",
              ["001", "002", "012"], ["S1", "S2"], _HOURS, LIMITS) for party in parties])
        await connection.execute(
            "INSERT INTO merchant (merchant_id, name) VALUES ('M1', 'Station')")
        await connection.execute("INSERT INTO site VALUES ('S1', 'M1', 'Station')")
        await connection.executemany(
            "INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)"
            " VALUES ($1, 'pos', '280131', 'M1', 'S1')",
            [(terminal_name(number),) for number in range(terminals)])
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return parties


def terminal_name(number: int) -> str:
    """Field 41 of the n-th connection."""
    return f"L{number:05d}"

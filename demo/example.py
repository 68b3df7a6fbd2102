"""An example portfolio for a first look: the demo's parties in a database that is new, today.

Knows the portfolio and the commands of the reference terminals; knows nothing of the host. Its
cards and keys are published by their seed: for looking around, never for money.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authhost.pan_index import PanIndex
from demo import portfolio
from demo.insert import insert
from demo.parties import Portfolio

_SEED: Final = 1


async def seed_example(database_url: str, directory: Path, business_date: date,
                       pan_index: PanIndex) -> str:
    """Insert the parties where there are none yet; how to speak for some of them, as text."""
    parties = portfolio.build(_SEED)
    connection = await asyncpg.connect(database_url)
    try:
        empty = not await connection.fetchval("SELECT EXISTS (SELECT FROM account)")
    finally:
        await connection.close()
    if empty:
        hashes = await pan_index.of_all(card.card.pan for card in parties.cards)
        await insert(database_url, parties, business_date, hashes.__getitem__)
    return _how_to(parties, directory)


def _how_to(parties: Portfolio, directory: Path) -> str:
    card = parties.cards_of("ordinary")[0].card
    pos = next(device for device in parties.devices_of("pos") if device.status == "active")
    safe, till = parties.devices_of("safe")[0], parties.devices_of("till")[0]
    payer = parties.payers[0]
    key = directory / "payer.pem"
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(payer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                                   NoEncryption()))
    return "\n".join((
        (f"python -m terminals.pos --terminal {pos.terminal_id} --pan {card.pan}"
         f" --expiry {card.expiry} sale 41.35"),
        (f"python -m terminals.safe --terminal {safe.terminal_id} --depositor Ana"
         f" --cassette C1 5000x4 100x3"),
        f"python -m terminals.merchant --till {till.terminal_id} --phone {payer.phone} 12.50",
        f"python -m terminals.phone --phone {payer.phone} --key {key} list",
        f"python -m terminals.phone --phone {payer.phone} --key {key} approve ID",
    ))

"""An example portfolio for a first look: the demo's parties in a database that is new, today.

Knows the portfolio and the commands of the reference terminals; knows nothing of the host. Its
cards, keys, PIN and custodians are published by their seed: for looking around, never for money.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authhost.hsm_keys import KeyEntry
from authhost.hsm_session import HsmSession
from demo import portfolio
from demo.custodians import CeremonyError, Custodians
from demo.insert import insert, statement
from demo.parties import Portfolio
from terminals.purchase import Card

_SEED: Final = 1
_PROGRAM: Final = "EXAMPLE"
_PIN: Final = "4711"
_SERVICE_CODE: Final = "120"
_PASSPHRASES: Final = {"example-1": "the first example", "example-2": "the second example"}


async def seed_example(database_url: str, directory: Path, business_date: date,
                       session: HsmSession) -> str:
    """Insert the parties where there are none yet; how to speak for some of them, as text.

    directory: the data folder, with its HSM's in it.
    """
    parties = portfolio.build(_SEED)
    example = _Example(parties)
    connection = await asyncpg.connect(database_url)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM account)"):
            index = await session.pan_index()
            hashes = await index.of_all(card.card.pan for card in parties.cards)
            await insert(database_url, parties, business_date, hashes.__getitem__)
            await example.make(session, connection, directory / "hsm", hashes[example.card.pan])
    except CeremonyError:
        pass  # the HSM has custodians of its own: keys are theirs to load
    finally:
        await connection.close()
    return "\n".join((*_fuel(parties), *await example.how_to(session), *_money(parties, directory)))


class _Example(msgspec.Struct, frozen=True):
    """One terminal with a master key, and one card with a stripe and a PIN."""

    parties: Portfolio

    @property
    def terminal_id(self) -> str:
        """The second one that works: the first one needs no keys."""
        return self.parties.working_pos()[1].terminal_id

    @property
    def card(self) -> Card:
        """The second ordinary one."""
        return self.parties.cards_of("ordinary")[1].card

    @property
    def tmk(self) -> bytes:
        """Of the terminal, AES."""
        return Random(_SEED).randbytes(16)

    async def make(self, session: HsmSession, connection: asyncpg.Connection, hsm_folder: Path,
                   pan_hmac: bytes) -> None:
        """Two custodians form the key and take the PIN in. CeremonyError where they may not."""
        hsm, keys = session.hsm, session.keys
        custodians = Custodians(hsm_folder, _PASSPHRASES)
        await custodians.appoint()
        formed = await custodians.form("51", "A", "B", self.tmk)
        pvk = await keys.ensure(hsm, f"program/{_PROGRAM}/pvk", "V2", "T2", "C")
        await keys.ensure(hsm, f"program/{_PROGRAM}/cvk", "C0", "T2", "C")
        account = self.card.pan[-13:-1]
        await custodians.open("clear_pin")
        try:
            pin = await hsm.ask(f"BA{_PIN:F<13}{account}".encode())
        finally:
            await custodians.close("clear_pin")
        value = await hsm.pvv(pvk.block, 1, pin.decode(), account)
        await connection.execute(statement("example_card"), _PROGRAM, pan_hmac, value)
        await keys.put(KeyEntry(f"terminal/{self.terminal_id}/tmk", 1, "51", "A", formed.block,
                                formed.check_value))
        await connection.execute(statement("require_macs"), [self.terminal_id])

    async def how_to(self, session: HsmSession) -> tuple[str, ...]:
        """A sale with a PIN; nothing where the terminal has no key."""
        cvk = await session.keys.at(f"program/{_PROGRAM}/cvk")
        if cvk is None or await session.keys.at(f"terminal/{self.terminal_id}/tmk") is None:
            return ()
        cvv = await session.hsm.cvv(cvk.block, self.card.pan, self.card.expiry, _SERVICE_CODE)
        track = f"{self.card.pan}={self.card.expiry}{_SERVICE_CODE}00000{cvv}"
        return ((f"python -m terminals.pos --terminal {self.terminal_id} --aes"
                 f" --tmk {self.tmk.hex().upper()} --track {track} --pin {_PIN} sale 41.35"),)


def _fuel(parties: Portfolio) -> tuple[str, ...]:
    card, pos = parties.cards_of("ordinary")[0].card, parties.working_pos()[0]
    return ((f"python -m terminals.pos --terminal {pos.terminal_id} --pan {card.pan}"
             f" --expiry {card.expiry} sale 41.35"),)


def _money(parties: Portfolio, directory: Path) -> tuple[str, ...]:
    safe, other = parties.devices_of("safe")[:2]
    till = parties.devices_of("till")[0]
    payer = parties.payers[0]
    key = directory / "payer.pem"
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(payer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                                   NoEncryption()))
    return (
        f"python -m terminals.safe --terminal {safe.terminal_id} screen",
        (f"python -m terminals.safe --terminal {other.terminal_id}"
         f" --depositor {portfolio.DEPOSITORS[0]} 5000x4 100x3"),
        f"python -m terminals.merchant --till {till.terminal_id} --phone {payer.phone} 12.50",
        f"python -m terminals.phone --phone {payer.phone} --key {key} list",
        f"python -m terminals.phone --phone {payer.phone} --key {key} approve ID",
    )

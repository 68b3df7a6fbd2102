"""An example portfolio for a first look: the demo's parties in a database that is new, today.

Knows the portfolio and the commands of the reference terminals; knows nothing of the host. Its
cards, keys, PIN and custodians are published by their seed: for looking around, never for money.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import msgspec

from authhost.admin.access import operator
from authhost.certificates.authority import CERTIFICATE, FileAuthority
from authhost.clock import Clock
from authhost.console import open_first_day
from authhost.hsm_keys import KeyEntry
from authhost.hsm_session import HsmSession
from authhost.merchants.callers import Callers
from authhost.merchants.users import NewUser, Users
from authhost.phones.desk import Phones
from authhost.streams import STREAMS
from clearing.days.cut_off import Schedule, ends_at, open_at
from clearing.days.schedules import change_schedule, open_days
from clearing.queries import connect
from demo import portfolio
from demo.custodians import CeremonyError, Custodians
from demo.insert import insert, statement
from demo.parties import Portfolio
from terminals.purchase import Card

_SEED: Final = 1
_PROGRAM: Final = "EXAMPLE"
_PIN: Final = "4711"
_SERVICE_CODE: Final = "120"
_BANK: Final = "127.0.0.1:8643"  # where the payer's bank is to listen
_PAYER: Final = "late"  # whose bank no safe has
_TILL: Final = "till-1"
_FIRST_DAY: Final = timedelta(minutes=10)
_PASSPHRASES: Final = {"example-1": "the first example", "example-2": "the second example"}


async def seed_example(database_url: str, directory: Path, business_date: date,
                       session: HsmSession) -> str:
    """Insert the parties where there are none yet; how to speak for some of them, as text.

    directory: the data folder, with its HSM's in it.
    """
    parties = _with_bank(portfolio.build(_SEED))
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
    return "\n".join((*_fuel(parties), *await example.how_to(session), *_safes(parties),
                      *await _phone(parties, database_url, directory, session)))


async def end_day_soon(database_url: str, now: datetime) -> tuple[date, str]:
    """Let the first day of a new database end in ten minutes, in all streams, for who wants to see
    a night; a database that has its day keeps it. The day that is open, and what to say of it."""
    connection = await connect(database_url)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM rules)"):
            # Up to the next full minute, for a cut-off is shown in minutes.
            end = (now + _FIRST_DAY + timedelta(seconds=59)).replace(second=0, microsecond=0)
            for stream in STREAMS:
                await change_schedule(connection, stream, "example", time_zone="UTC",
                                      cut_off=end.time())
            await open_first_day(database_url, open_at(now, Schedule("fuel", "UTC", end.time())))
        days = await open_days(connection)
    finally:
        await connection.close()
    day = min(days.values(), key=lambda one: ends_at(one.business_date, one.schedule))
    end = ends_at(day.business_date, day.schedule)
    return day.business_date, (f"# Business date {day.business_date} ends at {end:%Y-%m-%d %H:%M} "
                               "UTC, and its night follows by itself.")


def authority(directory: Path) -> tuple[Path, Path]:
    """A small authority for payers' phones in the data folder: its directory, and the file of its
    passphrase. The same one at each start."""
    folder, passphrase = directory / "phones-authority", directory / "phones-passphrase"
    if not (folder / CERTIFICATE).exists():
        _write(passphrase, secrets.token_urlsafe())
        FileAuthority.create(folder, passphrase, "phones of the example", datetime.now(UTC))
    return folder, passphrase


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


def _safes(parties: Portfolio) -> tuple[str, ...]:
    safe, other = parties.devices_of("safe")[:2]
    return (
        f"python -m terminals.safe --terminal {safe.terminal_id} screen",
        (f"python -m terminals.safe --terminal {other.terminal_id}"
         f" --depositor {portfolio.DEPOSITORS[0]} 5000x4 100x3"))


def _with_bank(parties: Portfolio) -> Portfolio:
    """The payer's bank is where the printed command starts one; no other listens."""
    return msgspec.structs.replace(parties, banks=tuple(
        msgspec.structs.replace(bank, endpoint=f"http://{_BANK}")
        if bank.bank_id == portfolio.LATE_BANK else bank for bank in parties.banks))


async def _phone(parties: Portfolio, database_url: str, directory: Path,
                 session: HsmSession) -> tuple[str, ...]:
    """The payer's bank, phone and a till: a user of a shop, made at its first start, and a code for
    a phone that is not enrolled yet."""
    payer, shop = parties.payers_of(_PAYER)[0], parties.shops()[0]
    secret, home = directory / "till.secret", directory / "phone"
    person = operator("example")
    index = await session.pan_index()
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        if not secret.exists():
            users = Users(pool, Clock(), Callers(pool, Clock()))
            _write(secret, (await users.add(person, NewUser(
                user_id=_TILL, merchant_id=shop.merchant_id, kind="client", name="Till"),
                None))["secret"])
        enrol: tuple[str, ...] = ()
        if not (home / "identity.json").exists():
            phones = Phones(pool, None, Clock(), index.fingerprint_key)
            code = await phones.open_code(person, payer.phone)
            enrol = ((f"python -m terminals.phone --phone {payer.phone} --home {home}"
                      f" --code {code} enrol"),)
    return (
        f"python -m terminals.bank serve --books {directory / 'bank.sqlite'} --listen {_BANK} &",
        *enrol,
        f"python -m terminals.phone --phone {payer.phone} --home {home} watch",
        (f"python -m terminals.till --client {_TILL} --secret-file {secret} request 12.50"
         f" --phone {payer.phone}"))


def _write(path: Path, content: str) -> None:
    """Readable by its owner alone from the first byte."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)

"""One chip, blank to locked, and read back: the steps of docs/chip-card.md in their order.

Knows what goes onto a card; knows no database and no batch. Writes may be repeated until the chip
is locked, so one that was cut off before that may be begun again, as another card.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from chip import certificates as cvc
from chip import issuer as commands
from chip import keys
from chip.apdu import ALL, Command
from chip.certificates import Role
from chip.commands.access import TRIES
from chip.commands.selling import RECORD_P2
from chip.errors import CardFault
from chip.memory import LifeCycle
from chip.records import Contents
from issuing.chip_hsm import ChipHsm
from issuing.chip_session import ChipSession
from issuing.keys import ChipKeys, IssuerKeys, certify

BEGINS: Final = frozenset({LifeCycle.BLANK, LifeCycle.PERSONALIZING})


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """All that one card gets. pin: under the LMK."""

    contents: Contents
    pin: str
    pin_tries: int
    today: date

    def __repr__(self) -> str:
        return "Body(hidden)"


class NotAsWritten(CardFault):
    """The locked card reads otherwise than it was written."""


async def open_blank(session: ChipSession, chip_keys: ChipKeys) -> bytes | None:
    """The serial of a chip that may be begun, in a factory session; None for one that may not.

    CopiedCard for a chip that is not of this factory; another CardProblem for no chip of ours.
    """
    public = await session.start()
    if public.life_cycle not in BEGINS:
        return None
    await session.authenticate(keys.TRANSPORT, public.serial, chip_keys.transport)
    return public.serial


async def personalize(session: ChipSession, hsm: ChipHsm, serial: bytes, chip_keys: ChipKeys,
                      issuer: IssuerKeys, body: Body) -> None:
    """From a factory session to a locked card that was read back. CardProblem says what failed."""
    await _write(session, hsm, serial, issuer, body)
    await _load_keys(session, hsm, serial, chip_keys, body)
    block = await hsm.pin_block(serial, chip_keys.pin_loading, body.pin,
                                body.contents.identity.pan)
    await session.send(commands.load_pin(block), "CHANGE REFERENCE DATA")
    certificate = await session.public(cvc.TAG)
    await session.send(commands.ACTIVATE, "ACTIVATE")
    await _read_back(session, serial, chip_keys, body, certificate)


async def _write(session: ChipSession, hsm: ChipHsm, serial: bytes, issuer: IssuerKeys,
                 body: Body) -> None:
    """Records, the card's own pair with its certificate, and whom the card believes."""
    for command in commands.write_records(body.contents):
        await session.send(command, "UPDATE RECORD")
    try:
        point = commands.public_key(
            await session.send(commands.GENERATE_KEY_PAIR, "GENERATE KEY PAIR"))
    except ValueError:
        raise CardFault("GENERATE KEY PAIR") from None
    certificate = await certify(hsm, issuer, Role.CARD, serial, point, body.today,
                                body.contents.identity.expiry)
    for number, key in sorted(issuer.points.items()):
        await session.send(commands.put_issuer_key(number, key), "PUT DATA DF06")
    await session.send(commands.put_today(body.today), "PUT DATA DF07")
    await session.send(commands.put_pin_tries(body.pin_tries), "PUT DATA DF08")
    await session.send(commands.put_certificate(certificate), "PUT DATA 7F21")


async def _load_keys(session: ChipSession, hsm: ChipHsm, serial: bytes, chip_keys: ChipKeys,
                     body: Body) -> None:
    """Keys 20, 30 and 40, each wrapped for this card and this place on it."""
    identity = body.contents.identity
    masters = {keys.AUTHENTICATION: chip_keys.authentication,
               keys.PIN_LOADING: chip_keys.pin_loading, keys.CRYPTOGRAM: chip_keys.cryptograms}
    for target, master in masters.items():
        number = {"pan": identity.pan, "psn": identity.psn} if target == keys.CRYPTOGRAM else {}
        wrapped, check = await hsm.wrapped_key(target, serial, chip_keys.transport, master,
                                               **number)
        answer = await session.send(
            commands.put_key(target, chip_keys.version, wrapped + check), "PUT KEY")
        if answer != check:
            raise CardFault("PUT KEY: another check value")


async def _read_back(session: ChipSession, serial: bytes, chip_keys: ChipKeys, body: Body,
                     certificate: bytes) -> None:
    """Both ends prove the key that was loaded; what is on the card is what was meant."""
    public = await session.start()
    if public.serial != serial or public.life_cycle is not LifeCycle.ACTIVE:
        raise NotAsWritten("it is not locked")
    await session.authenticate(keys.AUTHENTICATION, serial, chip_keys.authentication)
    for number, record in enumerate(body.contents.encode(), 1):
        command = Command(0x00, 0xB2, number, RECORD_P2, le=ALL)
        if await session.send(command, "READ RECORD") != record:
            raise NotAsWritten(f"record {number}")
    if await session.public(cvc.TAG) != certificate:
        raise NotAsWritten("certificate")
    if await session.public(TRIES) != bytes([body.pin_tries]):
        raise NotAsWritten("PIN tries")

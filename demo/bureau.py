"""Cards are born: a chip factory, a card bureau, and the fleet that gets its cards and PINs.

Knows `issuing` from end to end: PINs are drawn in the HSM, chips are loaded through the reader port
that PC/SC has too, stripes are encoded, mailers printed. Keeps what a cardholder has: the card, and
the PIN of the mailer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final

import asyncpg
import msgspec

from authhost.hsm_session import HsmSession
from chip import curve
from chip.certificates import Role
from chip.dialogue import Credential
from chip.memory import Volatile
from chip.reader import InProcessReader, Reader
from chip.virtual import Card as ChipCard
from chip.virtual import TransportKeys
from demo.controls import OFFLINE_CARDS
from demo.custodians import Custodians
from demo.insert import statement
from demo.parties import Device
from demo.portfolio import BUSINESS_DATE, IIN, PIN_FLEET
from demo.print_shop import PrintShop
from issuing.batch import read_batch
from issuing.chip_hsm import ChipHsm
from issuing.issue import ChipMedium, Issuing, Order
from issuing.keys import certify, chip_keys, issuer_keys, make_keys, put_transport_key
from issuing.ledger import ledger
from issuing.program import CHIP, STRIPE, read_program
from issuing.stripe import Encoder, VirtualEncoder
from terminals.purchase import Card

# Programs of demo/sql/programs.sql: PIN by PVV, PIN by IBM 3624 offset, chip, chip for stations
# that may be without a host.
STRIPES: Final = {"STRIPE": 14, "OFFSET": 14}
OFFLINE: Final = "OFFLINE"
CHIPS: Final = {"CHIP": 12, OFFLINE: len(OFFLINE_CARDS)}
_EXPIRY: Final = "3012"
_SERIAL: Final = "FEED{number:012d}"
_OPERATOR: Final = "card bureau"
_CREDENTIAL_DAYS: Final = 90


class Held(msgspec.Struct, frozen=True):
    """What a cardholder has. memory: of the chip, None for a stripe."""

    card_id: int
    pin: str
    card: Card | None = None
    chip: ChipCard | None = None
    memory: Volatile | None = None

    def __repr__(self) -> str:
        return f"Held({self.card_id})"


class Issued(msgspec.Struct, frozen=True):
    """All cards by program, and what a terminal needs for chips: points of issuers, credentials."""

    cards: dict[str, list[Held]]
    issuers: dict[int, bytes]
    credentials: dict[str, Credential]


class Box:
    """Blank chips straight from the factory, which has a transport master; see issuing.feeders."""

    def __init__(self) -> None:
        self.transport = os.urandom(16)
        self.given: list[tuple[ChipCard, Volatile]] = []

    async def next(self) -> Reader:
        """The next one, in a reader."""
        memory = Volatile()
        serial = bytes.fromhex(_SERIAL.format(number=len(self.given)))
        card = ChipCard.blank(serial, TransportKeys.of(self.transport, serial), memory)
        self.given.append((card, memory))
        return InProcessReader(card)

    async def tell(self, message: str) -> None:
        """Nobody looks on."""


async def issue_cards(session: HsmSession, database_url: str, custodians: Custodians,
                      shop: PrintShop, devices: Sequence[Device], random: Random) -> Issued:
    """All cards of the fleet that has PINs, and a certificate for each of these terminals."""
    box = Box()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement("programs"))
        formed = await custodians.form("E5", "A", "X", box.transport)
        await put_transport_key(session.keys, formed.block, formed.check_value)
        for program in CHIPS:
            await make_keys(session.hsm, session.keys, connection, program)
            await session.keys.ensure(session.hsm, f"program/{program}/pvk", "V2", "T2", "C")
        for program, usage in zip(STRIPES, ("V2", "V1"), strict=True):
            await session.keys.ensure(session.hsm, f"program/{program}/pvk", usage, "T2", "C")
            await session.keys.ensure(session.hsm, f"program/{program}/cvk", "C0", "T2", "C")
        await custodians.open("mailer")
        try:
            bureau = _Bureau(session, database_url, connection, shop, random)
            cards = {program: await bureau.stripes(program, count)
                     for program, count in STRIPES.items()}
            cards |= {program: await bureau.chips(program, count, box)
                      for program, count in CHIPS.items()}
        finally:
            await custodians.close("mailer")
        issuer = await issuer_keys(session.keys, connection)
        credentials = {}
        for device in devices:
            key = curve.new_key()
            certificate = await certify(
                ChipHsm(session.hsm), issuer, Role.TERMINAL, device.terminal_id.encode().ljust(8),
                curve.point(key), BUSINESS_DATE, BUSINESS_DATE + timedelta(days=_CREDENTIAL_DAYS))
            credentials[device.terminal_id] = Credential(key, (certificate,))
    finally:
        await connection.close()
    return Issued(cards, issuer.points, credentials)


class _Bureau:
    """Makes the batches."""

    def __init__(self, session: HsmSession, database_url: str, connection: asyncpg.Connection,
                 shop: PrintShop, random: Random) -> None:
        self._session = session
        self._database_url = database_url
        self._connection = connection
        self._shop = shop
        self._random = random

    async def stripes(self, program: str, count: int) -> list[Held]:
        """Written by an encoder, and swiped from then on."""
        encoder = VirtualEncoder()
        made = await self._made(program, STRIPE, encoder, count, "120")
        return [Held(card_id, pin, Card.of_track(track))
                for (card_id, pin), track in zip(made, encoder.cards, strict=True)]

    async def chips(self, program: str, count: int, box: Box) -> list[Held]:
        """Loaded in a reader, locked, read back."""
        before = len(box.given)
        medium = ChipMedium(box, await chip_keys(self._session.keys, program),
                            await issuer_keys(self._session.keys, self._connection))
        made = await self._made(program, CHIP, medium, count, "200")
        return [Held(card_id, pin, chip=chip, memory=memory)
                for (card_id, pin), (chip, memory) in zip(
                    made, box.given[before:], strict=True)]

    async def _made(self, program: str, kind: str, medium: ChipMedium | Encoder, count: int,
                    service_code: str) -> list[tuple[int, str]]:
        """(card id, PIN from the mailer) of each line."""
        batch_id = f"{program}-1"
        batch = read_batch(_batch(program, count), BUSINESS_DATE)
        order = Order(iin=IIN, length=19, service_code=service_code)
        index = await self._session.pan_index()
        async with ledger(self._database_url, batch_id, program, _OPERATOR) as book:
            rules = await read_program(self._connection, self._session.keys, program, kind)
            await Issuing(self._session.hsm, index, book, rules, order, medium, BUSINESS_DATE,
                          self._random.randrange).run(batch)
        rows = await self._connection.fetch(statement("issued_cards"), batch_id)
        return [(row["card_id"], self._shop.pin(f"{batch_id}-{row['line']:05d}")) for row in rows]


def _batch(program: str, count: int) -> bytes:
    """As the fleet orders them; a chip is told what it may buy without the host."""
    lines = ["account,expiry,holder,address,pin_required,offline_limit,products"]
    for number in range(1, count + 1):
        card = OFFLINE_CARDS[number - 1] if program == OFFLINE else None
        chip = f"{card.limit_minor},{' '.join(card.products)}" if card is not None else ","
        lines.append(f"{PIN_FLEET},{_EXPIRY},Fahrer {number},"
                     f"Weinstraße {number}|7000 Eisenstadt,yes,{chip}")
    return "\n".join(lines).encode()

"""The stories of chip cards: sold with PIN and cryptogram, replayed, copied, blocked by wrong PINs.

Knows cardholders and forgers with cards in a POS's reader; must not know how the host verifies a
cryptogram. Cards block, so they are asked in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from random import Random
from typing import Final

import msgspec

from chip import curve
from chip.dialogue import PinStatus
from chip.errors import CardProblem, CopiedCard
from chip.memory import Volatile
from chip.reader import InProcessReader
from chip.virtual import Card as ChipCard
from demo.basket import basket, sale
from demo.bureau import Held, Issued
from demo.forecourt import Forecourt
from demo.parties import Device
from demo.plan import CHIPS, Story, Visit
from demo.search import Spoken
from demo.tally import Tally
from iso import tlv
from terminals.card_reader import CardReader
from terminals.card_reader import Visit as AtReader
from terminals.pos import Exchange
from terminals.purchase import Card, Sale

_AUSTRIA: Final = "040"
_PIN_TRIES: Final = 3


class ChipDay:
    """All holders of chip cards. now: the terminals' clock."""

    def __init__(self, forecourt: Forecourt, tally: Tally, spoken: Spoken, issued: Issued,
                 now: Callable[[], datetime]) -> None:
        self._forecourt = forecourt
        self._spoken = spoken
        self._tally = tally
        self._issued = issued
        self._now = now
        cards = issued.cards["CHIP"]
        spent = CHIPS["chip_locked"]
        assert len(cards) > spent, "one card for each story that locks it, and some more"
        self._to_be_locked = cards[:spent]
        self._cards = cards[spent:]
        self._turns = {held.card_id: asyncio.Lock() for held in cards}

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.CHIPS."""
        return {"chip": self._right, "chip_wrong_once": self._wrong_once,
                "chip_no_pin": self._no_pin, "chip_replayed": self._replayed,
                "chip_copied": self._copied, "chip_locked": self._locked}

    async def _right(self, random: Random, visit: Visit) -> None:
        held, device = self._any(random)
        async with self._turns[held.card_id], self._at_reader(device, held.chip) as reader:
            await self._pin(visit, reader, held.pin, PinStatus.VERIFIED)
            await self._sell(random, visit, device, reader)

    async def _wrong_once(self, random: Random, visit: Visit) -> None:
        held, device = self._any(random)
        async with self._turns[held.card_id], self._at_reader(device, held.chip) as reader:
            await self._pin(visit, reader, _other(held.pin), PinStatus.WRONG)
            await self._pin(visit, reader, held.pin, PinStatus.VERIFIED)
            await self._sell(random, visit, device, reader)

    async def _no_pin(self, random: Random, visit: Visit) -> None:
        """The card says under its cryptogram that it verified no PIN: the host refuses."""
        held, device = self._any(random)
        async with self._turns[held.card_id], self._at_reader(device, held.chip) as reader:
            await self._sell(random, visit, device, reader, "117", "pin_missing")

    async def _replayed(self, random: Random, visit: Visit) -> None:
        """Somebody has listened: the same cryptogram in another message buys nothing."""
        held, device = self._any(random)
        async with self._turns[held.card_id], self._at_reader(device, held.chip) as reader:
            await self._pin(visit, reader, held.pin, PinStatus.VERIFIED)
            sold = await self._sell(random, visit, device, reader)
        again = await self._forecourt.pos(device).sale(sold)
        self._forecourt.count(device, again)
        self._forecourt.expect(visit.story, again, "129", "cryptogram_replayed")

    async def _copied(self, random: Random, visit: Visit) -> None:
        """All that can be read, on another chip: the key that signs never left the first one."""
        held, device = self._any(random)
        await self._refused(visit, device, copy_of(held), CopiedCard)

    async def _locked(self, random: Random, visit: Visit) -> None:
        """Three wrong PINs, and the card verifies none any more, at any terminal."""
        held = self._to_be_locked.pop()
        devices = self._forecourt.active["EUR"]
        async with self._at_reader(random.choice(devices), held.chip) as reader:
            for tries in range(1, _PIN_TRIES + 1):
                await self._pin(visit, reader, _other(held.pin), PinStatus.WRONG
                                if tries < _PIN_TRIES else PinStatus.BLOCKED)
        async with self._at_reader(random.choice(devices), held.chip) as reader:
            await self._pin(visit, reader, held.pin, PinStatus.BLOCKED)
        self._tally.locked_chips += 1

    async def _refused(self, visit: Visit, device: Device, card: ChipCard,
                       problem: type[CardProblem]) -> None:
        """The terminal itself does not take the card; the host hears nothing of it."""
        try:
            async with self._at_reader(device, card):
                self._tally.surprises.append(f"{visit.story}: the card was let in")
        except problem:
            self._tally.copies_refused += 1

    async def _pin(self, visit: Visit, reader: AtReader, pin: str, status: PinStatus) -> None:
        outcome = await asyncio.to_thread(reader.pin_at_pad, pin)
        if outcome.status is PinStatus.VERIFIED:
            self._tally.pins_by_card += 1
        if outcome.status is not status:
            self._tally.surprises.append(f"{visit.story}: the card says {outcome}, not {status}")

    async def _sell(self, random: Random, visit: Visit, device: Device, reader: AtReader,
                    action: str = "000", reason: str = "") -> Sale:
        """On line with a cryptogram; an approval has the issuer's proof for the card."""
        plain = sale(reader.card, device.currency, basket(random))
        word = await asyncio.to_thread(reader.sell_online, plain, self._now())
        held = Card(word.card.pan, word.card.expiry, sequence=word.psn)
        self._spoken.numbers.add(held.pan)  # known now: the chip alone had it
        asked = msgspec.structs.replace(plain, card=held, chip=word.field55)
        exchange = await self._forecourt.pos(device).sale(asked)
        self._forecourt.count(device, exchange)
        if self._forecourt.expect(visit.story, exchange, action, reason) and not reason:
            await self._believe(visit, reader, exchange)
        return asked

    async def _believe(self, visit: Visit, reader: AtReader, exchange: Exchange) -> None:
        assert exchange.reply is not None, "it was approved"
        said = exchange.reply.message.fields.get(55, b"")
        proof = tlv.read(said).get("91", b"") if isinstance(said, bytes) and said else b""
        believed = bool(proof) and await asyncio.to_thread(reader.issuer_answer, proof)
        if believed:
            self._tally.issuer_proofs += 1
        else:
            self._tally.surprises.append(f"{visit.story}: the card does not believe the issuer")

    @asynccontextmanager
    async def _at_reader(self, device: Device, card: ChipCard | None) -> AsyncIterator[AtReader]:
        """A genuine card in the terminal's reader, and out again."""
        assert card is not None, "a chip"
        reader = CardReader(
            InProcessReader(card), self._issued.credentials[device.terminal_id],
            self._issued.issuers, now=self._now, country=_AUSTRIA)
        with ExitStack() as stack:
            yield await asyncio.to_thread(stack.enter_context, reader.visit())

    def _any(self, random: Random) -> tuple[Held, Device]:
        return random.choice(self._cards), random.choice(self._forecourt.active["EUR"])


def copy_of(held: Held) -> ChipCard:
    """Another chip with the same records, certificate and serial, and a key pair of its own."""
    assert held.memory is not None, "a chip"
    key = curve.new_key()
    readable = held.memory.load()
    return ChipCard(Volatile(msgspec.structs.replace(
        readable, private_scalar=curve.scalar(key), keys={}, pin="0000")))


def _other(pin: str) -> str:
    """Another PIN, of the same length."""
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)

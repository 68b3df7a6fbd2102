"""The stories of stripes with a PIN: right, wrong once, wrong three times, unlocked, copied.

Knows cardholders, thieves and an operator who unlocks; must not know how a PIN is verified. One
holder has one card: two visits with it come one after the other.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from authhost import console
from demo.basket import basket, sale
from demo.bureau import Held
from demo.forecourt import Forecourt
from demo.parties import Device
from demo.plan import PINS, Story, Visit
from demo.search import Spoken
from demo.tally import Tally
from terminals.pos import Exchange
from terminals.purchase import Card

_OPERATOR: Final = "service desk"
_TRIES: Final = 3


class StripeDay:
    """exact: cards whose wrong PINs are wrong for sure; by a PVV one in ten thousand is right."""

    def __init__(self, forecourt: Forecourt, tally: Tally, spoken: Spoken, database_url: str,
                 cards: list[Held], exact: list[Held]) -> None:
        self._forecourt = forecourt
        self._tally = tally
        self._spoken = spoken
        self._database_url = database_url
        spent = PINS["pin_locked"] + PINS["pin_unlocked"]
        assert len(exact) > spent, "one card for each story that locks it, and some more"
        self._to_be_locked = exact[:spent]
        self._exact = exact[spent:]
        self._cards = cards
        self._turns = {held.card_id: asyncio.Lock() for held in (*cards, *exact)}
        devices = forecourt.active["EUR"]
        self._session = [one for one in devices if not forecourt.equipment(one).dukpt]
        self._dukpt = [one for one in devices if forecourt.equipment(one).dukpt]

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.PINS."""
        return {"pin": self._right, "pin_dukpt": self._by_dukpt, "pin_repeated": self._repeated,
                "pin_wrong_once": self._wrong_once, "pin_locked": self._locked,
                "pin_unlocked": self._unlocked, "pin_forgotten": self._forgotten,
                "stripe_copied": self._copied}

    async def _right(self, random: Random, visit: Visit) -> None:
        held = random.choice(self._cards)
        await self._sell(random, visit, random.choice(self._session), held, held.pin)

    async def _by_dukpt(self, random: Random, visit: Visit) -> None:
        held = random.choice(self._cards)
        await self._sell(random, visit, random.choice(self._dukpt), held, held.pin)

    async def _repeated(self, random: Random, visit: Visit) -> None:
        held, device = random.choice(self._cards), random.choice(self._session)
        first = await self._sell(random, visit, device, held, held.pin)
        await self._forecourt.repeat(device, first)

    async def _wrong_once(self, random: Random, visit: Visit) -> None:
        """A wrong PIN, and the right one after it: nothing is left of the wrong one."""
        held, device = random.choice(self._exact), self._any(random)
        async with self._turns[held.card_id]:
            await self._try(random, visit, device, held, _other(held.pin), "117", "pin_wrong")
            await self._try(random, visit, device, held, held.pin)

    async def _locked(self, random: Random, visit: Visit) -> None:
        """Somebody guesses: after the third guess even the right PIN comes too late."""
        await self._lock(random, visit, self._to_be_locked.pop())

    async def _unlocked(self, random: Random, visit: Visit) -> None:
        """The holder calls; the operator forgives what was wrong."""
        held = self._to_be_locked.pop()
        await self._lock(random, visit, held)
        await console.unlock_pin(self._database_url, held.card_id, _OPERATOR)
        self._tally.unlocked += 1
        await self._sell(random, visit, self._any(random), held, held.pin)

    async def _forgotten(self, random: Random, visit: Visit) -> None:
        """A stripe of this program does not sell without a PIN."""
        await self._sell(random, visit, self._any(random), random.choice(self._cards), "", "117",
                         "pin_missing")

    async def _copied(self, random: Random, visit: Visit) -> None:
        """A thief has the number from a receipt and the PIN from a camera, and made up the CVV."""
        held = random.choice(self._cards)
        assert held.card is not None
        track = held.card.track_2
        copy = Held(held.card_id, held.pin, Card.of_track(track[:-1] + _next(track[-1])))
        await self._sell(random, visit, self._any(random), copy, held.pin, "129", "cvv")

    async def _lock(self, random: Random, visit: Visit, held: Held) -> None:
        device, wrong = self._any(random), _other(held.pin)
        async with self._turns[held.card_id]:
            for _ in range(_TRIES - 1):
                await self._try(random, visit, device, held, wrong, "117", "pin_wrong")
            await self._try(random, visit, device, held, wrong, "106", "pin_tries")
            await self._try(random, visit, device, held, held.pin, "106", "pin_tries")
        self._tally.locked += 1

    async def _sell(self, random: Random, visit: Visit, device: Device, held: Held, pin: str,
                    action: str = "000", reason: str = "") -> Exchange:
        async with self._turns[held.card_id]:
            return await self._try(random, visit, device, held, pin, action, reason)

    async def _try(self, random: Random, visit: Visit, device: Device, held: Held, pin: str,
                   action: str = "000", reason: str = "") -> Exchange:
        """One sale with what was typed, as it must be answered. pin: '' where none was."""
        card = held.card
        assert card is not None, "a stripe"
        block = None
        if pin:
            block = self._forecourt.equipment(device).pad.encipher(pin, card.pan)
            self._spoken.blocks.add(block.block)
        exchange = await self._forecourt.pos(device).sale(
            sale(card, device.currency, basket(random)), pin=block)
        self._forecourt.count(device, exchange)
        self._forecourt.expect(visit.story, exchange, action, reason)
        return exchange

    def _any(self, random: Random) -> Device:
        return random.choice(self._forecourt.active["EUR"])


def _next(digit: str) -> str:
    return str((int(digit) + 1) % 10)


def _other(pin: str) -> str:
    """Another PIN, of the same length."""
    return pin[:-1] + _next(pin[-1])

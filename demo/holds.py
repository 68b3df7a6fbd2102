"""The stories of controlled fleets' holds and of goods that come back: raised, left to the limits,
completed at contract prices, returned in full, in part, too much, and not after all.

Knows pumps and customers; must not know how the host keeps a hold. Each visit has a card of its
own, and so each answer is known beforehand.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Final

import msgspec

from demo.agreed import PRICES
from demo.basket import item
from demo.controls import DIESEL, PETROL, SHOP
from demo.forecourt import Forecourt
from demo.parties import Device, FleetCard, Portfolio
from demo.plan import CLOSES_S, HOLDS, Story, Visit
from demo.purchases import bought
from demo.tally import Tally
from terminals import answers
from terminals.pos import Exchange
from terminals.purchase import Item, Sale

_TOO_MUCH, _TOO_OFTEN, _NO_ORIGINAL = "121", "123", "914"
_RAISES: Final = 5  # of one hold
_FUELS: Final = (DIESEL, PETROL)
_DAY_MINOR: Final = 5_000  # of the cards whose goods come back


class HoldDay:
    """All of them, at terminals that sell in euro."""

    def __init__(self, portfolio: Portfolio, forecourt: Forecourt, tally: Tally) -> None:
        self._forecourt = forecourt
        self._tally = tally
        self._cards = {story: portfolio.cards_of(story) for story in HOLDS}

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.HOLDS."""
        return {
            "increment": self._increment, "increment_refused": self._increment_refused,
            "increments": self._increments, "increment_of_nothing": self._increment_of_nothing,
            "open_hold": self._open,
            **{f"contract_{formula}": self._contract for formula in PRICES},
            "return_full": self._return_full, "return_part": self._return_part,
            "return_too_much": self._return_too_much, "return_reversed": self._return_reversed,
            "return_of_nothing": self._return_of_nothing}

    async def _increment(self, random: Random, visit: Visit) -> None:
        """The tank is larger than thought."""
        card, device, hold = await self._held(random, visit, 3_000)
        await self._raise(visit, device, hold, card, 2_000)
        await self._wait(random, visit)
        await self._complete(visit, device, hold, card, 4_500)

    async def _increment_refused(self, random: Random, visit: Visit) -> None:
        """Up to the card's day, and not a cent beyond it."""
        card, device, hold = await self._held(random, visit, 3_000)
        await self._raise(visit, device, hold, card, 2_001, _TOO_MUCH, "limit:card:day:money")
        await self._raise(visit, device, hold, card, 2_000)
        await self._complete(visit, device, hold, card, 5_000)

    async def _increments(self, random: Random, visit: Visit) -> None:
        card, device, hold = await self._held(random, visit, 1_000)
        for _ in range(_RAISES):
            await self._raise(visit, device, hold, card, 100)
        await self._raise(visit, device, hold, card, 100, _TOO_OFTEN, "increments")
        await self._complete(visit, device, hold, card, 1_500)

    async def _increment_of_nothing(self, random: Random, visit: Visit) -> None:
        """More for a hold that nobody asked for."""
        card, device = self._taken(visit.story), self._any(random)
        await self._raise(visit, device, self._never_sent(device, card), card, 100, _NO_ORIGINAL,
                          "original_not_found")

    async def _open(self, random: Random, visit: Visit) -> None:
        """As much as there is: the card's day in money, and its litres for the pump."""
        card, device = self._taken(visit.story), self._any(random)
        hold = await self._forecourt.pos(device).preauthorize(
            Sale(card.card, 0, "EUR", wants_rest=True))
        self._forecourt.count(device, hold)
        rest = answers.rest(hold.reply.message) if hold.reply is not None else None
        said = (hold.approved_minor, rest.litres if rest else None,
                sorted(rest.products) if rest else None)
        if said != (8_000, Decimal(45), [DIESEL, SHOP]):
            self._tally.surprises.append(f"{visit.story}: {said}")
        await self._wait(random, visit)
        await self._complete(visit, device, hold, card, random.randint(1_000, 6_000))

    async def _contract(self, random: Random, visit: Visit) -> None:
        """The answer to a completion has the price that the fleet pays."""
        product, price = PRICES[visit.story.partition("_")[2]]
        card, device, hold = await self._held(random, visit, 9_000)
        goods = (item(product, Decimal(random.randint(10, 50) if product in _FUELS else 1)),)
        await self._wait(random, visit)
        done = await self._completed(visit, device, hold, card, goods)
        told = answers.prices(done.reply.message) if done.reply is not None else ()
        if [(one.product, one.unit_price) for one in told] != [(product, Decimal(price))]:
            self._tally.surprises.append(f"{visit.story}: the answer has {told}")
        else:
            self._tally.contract_prices += 1

    async def _return_full(self, random: Random, visit: Visit) -> None:
        """All of it comes back, and may be bought again."""
        card, device, sold = await self._sold(random, visit, _DAY_MINOR)
        await self._back(visit, device, sold, card, _DAY_MINOR)
        await self._sell(visit, device, card, _DAY_MINOR)

    async def _return_part(self, random: Random, visit: Visit) -> None:
        card, device, sold = await self._sold(random, visit, _DAY_MINOR)
        await self._back(visit, device, sold, card, 1_500)
        await self._sell(visit, device, card, 1_501, _TOO_MUCH, "limit:card:day:money")
        await self._back(visit, device, sold, card, 500)

    async def _return_too_much(self, random: Random, visit: Visit) -> None:
        """More than was bought, after a part of it came back."""
        card, device, sold = await self._sold(random, visit, 4_000)
        await self._back(visit, device, sold, card, 1_000)
        await self._back(visit, device, sold, card, 3_001, "110", "return_exceeds")

    async def _return_reversed(self, random: Random, visit: Visit) -> None:
        """The customer keeps it after all."""
        card, device, sold = await self._sold(random, visit, _DAY_MINOR)
        back = await self._back(visit, device, sold, card, _DAY_MINOR)
        # A credit that is taken back: no reversed debit of the terminal's day.
        self._heard(visit, device, await self._forecourt.pos(device).reverse(back), "400",
                    "reversed")
        await self._sell(visit, device, card, 1, _TOO_MUCH, "limit:card:day:money")

    async def _return_of_nothing(self, random: Random, visit: Visit) -> None:
        card, device = self._taken(visit.story), self._any(random)
        await self._back(visit, device, self._never_sent(device, card), card, 100, _NO_ORIGINAL,
                         "original_not_found")

    async def _held(self, random: Random, visit: Visit,
                    minor: int) -> tuple[FleetCard, Device, Exchange]:
        card, device = self._taken(visit.story), self._any(random)
        hold = await self._forecourt.pos(device).preauthorize(Sale(card.card, minor, "EUR"))
        self._heard(visit, device, hold)
        return card, device, hold

    async def _raise(self, visit: Visit, device: Device, hold: Exchange, card: FleetCard,
                     minor: int, action: str = "000", reason: str = "") -> None:
        exchange = await self._forecourt.pos(device).increment(
            hold, Sale(card.card, minor, "EUR"))
        self._heard(visit, device, exchange, action, reason)

    async def _complete(self, visit: Visit, device: Device, hold: Exchange, card: FleetCard,
                        minor: int) -> None:
        await self._completed(visit, device, hold, card, bought(DIESEL, minor))

    async def _completed(self, visit: Visit, device: Device, hold: Exchange, card: FleetCard,
                         goods: tuple[Item, ...]) -> Exchange:
        done = await self._forecourt.pos(device).complete(hold, Sale(
            card.card, sum(one.amount_minor for one in goods), "EUR", goods))
        self._heard(visit, device, done)
        return done

    async def _sold(self, random: Random, visit: Visit,
                    minor: int) -> tuple[FleetCard, Device, Exchange]:
        card, device = self._taken(visit.story), self._any(random)
        return card, device, await self._sell(visit, device, card, minor)

    async def _sell(self, visit: Visit, device: Device, card: FleetCard, minor: int,
                    action: str = "000", reason: str = "") -> Exchange:
        exchange = await self._forecourt.pos(device).sale(
            Sale(card.card, minor, "EUR", bought(DIESEL, minor)))
        self._heard(visit, device, exchange, action, reason)
        return exchange

    async def _back(self, visit: Visit, device: Device, sold: Exchange, card: FleetCard,
                    minor: int, action: str = "000", reason: str = "") -> Exchange:
        exchange = await self._forecourt.pos(device).take_back(
            sold, Sale(card.card, minor, "EUR", bought(DIESEL, minor)))
        self._heard(visit, device, exchange, action, reason)
        return exchange

    def _heard(self, visit: Visit, device: Device, exchange: Exchange, action: str = "000",
               reason: str = "") -> None:
        self._forecourt.count(device, exchange)
        self._forecourt.expect(visit.story, exchange, action, reason)

    async def _wait(self, random: Random, visit: Visit) -> None:
        """Fuel flows for some minutes."""
        await self._forecourt.until(min(visit.at_s + random.randint(180, 600), CLOSES_S))

    def _never_sent(self, device: Device, card: FleetCard) -> Exchange:
        message = self._forecourt.pos(device).build_sale(
            Sale(card.card, 100, "EUR", bought(DIESEL, 100)))
        hold = msgspec.structs.replace(message, mti="1100")
        return Exchange(kind="preauthorization", request=hold, reply=None, sent=0, latency_s=0.0)

    def _taken(self, story: str) -> FleetCard:
        return self._cards[story].pop()

    def _any(self, random: Random) -> Device:
        return random.choice(self._forecourt.counters)

"""The stories of controlled fleets at the counter: limits in every window, prompts, second cards,
numbers that are typed in, credit, and what is only watched.

Knows holders who do what their fleet wants, or do not; must not know how a limit is counted. Each
visit has a card of its own, and so each answer is known beforehand.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec

from demo import controls
from demo.controls import DIESEL, NUMBER, PETROL, PREPAID, SHOP, TANK_L
from demo.forecourt import Forecourt
from demo.office import Office
from demo.parties import Device, FleetCard, Portfolio
from demo.plan import CONTROLS, Story, Visit
from demo.portfolio import NORTHERN, card_number
from demo.tally import Tally
from terminals import answers
from terminals.pos import Exchange
from terminals.purchase import Card, Item, Sale

_TOO_MUCH, _TOO_OFTEN, _WRONG_DRIVER, _WRONG_PROMPT = "121", "123", "184", "185"
_MONEY: Final = ((DIESEL, 3_000), (DIESEL, 2_001), (DIESEL, 2_000))  # of 50.00
_SHOPPING: Final = ((SHOP, 500), (SHOP, 500))

# story -> (product, minor units) of each purchase, and which of them (from 0) is refused.
_STEPS: Final[dict[str, tuple[tuple[tuple[str, int], ...], int]]] = {
    **{f"limit:card:{window}:money": (_MONEY, 1)
       for window in ("quarter", "year", "total", "rolling24h")},
    "limit:card:gap:count": (((DIESEL, 3_000), (DIESEL, 1_000)), 1),
    "limit:card:day:money:motor_fuel": (
        ((DIESEL, 3_000), (PETROL, 1_001), (SHOP, 2_000), (PETROL, 1_000)), 1),
    "limit:vehicle:week:volume": (((DIESEL, 6_000), (DIESEL, 3_200), (DIESEL, 3_000)), 1),
    "limit:driver:rolling12h:count": (((DIESEL, 1_000), (PETROL, 1_000), (DIESEL, 1_000)), 2),
    "limit:subaccount:day:count": (((DIESEL, 1_000), (PETROL, 1_000), (DIESEL, 1_000)), 2),
    "limit:account:year:count:shop": (_SHOPPING, 1),
}


class PurchaseDay:
    """All holders of cards of controlled fleets, at terminals that sell in euro."""

    def __init__(self, portfolio: Portfolio, forecourt: Forecourt, office: Office,
                 tally: Tally) -> None:
        self._forecourt = forecourt
        self._office = office
        self._tally = tally
        self._cards = {role: portfolio.cards_of(role) for role in (
            *CONTROLS, "beside_second_card", "beside_second_stolen") if role in controls.KITS
            or role.startswith("beside_")}
        self._others = portfolio.cards_of("ordinary")
        self._swiss = portfolio.cards_of("ordinary", "CHF")
        devices = forecourt.counters
        self._southern = [one for one in devices if one.merchant_id not in NORTHERN]
        self._sites = sorted({one.merchant_id: one for one in devices
                              if one.merchant_id in NORTHERN}.values(),
                             key=lambda device: device.terminal_id)
        self.filled: list[int] = []  # vehicles whose consumption is known

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.CONTROLS."""
        return {
            **dict.fromkeys(_STEPS, self._limited),
            "limit:site:week:money": self._per_site,
            "limit:account:balance:money": self._prepaid,
            **dict.fromkeys(("vehicle_blocked", "driver_blocked", "subaccount_blocked"),
                            self._blocked),
            "tank": self._tank, "odometer": self._odometer, "driver_number": self._driver_number,
            "trailer": self._trailer, "key_entry": self._key_entry,
            "second_card": self._second_card, "second_stolen": self._second_stolen,
            "items_sum": self._items_sum, "expiry_differs": self._expiry_differs,
            "currency": self._currency, "watched": self._watched,
            "watched_place": self._watched_place, "offline_flagged": self._offline_flagged,
            "consumption": self._consumption}

    async def _limited(self, random: Random, visit: Visit) -> None:
        """Up to the limit, a cent or a time beyond it, and what is left of it."""
        card, device = self._taken(visit.story), self._any(random)
        steps, refused = _STEPS[visit.story]
        action = _TOO_OFTEN if ":count" in visit.story else _TOO_MUCH
        for number, (product, minor) in enumerate(steps):
            said = (action, visit.story) if number == refused else ("000", "")
            await self._buy(visit, device, Sale(card.card, minor, "EUR", bought(product, minor)),
                            *said)

    async def _per_site(self, random: Random, visit: Visit) -> None:
        """This station has sold enough to this fleet; another one has not."""
        card, device = self._taken(visit.story), self._sites.pop()
        for where, minor, *said in ((device, 8_000, "000", ""),
                                    (device, 2_001, _TOO_MUCH, visit.story),
                                    (random.choice(self._southern), 10, "000", "")):
            await self._buy(visit, where, Sale(card.card, minor, "EUR", bought(DIESEL, minor)),
                            *said)

    async def _prepaid(self, random: Random, visit: Visit) -> None:
        """Nothing is paid in; then something is, and used up; then more is, told twice."""
        card, device = self._taken(visit.story), self._any(random)

        async def buy(minor: int, *said: str) -> None:
            await self._buy(visit, device, Sale(card.card, minor, "EUR", bought(DIESEL, minor)),
                            *said)

        await buy(1_000, _TOO_MUCH, visit.story)
        await self._fund(10_000, "transfer 1")
        await buy(8_000)
        await buy(2_001, _TOO_MUCH, visit.story)
        await self._fund(5_000, "transfer 2")
        await self._fund(5_000, "transfer 2")
        await buy(7_000)
        await buy(1, _TOO_MUCH, visit.story)

    async def _fund(self, amount_minor: int, reference: str) -> None:
        await self._office.fund(PREPAID, amount_minor, reference)
        self._tally.fundings[reference] = amount_minor

    async def _blocked(self, random: Random, visit: Visit) -> None:
        """The card is good; what it is given to is not."""
        await self._try(random, visit, "104", visit.story)

    async def _tank(self, random: Random, visit: Visit) -> None:
        """More than the tank holds: into a canister, or another car."""
        card, device = self._taken(visit.story), self._any(random)
        for litres, *said in ((TANK_L + 10, _TOO_MUCH, "tank"), (TANK_L - 5, "000", "")):
            await self._buy(visit, device, _fill(card.card, litres), *said)

    async def _odometer(self, random: Random, visit: Visit) -> None:
        """Forgotten, right, gone back, far ahead, right again; the terminal is told what to ask."""
        card, device = self._taken(visit.story), self._any(random)
        for reading, *said in ((0, _WRONG_PROMPT, "prompt_missing:odometer"), (120_000, "000", ""),
                               (119_000, _WRONG_PROMPT, "prompt_wrong:odometer"),
                               (130_000, _WRONG_PROMPT, "prompt_wrong:odometer"),
                               (120_450, "000", "")):
            await self._asked(visit, device, _fill(card.card, 20, odometer=reading), *said)

    async def _driver_number(self, random: Random, visit: Visit) -> None:
        card, device = self._taken(visit.story), self._any(random)
        for number, *said in (("", _WRONG_DRIVER, "prompt_missing:driver_number"),
                              ("99", _WRONG_DRIVER, "prompt_wrong:driver_number"),
                              (_number(card), "000", "")):
            prompts = {"driver_number": number} if number else {}
            await self._asked(visit, device, _fill(card.card, 20, prompts=prompts), *said)

    async def _trailer(self, random: Random, visit: Visit) -> None:
        """A prompt whose form the fleet has told."""
        card, device = self._taken(visit.story), self._any(random)
        for number, *said in (("X1", _WRONG_PROMPT, "prompt_wrong:trailer"),
                              ("T4407", "000", "")):
            await self._asked(visit, device, _fill(card.card, 20, prompts={"trailer": number}),
                              *said)

    async def _key_entry(self, random: Random, visit: Visit) -> None:
        """A card that cannot be read: its number is typed in, and the driver's beside it."""
        card, device = self._taken(visit.story), self._any(random)
        for number, *said in (("", "122", "key_entry"),
                              ("99", _WRONG_DRIVER, "prompt_wrong:driver_number"),
                              (_number(card), "000", "")):
            prompts = {"driver_number": number} if number else {}
            await self._buy(visit, device, _fill(card.card, 20, prompts=prompts, entry="key"),
                            *said)

    async def _second_card(self, random: Random, visit: Visit) -> None:
        """The vehicle's card pays, the driver's is beside it: nobody's, another fleet's, his."""
        card, device = self._taken(visit.story), self._any(random)
        for beside, *said in (
                (Card(card_number(random), "2912"), "111", "second_card_unknown"),
                (random.choice(self._others).card, "111", "second_card_account"),
                (self._taken("beside_second_card").card, "000", "")):
            await self._buy(visit, device, _fill(card.card, 20, second=beside), *said)

    async def _second_stolen(self, random: Random, visit: Visit) -> None:
        card, beside = self._taken(visit.story), self._taken("beside_second_stolen")
        await self._buy(visit, self._any(random), _fill(card.card, 20, second=beside.card), "209",
                        "second_card_stolen")

    async def _items_sum(self, random: Random, visit: Visit) -> None:
        """The lines do not come to the amount."""
        card, device = self._taken(visit.story), self._any(random)
        await self._buy(visit, device, Sale(card.card, 3_001, "EUR", bought(DIESEL, 3_000)), "110",
                        "items_sum")

    async def _expiry_differs(self, random: Random, visit: Visit) -> None:
        card = self._taken(visit.story).card
        other = msgspec.structs.replace(card, expiry="3001")
        await self._buy(visit, self._any(random), _fill(other, 20), "101", "expiry_differs")

    async def _currency(self, random: Random, visit: Visit) -> None:
        """A card of a Swiss fleet where euro are taken."""
        await self._buy(visit, self._any(random), _fill(random.choice(self._swiss).card, 20),
                        "110", "currency")

    async def _watched(self, random: Random, visit: Visit) -> None:
        """Beyond a limit that the fleet only wants to hear of."""
        card = self._taken(visit.story)
        await self._buy(visit, self._any(random), _fill(card.card, 20))
        self._tally.flagged(card.card_id, "watch:limit:card:day:money")

    async def _watched_place(self, random: Random, visit: Visit) -> None:
        """In the south, on a Friday: this fleet works in the north, until Thursday."""
        card = self._taken(visit.story)
        await self._buy(visit, random.choice(self._southern),
                        Sale(card.card, 5, "EUR", bought(DIESEL, 5)))
        self._tally.flagged(card.card_id, "watch:region", "watch:hours")

    async def _offline_flagged(self, random: Random, visit: Visit) -> None:
        """Sold without the host: more than the tank holds, and the odometer has gone back."""
        card, device = self._taken(visit.story), self._any(random)
        await self._buy(visit, device, _fill(card.card, 20, odometer=50_000))
        pos = self._forecourt.pos(device)
        pos.sell_offline(_fill(card.card, TANK_L + 5, odometer=49_000))
        await self._forecourt.upload(device)
        self._tally.flagged(card.card_id, "tank", "prompt_wrong:odometer")

    async def _consumption(self, random: Random, visit: Visit) -> None:
        """Three fills: 8 litres over 100 kilometres, then 9."""
        card, device = self._taken(visit.story), self._any(random)
        for litres, reading in ((40, 80_000), (40, 80_500), (45, 81_000)):
            await self._buy(visit, device, _fill(card.card, litres, odometer=reading))
        assert card.vehicle_id is not None, "each controlled card has one"
        self.filled.append(card.vehicle_id)

    async def _try(self, random: Random, visit: Visit, *said: str) -> None:
        await self._buy(visit, self._any(random), _fill(self._taken(visit.story).card, 20), *said)

    async def _asked(self, visit: Visit, device: Device, sale: Sale, *said: str) -> None:
        """As `_buy`; a wrong answer's prompt is named, so that the terminal asks it again."""
        exchange = await self._buy(visit, device, sale, *said)
        named = answers.prompts(exchange.reply.message) if exchange.reply is not None else ()
        wanted = tuple(reason.partition(":")[2] for reason in said[1:] if reason)
        if named != wanted:
            self._tally.surprises.append(f"{visit.story}: asks again {named}, not {wanted}")

    async def _buy(self, visit: Visit, device: Device, sale: Sale, action: str = "000",
                   reason: str = "") -> Exchange:
        exchange = await self._forecourt.pos(device).sale(sale)
        self._forecourt.count(device, exchange)
        self._forecourt.expect(visit.story, exchange, action, reason)
        return exchange

    def _taken(self, role: str) -> FleetCard:
        return self._cards[role].pop()

    def _any(self, random: Random) -> Device:
        return random.choice(self._forecourt.counters)


def bought(product: str, minor: int) -> tuple[Item, ...]:
    """So much money's worth; a litre of fuel is 1.50, all else is one piece."""
    if product in (DIESEL, PETROL):
        litres = (Decimal(minor) / 150).quantize(Decimal("0.01"))
        return (Item(product, "L", litres, Decimal("1.50"), minor),)
    return (Item(product, "U", Decimal(1), Decimal(minor).scaleb(-2), minor),)


def _fill(card: Card, litres: int, **more: Any) -> Sale:
    """So many litres of diesel at 1.50."""
    minor = litres * 150
    return Sale(card, minor, "EUR", (Item(DIESEL, "L", Decimal(litres), Decimal("1.50"), minor),),
                **more)


def _number(card: FleetCard) -> str:
    return f"{NUMBER}{card.driver_id}"

"""The stories at fuel terminals: sales, holds, reversals, off-line sales, and every refusal.

Knows how a customer, a till and a bad line behave; must not know why the host decides. A story
that does not go as it must is written down as a surprise.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Final

from demo.basket import basket, item, sale
from demo.controls import DIESEL, PETROL
from demo.forecourt import Forecourt
from demo.parties import Device, FleetCard, Portfolio
from demo.plan import CARDS, CLOSES_S, FUEL, Story, Visit
from demo.portfolio import BLOCKED_STATION, BLOCKED_TERMINAL, card_number
from demo.tally import Tally
from terminals.pos import Exchange
from terminals.purchase import Card, Item, Sale

UNKNOWN_TERMINAL: Final = "T9999"
_HOLD_MINOR: Final = 12_000
_LATE_S: Final = 5 * 3_600


class FuelDay:
    """All customers whose cards have neither PIN nor chip."""

    def __init__(self, portfolio: Portfolio, forecourt: Forecourt, tally: Tally) -> None:
        self._portfolio = portfolio
        self._forecourt = forecourt
        self._tally = tally
        self._ordinary = {currency: portfolio.cards_of("ordinary", currency)
                          for currency in ("EUR", "CHF")}

    def stories(self) -> dict[str, Story]:
        """By their names in demo.plan.FUEL; the holds differ only in what is taken."""
        return {
            "sale": self._sale, "sale_repeated": self._sale_repeated,
            **{name: self._hold for name in FUEL if name.startswith("hold_")},
            "reversed": self._reversed, "reversed_partly": self._reversed_partly,
            "reversed_before": self._reversed_before,
            "reversed_repeated": self._reversed_repeated,
            "offline": self._offline, "conflict": self._conflict, "echo": self._echo,
            "key_change": self._key_change,
            "unknown_card": self._unknown_card, "unknown_terminal": self._unknown_terminal,
            "blocked_terminal": self._blocked_terminal, "blocked_station": self._blocked_station,
        }

    def card_stories(self) -> dict[str, Story]:
        """By their names in demo.plan.CARDS."""
        return dict.fromkeys(CARDS, self._card)

    async def _card(self, random: Random, visit: Visit) -> None:
        """A sale with a card of the role that the visit names, made so that its rule is met."""
        card = random.choice(self._portfolio.cards_of(visit.story))
        # Sequences of visits with the same card: the limit is reached by the second or third.
        items = basket(random, product=DIESEL, shop=False)
        if visit.story == "diesel_only":
            items = basket(random, product=random.choice((DIESEL, PETROL, PETROL)), shop=True)
        elif visit.story == "card:transaction:money":
            items = (item(DIESEL, Decimal(random.randint(3_000, 6_000)).scaleb(-2)),)
        await self._sell(random.choice(self._forecourt.active["EUR"]), card.card, items)

    async def _sale(self, random: Random, visit: Visit) -> None:
        """Now and then somebody types in the odometer, which goes on by twelve an hour."""
        device, card = self._pair(random)
        reading = 40_000 + card.card_id % 100 * 3_000 + int(visit.at_s / 300)
        await self._sell(device, card.card, basket(random),
                         reading if random.random() < 0.3 else 0)

    async def _sale_repeated(self, random: Random, _: Visit) -> None:
        device, card = self._pair(random)
        first = await self._sell(device, card.card, basket(random))
        await self._forecourt.repeat(device, first)

    async def _hold(self, random: Random, visit: Visit) -> None:
        """A pre-authorization, and minutes later what was really taken."""
        device, card = self._pair(random)
        pos = self._forecourt.pos(device)
        hold = await pos.preauthorize(Sale(card.card, _HOLD_MINOR, device.currency))
        self._forecourt.count(device, hold)
        if hold.reply is None or not hold.reply.approved:
            return
        if visit.story == "hold_reversed":
            self._forecourt.gave_back(device, await pos.reverse(hold))
            return
        wait_s = _LATE_S if visit.story == "hold_late" else random.randint(180, 600)
        await self._forecourt.until(min(visit.at_s + wait_s, CLOSES_S))
        bought = self._bought(random, visit.story, card.card, device, hold.approved_minor)
        done = await pos.complete(hold, bought, by_approval_code=visit.story == "hold_by_code")
        self._forecourt.count(device, done)
        if done.reply is None or done.reply.action != "000":
            self._tally.surprises.append(f"{visit.story} was answered {done.reply}")

    def _bought(self, random: Random, story: str, card: Card, device: Device,
                held_minor: int) -> Sale:
        if story == "hold_zero":
            return Sale(card, 0, device.currency)
        if story == "hold_equal":
            litre = Item(DIESEL, "L", Decimal(1), Decimal(held_minor).scaleb(-2), held_minor)
            return sale(card, device.currency, (litre,))
        if story == "hold_above":
            return sale(card, device.currency, (item(DIESEL, Decimal(random.randint(80, 95))),))
        return sale(card, device.currency,
                    (item(DIESEL, Decimal(random.randint(1_000, 7_000)).scaleb(-2)),))

    async def _reversed(self, random: Random, _: Visit) -> None:
        device, card = self._pair(random)
        first = await self._sell(device, card.card, basket(random))
        self._forecourt.gave_back(device, await self._forecourt.pos(device).reverse(first))

    async def _reversed_partly(self, random: Random, _: Visit) -> None:
        device, card = self._pair(random)
        first = await self._sell(device, card.card, basket(random))
        part = first.approved_minor // random.randint(2, 5)
        if part:
            self._forecourt.gave_back(device, await self._forecourt.pos(device).reverse(
                first, "4353", part))

    async def _reversed_before(self, random: Random, _: Visit) -> None:
        """The reversal overtakes its sale on the way: the sale must be refused when it comes."""
        device, card = self._pair(random)
        pos = self._forecourt.pos(device)
        late = pos.build_sale(sale(card.card, device.currency, basket(random)))
        self._forecourt.gave_back(device, await pos.reverse(late))
        arrived = await pos.send("sale", late)
        self._forecourt.count(device, arrived)
        if arrived.reply is None or arrived.reply.approved:
            self._tally.surprises.append(f"a sale came after its reversal: {arrived.reply}")

    async def _reversed_repeated(self, random: Random, _: Visit) -> None:
        """The same reversal twice, then another one for the same sale: given back once."""
        device, card = self._pair(random)
        pos = self._forecourt.pos(device)
        first = await self._sell(device, card.card, basket(random))
        reversal = await pos.reverse(first)
        self._forecourt.gave_back(device, reversal)
        await self._forecourt.repeat(device, reversal)
        again = await pos.reverse(first)
        self._forecourt.gave_back(device, again)
        if first.approved_minor and (again.reply is None or again.reply.action != "480"):
            self._tally.surprises.append(f"a second reversal was answered {again.reply}")

    async def _offline(self, random: Random, visit: Visit) -> None:
        """The line is down for a while: sales go into the store and up when it is back."""
        device, _ = self._pair(random)
        pos = self._forecourt.pos(device)
        for _number in range(random.randint(1, 4)):
            card = random.choice(self._ordinary[device.currency])
            pos.sell_offline(sale(card.card, device.currency, basket(random)))
        await self._forecourt.until(min(visit.at_s + random.randint(900, 3_600), CLOSES_S))
        await self._forecourt.upload(device)

    async def _conflict(self, random: Random, _: Visit) -> None:
        """The number of an earlier sale with another amount: refused, the first stays."""
        device, card = self._pair(random)
        pos = self._forecourt.pos(device)
        first = await self._sell(device, card.card, basket(random))
        other = dict(first.request.fields) | {4: "000000000123"}
        other.pop(63, None)
        answer = await pos.send("sale", type(first.request)(first.request.mti, other))
        self._forecourt.count(device, answer)
        if answer.reply is None or answer.reply.approved:
            self._tally.surprises.append(f"other content was answered {answer.reply}")

    async def _echo(self, random: Random, _: Visit) -> None:
        device, _card = self._pair(random)
        self._tally.exchange(await self._forecourt.pos(device).echo())

    async def _key_change(self, random: Random, _: Visit) -> None:
        """New session keys in the middle of the day, with other messages under way."""
        device, _card = self._pair(random)
        await self._forecourt.change_keys(device)

    async def _unknown_card(self, random: Random, _: Visit) -> None:
        device, _card = self._pair(random)
        await self._sell(device, Card(card_number(random), "2912"), basket(random))

    async def _unknown_terminal(self, random: Random, _: Visit) -> None:
        stranger = Device(terminal_id=UNKNOWN_TERMINAL, kind="pos", acquirer_id="280131",
                          merchant_id="STATION99")
        await self._sell(stranger, random.choice(self._ordinary["EUR"]).card, basket(random))

    async def _blocked_terminal(self, random: Random, _: Visit) -> None:
        await self._sell(self._device(BLOCKED_TERMINAL),
                         random.choice(self._ordinary["EUR"]).card, basket(random))

    async def _blocked_station(self, random: Random, _: Visit) -> None:
        await self._sell(self._device(f"T{BLOCKED_STATION:02d}01"),
                         random.choice(self._ordinary["EUR"]).card, basket(random))

    def _device(self, terminal_id: str) -> Device:
        return next(device for device in self._portfolio.devices
                    if device.terminal_id == terminal_id)

    def _pair(self, random: Random) -> tuple[Device, FleetCard]:
        """A terminal that works and a card of its currency."""
        currency = random.choices(("EUR", "CHF"), (5, 1))[0]
        device = random.choice(self._forecourt.active[currency])
        return device, random.choice(self._ordinary[currency])

    async def _sell(self, device: Device, card: Card, items: tuple[Item, ...],
                    odometer: int = 0) -> Exchange:
        pos = self._forecourt.pos(device)
        exchange = await pos.sale(sale(card, device.currency, items, odometer))
        self._forecourt.count(device, exchange)
        return exchange

"""What the terminals do: every life that a message can have, mixed, and each brought to its end.

Knows the messages and their order. A step may leave sales open to be reversed or repeated later;
what it has begun it ends, whatever is killed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Final

from demo.parties import FleetCard
from iso import Message
from terminals import layout
from terminals.purchase import Item, Sale
from tests.crash.portfolio import PRICE_MINOR, PRODUCT, ROLES
from tests.crash.record import Sent
from tests.crash.terminal import TerminalClient

_REQUEST_TRANSMISSIONS: Final = 4  # of a sale without answer; then it is reversed
_IMPATIENT_S: Final = 0.02
_LIMITED_OPEN: Final = 2  # a terminal's open sales on a limited card, then the oldest goes back
_OPEN: Final = 40
_HISTORY: Final = 400
_SMALLEST_LITRES: Final = 5
_LARGEST_LITRES: Final = 60


class Behaviour:
    """One terminal's day. Its random numbers are its own, so that a seed means something."""

    def __init__(self, client: TerminalClient, cards: dict[str, list[FleetCard]]) -> None:
        self.client = client
        self.random: Random = client.random
        self._cards = cards
        self._open: list[Sent] = []  # approved sales on wide cards
        self._limited: list[Sent] = []  # approved sales on limited cards
        self._holds: list[Sent] = []
        self._reversed: list[Sent] = []
        self._history: list[Sent] = []
        self._steps: tuple[tuple[int, Callable[[], Awaitable[None]]], ...] = (
            (24, self._sell), (26, self._sell_limited), (10, self._hold), (9, self._complete),
            (7, self._sell_offline), (9, self._reverse), (12, self._repeat), (4, self._impatient),
            (3, self._reverse_again), (3, self._sell_twice), (2, self._reverse_part),
            (2, self._repeat_altered), (1, self._reverse_unheard))
        self._weights = [weight for weight, _ in self._steps]

    async def run(self, stop: asyncio.Event) -> None:
        """Steps until told to stop, each to its end."""
        while not stop.is_set():
            (_, step), = self.random.choices(self._steps, self._weights)
            await step()

    # -- requests

    async def _sell(self) -> None:
        sale = self._request("sale", self._card("wide"))
        if await self._ask(sale):
            self._open.append(sale)

    async def _sell_twice(self) -> None:
        """The same message over both hosts at once."""
        sale = self._request("sale", self._card(self.random.choice(ROLES)))
        if await self._ask(sale, twice=True):
            self._limited.append(sale)

    async def _sell_limited(self) -> None:
        """Near the limit all day: what is sold goes back when enough is open."""
        if len(self._limited) > self.random.randint(0, _LIMITED_OPEN):
            await self._give_back(self._limited.pop(0))
        sale = self._request("sale", self._card(self.random.choice(ROLES)))
        if await self._ask(sale):
            self._limited.append(sale)

    async def _hold(self) -> None:
        limited = self.random.random() < 0.3
        hold = self._request("preauthorization",
                             self._card(self.random.choice(ROLES) if limited else "wide"))
        if await self._ask(hold):
            self._holds.append(hold)

    async def _ask(self, sale: Sent, *, twice: bool = False) -> bool:
        """Approved or not; what is never answered is given back, for nobody knows."""
        answered = await self.client.until_answered(sale, most=_REQUEST_TRANSMISSIONS, twice=twice)
        if not answered:
            await self._give_back(sale)
            return False
        self._remember(sale)
        return sale.approved

    async def _impatient(self) -> None:
        """Gives up at once, and the reversal overtakes the sale: it may come before it."""
        role = self.random.choice((*ROLES, "wide"))
        sale = self._request("sale", self._card(role))
        patience_s = _IMPATIENT_S * self.random.random()
        await self.client.until_answered(sale, most=1, patience_s=patience_s)
        await self._give_back(sale)

    # -- advices

    async def _sell_offline(self) -> None:
        advice = self._request("offline_sale", self._card("wide"))
        await self.client.until_answered(advice)
        self._remember(advice)

    async def _complete(self) -> None:
        """The real amount is within the hold, so that no limit can be passed by it."""
        if not self._holds:
            return
        hold = self._holds.pop(self.random.randrange(len(self._holds)))
        most = hold.approved_minor // PRICE_MINOR
        litres = self.random.choice((0, most, self.random.randint(0, most)))
        message = _money("1220", "201", self.client, hold.card, litres)
        message.fields[56] = layout.original_elements(_message(hold))
        completion = self._new("completion", message, hold.card, litres, hold)
        await self.client.until_answered(completion)
        self._remember(completion)

    async def _reverse(self) -> None:
        if len(self._open) > _OPEN or (self._open and self.random.random() < 0.5):
            await self._give_back(self._open.pop(self.random.randrange(len(self._open))))
        elif self._holds:
            await self._give_back(self._holds.pop(0))

    async def _reverse_again(self) -> None:
        """Another message about what was given back already: nothing may move."""
        if self._reversed:
            await self._give_back(self.random.choice(self._reversed))

    async def _reverse_part(self) -> None:
        """Two parts, which together would be more than the whole."""
        if self._open:
            sale = self._open.pop()
            for _ in range(2):
                part = PRICE_MINOR * (sale.approved_minor * 3 // 5 // PRICE_MINOR)
                if part:
                    await self._give_back(sale, part)

    async def _reverse_unheard(self) -> None:
        """A reversal whose original never left: it is declined when it comes at last."""
        sale = self._request("sale", self._card("wide"))
        await self._give_back(sale)
        await self.client.until_answered(sale)
        self._remember(sale)

    async def _give_back(self, original: Sent, part_minor: int | None = None) -> None:
        client = self.client
        message = layout.reversal(client.terminal, client.stamp(), _message(original),
                                  layout.REASON_TIMEOUT, part_minor)
        reversal = self._new("reversal", message, original.card, 0, original)
        reversal.amount_minor = part_minor or 0
        await client.until_answered(reversal)
        self._remember(reversal)
        self._reversed = [*self._reversed[-20:], original]

    # -- repeats

    async def _repeat(self) -> None:
        """An answered message once more, of this minute or from before the last kills."""
        if self._history:
            await self.client.until_answered(self.random.choice(self._history))

    async def _repeat_altered(self) -> None:
        """The key of an earlier message with another amount: refused, or parked if an advice."""
        first = self.random.choice(self._history) if self._history else None
        if first is None or first.kind not in {"sale", "offline_sale"} \
                or first.heard != first.transmissions:
            return
        other = self._request(first.kind, first.card, first.amount_minor // PRICE_MINOR + 1)
        other.fields[11] = first.fields[11]
        other.key, other.altered = f"{first.key}#other", first
        # One number, one message on its way: an answer says no more than the number.
        self._history = [message for message in self._history if message is not first]
        await self.client.until_answered(other)

    async def repeat_all(self) -> None:
        """At the end: all that is remembered, once more."""
        for message in self._history:
            await self.client.until_answered(message)

    async def fill(self, card: FleetCard) -> None:
        """Buy until the limit says no: a state that counted too little lets too much through."""
        declined = 0
        while declined < 2:
            sale = self._request("sale", card, _SMALLEST_LITRES)
            await self.client.until_answered(sale)
            declined += not sale.approved

    # -- building

    def _remember(self, message: Sent) -> None:
        if len(self._history) < _HISTORY:
            self._history.append(message)
        else:
            self._history[self.random.randrange(_HISTORY)] = message

    def _card(self, role: str) -> FleetCard:
        return self.random.choice(self._cards[role])

    def _request(self, kind: str, card: FleetCard, litres: int = 0) -> Sent:
        mti, function = {"sale": ("1200", "200"), "preauthorization": ("1100", "101"),
                         "offline_sale": ("1220", "200")}[kind]
        litres = litres or self.random.randint(_SMALLEST_LITRES, _LARGEST_LITRES)
        return self._new(kind, _money(mti, function, self.client, card, litres), card, litres)

    def _new(self, kind: str, message: Message, card: FleetCard, litres: int,
             original: Sent | None = None) -> Sent:
        return Sent(key=self.client.key_of(message), kind=kind, fields=dict(message.fields),
                    mti=message.mti, card=card, amount_minor=litres * PRICE_MINOR,
                    volume_ml=litres * 1000, original=original)


def _money(mti: str, function: str, client: TerminalClient, card: FleetCard,
           litres: int) -> Message:
    sale = Sale(card=card.card, amount_minor=litres * PRICE_MINOR)
    message = layout.request(mti, function, client.terminal, client.stamp(), sale)
    fields = dict(message.fields)
    if litres:
        fields[63] = _products(litres)
    return Message(mti, fields)


def _message(sent: Sent) -> Message:
    return Message(sent.mti, sent.fields)


@lru_cache
def _products(litres: int) -> str:
    item = Item(PRODUCT, "L", Decimal(litres), Decimal(PRICE_MINOR) / 100, litres * PRICE_MINOR)
    return layout.products((item,), self_service=False)

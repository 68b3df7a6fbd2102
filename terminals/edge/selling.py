"""Selling: on line where the host answers, off line where it does not and the rules let it.

Knows a sale's two ways; knows neither the queue nor the wire. A chip card is in the reader while it
is sold to (`Visit`); what blocks in a reader runs in a thread.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from chip.errors import CardProblem
from iso import tlv
from terminals import layout
from terminals.card_reader import Visit
from terminals.edge.asking import Asking
from terminals.edge.catalogue import CLOCK_SLACK
from terminals.edge.catalogue import Price as Listing
from terminals.edge.offline import Facts, Good, missing, objections
from terminals.edge.order import checked, demand_sums, for_an_advice, particulars
from terminals.edge.premises import Premises
from terminals.edge.rows import New, Price
from terminals.edge.states import Kind
from terminals.edge.ticket import HOST_IS_AWAY, Outcome, Ticket, outcome_of
from terminals.exchange import Exchange
from terminals.layout import CURRENCY_NUMBERS
from terminals.pin_pad import EncipheredPin
from terminals.purchase import Sale

_ISSUER_AUTHENTICATION: Final = "91"
_CRYPTOGRAM: Final = "9F26"


class Selling:
    """What customers want of one terminal."""

    def __init__(self, premises: Premises, asking: Asking) -> None:
        self._at = premises
        self._asking = asking
        self._offline = asyncio.Lock()  # a card's limit is looked at and used up in one go

    async def sell(self, sale: Sale, *, visit: Visit | None, pin: EncipheredPin | None,
                   reference: str, offline: bool) -> Ticket:
        """A sale, either way. offline: the host was asked before and is not asked again."""
        demand_sums(sale)
        refused: Ticket | None = None
        if offline or self._at.contact.up is False:
            refused = await self._sell_offline(sale, visit, reference)
            if offline or refused.done:
                return refused
        ticket = await self._with_card(sale, visit, Kind.SALE, pin, reference)
        away = ticket.outcome is Outcome.UNANSWERED or (
            ticket.row is not None and ticket.row.action in HOST_IS_AWAY)
        if not away:
            return ticket
        # The card vouched for its PIN once, to the host: `pin` among the objections asks for it
        # again. What was refused before the host was asked stays refused for that reason.
        sold = refused or await self._sell_offline(sale, visit, reference)
        return sold if sold.done else msgspec.structs.replace(sold, row=ticket.row)

    async def preauthorize(self, sale: Sale, *, visit: Visit | None, pin: EncipheredPin | None,
                           reference: str) -> Ticket:
        """Hold an amount (0: as much as the host lets) before the fuel flows. Never off line."""
        return await self._with_card(sale, visit, Kind.PREAUTHORIZATION, pin, reference)

    async def _with_card(self, sale: Sale, visit: Visit | None, kind: Kind,
                         pin: EncipheredPin | None, reference: str) -> Ticket:
        if visit is not None:
            signed = await asyncio.to_thread(visit.sell_online, sale, self._at.clock())
            sale = msgspec.structs.replace(signed.of(sale), entry="chip")
        mti, function = ("1200", layout.SALE) if kind is Kind.SALE else ("1100", "101")
        new = New(kind=kind, amount_minor=sale.amount_minor, currency=sale.currency,
                  particulars=particulars(sale), reference=reference)
        ticket, exchange = await self._asking.ask(new, lambda stamp: layout.request(
            mti, function, self._at.pos.terminal, stamp, sale, pin, self._at.profile))
        if visit is not None:
            await _to_the_chip(visit, exchange)
        return ticket

    async def _sell_offline(self, sale: Sale, visit: Visit | None, reference: str) -> Ticket:
        async with self._offline:
            at = self._at.clock()
            facts, prices, account = await self._at.worker.do(self._facts, sale, visit, at)
            found = objections(facts)
            if found or visit is None:
                return Ticket(outcome=Outcome.REFUSED, objections=found, prompts=missing(facts))
            sold = await asyncio.to_thread(visit.sell_offline, sale, at, goods=facts.goods)
            if not sold.approved_offline:
                return Ticket(outcome=Outcome.REFUSED, objections=sold.objections)
            sale = for_an_advice(msgspec.structs.replace(sold.of(sale), entry="chip"))
            tc = tlv.read(sold.field55).get(_CRYPTOGRAM, b"").hex().upper()
            new = New(kind=Kind.OFFLINE_SALE, amount_minor=sale.amount_minor,
                      currency=sale.currency, reference=reference, particulars=particulars(
                          sale, tc=tc, list_prices=prices, account=account))
            profile, terminal = self._at.profile, self._at.pos.terminal
            row = await self._at.worker.do(
                self._at.store.begin, new, at, lambda stamp: checked(profile, layout.request(
                    "1220", layout.SALE, terminal, stamp, sale, profile=profile)))
        self._at.contact.work.set()
        return Ticket(outcome=outcome_of(row), row=row)

    def _facts(self, sale: Sale, visit: Visit | None,
               at: datetime) -> tuple[Facts, tuple[Price, ...], int]:
        """What the rules look at, read in one go; and the prices of the card's fleet."""
        store, shelf = self._at.store, self._at.shelf
        version, seen = shelf.version(), store.seen_at()
        known = (seen,) if version is None else (seen, version.issued_at, version.taken_at)
        serial = visit.serial if visit is not None else ""
        listed = shelf.listed(serial) if serial else None
        goods = shelf.goods(tuple(item.product for item in sale.items))
        profile = self._at.profile
        facts = Facts(
            amount_minor=sale.amount_minor, currency=sale.currency,
            currency_number=CURRENCY_NUMBERS[sale.currency], goods=goods,
            answered=frozenset(name for name, answer in sale.answers.items() if answer),
            chip=visit.chip if visit is not None else None, listed=listed,
            blocked=shelf.blocked(serial) if serial else "",
            sold_minor=store.sold_offline(visit.card) if visit is not None else 0,
            permitted=shelf.permitted(),
            age_s=max(0, int((at - version.issued_at).total_seconds())) if version else None,
            in_time=version is not None and at < version.valid_until,
            clock_back=any(one is not None and at < one - CLOCK_SLACK for one in known),
            floor=shelf.floor(), store_full=store.full(),
            chip_prompts=tuple(
                profile.fleet.prompts[one] for one in visit.contents.rules.prompts
                if one in profile.fleet.prompts) if visit is not None else ())
        account = listed.account if listed is not None else 0
        return facts, _list_prices(goods, shelf.prices(account, at) if account else {}), account


def _list_prices(goods: tuple[Good, ...], prices: dict[str, Listing]) -> tuple[Price, ...]:
    return tuple(Price(good.code, prices[good.product].unit_price, prices[good.product].contract)
                 for good in goods if good.product in prices)


async def _to_the_chip(visit: Visit, exchange: Exchange) -> None:
    """Tag 91 of the answer, for the card. One that was pulled out has sold all the same."""
    raw = exchange.reply.message.fields.get(55) if exchange.reply is not None else None
    if isinstance(raw, bytes) and (value := tlv.read(raw).get(_ISSUER_AUTHENTICATION)):
        with suppress(CardProblem):
            await asyncio.to_thread(visit.issuer_answer, value)

"""What is done to a message afterwards: more of a hold, its completion, a return, a reversal.

Knows what each asks of its original; knows no card reader, for the card is the original's. What has
happened is stored first, and then told.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from iso import Message
from terminals import layout
from terminals.edge.asking import Asking
from terminals.edge.forwarder import Forwarder
from terminals.edge.order import (
    checked,
    demand_hold,
    demand_sums,
    for_an_advice,
    held_card,
    particulars,
)
from terminals.edge.premises import Premises
from terminals.edge.rows import New, Row
from terminals.edge.states import Kind, State
from terminals.edge.ticket import BadOrder, Ticket, outcome_of
from terminals.layout import Stamp
from terminals.purchase import Sale

_FINAL_KINDS: Final = (Kind.SALE, Kind.COMPLETION, Kind.OFFLINE_SALE)


class Afterwards:
    """What one terminal does to its own messages."""

    def __init__(self, premises: Premises, asking: Asking, forwarder: Forwarder) -> None:
        self._at = premises
        self._asking = asking
        self._forwarder = forwarder
        self._one = asyncio.Lock()  # what was done to a message is looked at and added to in one go

    async def increment(self, hold: Row, amount_minor: int) -> Ticket:
        """So many minor units more for an open hold."""
        demand_hold(hold)
        original = await self._message(hold)
        sale = Sale(held_card(original), amount_minor, hold.currency, wants_rest=True)
        return (await self._asking.ask(
            New(kind=Kind.INCREMENT, amount_minor=amount_minor, currency=hold.currency,
                original=hold, particulars=hold.particulars),
            lambda stamp: layout.increment(self._at.pos.terminal, stamp, sale, original,
                                           profile=self._at.profile)))[0]

    async def take_back(self, original: Row, sale: Sale) -> Ticket:
        """Goods of a sale come back; the card is the sale's. The host may refuse."""
        demand_sums(sale)
        if original.kind not in _FINAL_KINDS or not original.approved:
            raise BadOrder(f"{original.sequence} sold nothing that could come back")
        if not 0 < sale.amount_minor <= max(original.approved_minor, original.amount_minor):
            raise BadOrder("more comes back than was sold")
        message = await self._message(original)
        sale = msgspec.structs.replace(sale, card=held_card(message),
                                       entry=original.particulars.entry)
        return (await self._asking.ask(
            New(kind=Kind.RETURN, amount_minor=sale.amount_minor, currency=sale.currency,
                original=original, particulars=particulars(sale)),
            lambda stamp: layout.goods_return(self._at.pos.terminal, stamp, sale, message,
                                              profile=self._at.profile)))[0]

    async def complete(self, hold: Row, sale: Sale, within_s: float) -> Ticket:
        """What was really sold of a hold; amount 0 lets it go. Stored first, then told.

        within_s: real seconds to wait for the host, which may tell the contract price.
        """
        demand_sums(sale)
        async with self._one:
            row = await self._completed(await self._fresh(hold), sale)
        return await self._told(row, within_s)

    async def _completed(self, hold: Row, sale: Sale) -> Row:
        demand_hold(hold)
        if any(row.kind is Kind.COMPLETION for row in await self._about(hold)):
            raise BadOrder(f"{hold.sequence} is completed already")
        original = await self._message(hold)
        sale = for_an_advice(msgspec.structs.replace(
            sale, card=held_card(original), entry=hold.particulars.entry))

        def build(stamp: Stamp) -> Message:
            message = layout.request("1220", layout.COMPLETION, self._at.pos.terminal, stamp, sale,
                                     profile=self._at.profile)
            code = {38: hold.approval_code} if hold.approval_code else {}
            return checked(self._at.profile, layout.ordered("1220", message.fields | code | {
                56: layout.original_elements(original)}))

        return await self._at.worker.do(
            self._at.store.begin, New(
                kind=Kind.COMPLETION, amount_minor=sale.amount_minor, currency=sale.currency,
                original=hold, particulars=particulars(sale)), self._at.clock(), build)

    async def reverse(self, original: Row, amount_minor: int | None, within_s: float) -> Ticket:
        """Give back all of a message, or so many minor units of it. Stored first, then told."""
        async with self._one:
            row = await self._given_back(await self._fresh(original), amount_minor)
        return await self._told(row, within_s)

    async def _given_back(self, original: Row, amount_minor: int | None) -> Row:
        if original.kind in (Kind.REVERSAL, Kind.RETURN):
            raise BadOrder(f"{original.sequence} is itself a {original.kind}")
        if original.state in (State.BEGUN, State.SENT):
            raise BadOrder(f"{original.sequence} is not answered yet")
        if original.state in (State.REVERSED, State.ABANDONED) or not original.approved:
            raise BadOrder(f"{original.sequence} holds nothing that could be given back")
        given = sum(row.amount_minor for row in await self._about(original)
                    if row.kind is Kind.REVERSAL)
        there = original.approved_minor if original.state is State.ANSWERED \
            else original.amount_minor
        amount = there - given if amount_minor is None else amount_minor
        if not 0 < amount <= there - given:
            raise BadOrder(f"of {original.sequence}, {there - given} can be given back")
        whole = amount == there
        message = await self._message(original)
        _, row = await self._at.worker.do(
            self._at.store.reverse, original,
            New(kind=Kind.REVERSAL, amount_minor=amount, currency=original.currency,
                original=original, particulars=original.particulars, reason="customer"),
            self._at.clock(), lambda stamp: checked(self._at.profile, layout.reversal(
                self._at.pos.terminal, stamp, message, layout.REASON_CUSTOMER,
                None if whole else amount)),
            State.REVERSED if whole and original.state is State.ANSWERED else None)
        return row

    async def _told(self, row: Row, within_s: float) -> Ticket:
        """An advice that is stored: as it stands when the host has it, or after so long."""
        if self._at.contact.up is False:
            self._at.contact.work.set()
        else:
            row = await self._forwarder.taken(row, within_s)
        return Ticket(outcome=outcome_of(row), row=row)

    async def _fresh(self, row: Row) -> Row:
        """The row as it stands now: the caller's may be from before somebody else's turn."""
        found = await self._at.worker.do(self._at.store.find, row.sequence, row.local_date)
        return found if found is not None and found.id == row.id else row

    async def _message(self, row: Row) -> Message:
        return await self._at.worker.do(self._at.store.message, row)

    async def _about(self, row: Row) -> list[Row]:
        return await self._at.worker.do(self._at.store.about, row)

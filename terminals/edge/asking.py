"""Requests: what is asked of the host before goods leave, each noted before and after.

Knows the life of a request (begun, sent, answered, or reversed by its number); knows no card reader
and no off-line rule. What nobody answered is given back: a reversal is stored in the same commit
that ends the request, and the forwarder sees it through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from iso import Message
from terminals import answers, layout
from terminals.edge.premises import Premises
from terminals.edge.rows import New, Row
from terminals.edge.states import Kind, State
from terminals.edge.ticket import Outcome, Ticket, outcome_of
from terminals.exchange import Exchange, Reply
from terminals.layout import Stamp

Make = Callable[[Stamp], Message]
UNANSWERED: Final = "unanswered"
_REPEATS: Final = 1


class Asking:
    """The requests of one terminal."""

    def __init__(self, premises: Premises) -> None:
        self._at = premises

    async def ask(self, new: New, make: Make) -> tuple[Ticket, Exchange]:
        """Number it, note it, send it, note what came back.

        Bad content raises (EncodeError, ValueError) before anything is noted.
        """
        at, built = self._at.clock(), []

        def build(stamp: Stamp) -> Message:
            built.append(make(stamp))
            self._at.profile.codec.encode(built[-1])
            return built[-1]

        store, do = self._at.store, self._at.worker.do
        row = await do(store.begin, new, at, build)
        row = await do(store.note, row, State.SENT, at)
        exchange = await self._at.send(row.kind, built[-1], _REPEATS)
        if exchange.reply is not None:
            row = await self._answered(row, exchange.reply, exchange.sent)
            return Ticket(outcome=outcome_of(row), row=row,
                          prompts=answers.prompts(exchange.reply.message, self._at.profile),
                          rest=answers.rest(exchange.reply.message, self._at.profile)), exchange
        if exchange.sent == 0:
            row = await do(store.note, row, State.ABANDONED, at)
        else:
            row = await self.give_up(row)
        return Ticket(outcome=Outcome.UNANSWERED, row=row), exchange

    async def give_up(self, row: Row) -> Row:
        """It was sent and not answered: its reversal is stored, by its number."""
        message = await self._at.worker.do(self._at.store.message, row)
        new = New(kind=Kind.REVERSAL, amount_minor=row.amount_minor, currency=row.currency,
                  original=row, reason=UNANSWERED, particulars=row.particulars)
        original, _ = await self._at.worker.do(
            self._at.store.reverse, row, new, self._at.clock(), lambda stamp: layout.reversal(
                self._at.pos.terminal, stamp, message, layout.REASON_TIMEOUT), State.REVERSED)
        self._at.contact.work.set()
        return original

    async def recover(self) -> None:
        """After a start: what had only begun is over, what was sent is given back."""
        do, store = self._at.worker.do, self._at.store
        for row in await do(store.listed, [State.BEGUN]):
            await do(store.note, row, State.ABANDONED, self._at.clock())
        for row in await do(store.listed, [State.SENT]):
            await self.give_up(row)

    async def _answered(self, row: Row, reply: Reply, sent: int) -> Row:
        return await self._at.worker.do(
            self._at.store.note, row, State.ANSWERED, self._at.clock(),
            approved_minor=reply.amount_minor if reply.approved else 0, action=reply.action,
            reason=reply.reason, approval_code=reply.approval_code, sent=sent)

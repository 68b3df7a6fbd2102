"""Finds out what became of credits that nobody answered for: asks the bank until it says so.

Knows the order of the steps; what an answer means is exchange.py's.
  1  SENT, and the time for an answer over: UNKNOWN
  2  UNKNOWN and due: the bank is asked, under the EndToEndId of the credit
  3  never heard of it: sent again. Rejected for a passing cause: again later, then the night
"""

from __future__ import annotations

from authhost.bank import bounds
from authhost.bank.exchange import Exchange
from authhost.bank.meanings import Meaning, passing
from authhost.bank.outbox import Credit, Outbox


class Asking:
    """Of one bank."""

    def __init__(self, exchange: Exchange, outbox: Outbox) -> None:
        self._exchange = exchange
        self._outbox = outbox
        self._asking = 0

    async def round(self) -> bool:
        """Ask about what is due; True where there may be more."""
        exchange, now = self._exchange, self._exchange.real_now()
        overdue = await self._outbox.overdue(now)
        room = bounds.ASK_ROWS - self._asking
        if room <= 0 or exchange.notes.full:
            return False
        due = await self._outbox.due(room, now, exchange.due())
        await self._again([credit for credit in due if passing(credit.bank_reason)])
        for credit in due:
            if not passing(credit.bank_reason):
                self._asking += 1
                exchange.start(self._find_out(credit))
        return bool(overdue) or len(due) == room

    async def _again(self, credits_: list[Credit]) -> None:
        """Rejected for a passing cause: once more where it may go, else the night takes it."""
        exchange = self._exchange
        away = exchange.shut() or ("bank_down" if exchange.breaker.open else "")
        lost = [credit for credit in credits_ if away or credit.tries >= bounds.LATER_TRIES
                or exchange.objection(credit)]
        for word in sorted({credit.bank_reason for credit in lost}):
            await self._outbox.to_night(
                [credit.key for credit in lost if credit.bank_reason == word], word)
        await self._resend([credit for credit in credits_ if credit not in lost],
                           "rejected for a passing cause")

    async def _resend(self, credits_: list[Credit], why: str) -> None:
        if not credits_:
            return
        exchange = self._exchange
        leave_by = exchange.leave_by()
        moved = await self._outbox.resend([credit.key for credit in credits_], exchange.due(), why)
        for credit in credits_:
            if credit.key not in moved:
                continue
            link = await exchange.borrow()
            if link is None:
                exchange.silent(credit)
                continue
            try:
                await exchange.pay(link, credit, leave_by)
            finally:
                exchange.links.give(link)

    async def _find_out(self, credit: Credit) -> None:
        """What became of one credit. Nothing is changed where the bank says nothing."""
        exchange = self._exchange
        try:
            link = await exchange.borrow()
            if link is None:
                return  # the lease ends, and then it is asked again
            try:
                said = await exchange.status(link, credit)
            finally:
                exchange.links.give(link)
            if said is None:
                return
            if said[0] is not Meaning.UNHEARD:
                exchange.note(credit, *said, credit.tries)
            elif exchange.writable(credit):
                await self._resend([credit], "the bank has never heard of it")
        finally:
            self._asking -= 1

"""Finds out what became of orders that nobody answered for: asks the bank until it says so.

Knows the order of the steps; what an answer means is talk.py's.
  1  SENT, and the time for an answer over: UNKNOWN
  2  UNKNOWN and due: the bank is asked, under the EndToEndId of the order
  3  never heard of it: sent again. Rejected for a passing cause: again later, then the night
"""

from __future__ import annotations

from typing import Generic

from authhost.bank import bounds
from authhost.bank.meanings import Meaning, passing
from authhost.bank.ports import T, Waiting
from authhost.bank.talk import Talk


class Asking(Generic[T]):
    """Of one bank."""

    def __init__(self, talk: Talk[T], outbox: Waiting[T]) -> None:
        self._talk = talk
        self._outbox = outbox
        self._asking = 0

    async def round(self) -> bool:
        """Ask about what is due; True where there may be more."""
        talk, now = self._talk, self._talk.real_now()
        overdue = await self._outbox.overdue(now)
        room = bounds.ASK_ROWS - self._asking
        if room <= 0 or talk.full:
            return False
        due = await self._outbox.due(room, now, talk.due())
        await self._again([order for order in due if passing(order.bank_reason)])
        for order in due:
            if not passing(order.bank_reason):
                self._asking += 1
                talk.start(self._find_out(order))
        return bool(overdue) or len(due) == room

    async def _again(self, orders: list[T]) -> None:
        """Rejected for a passing cause: once more where it may go, else the night takes it."""
        talk = self._talk
        away = talk.shut() or ("bank_down" if talk.breaker.open else "")
        lost = [order for order in orders if away or order.tries >= bounds.LATER_TRIES
                or talk.objection(order)]
        for word in sorted({order.bank_reason for order in lost}):
            await self._outbox.reject(
                [order for order in lost if order.bank_reason == word], word)
        await self._resend([order for order in orders if order not in lost],
                           "rejected for a passing cause")

    async def _resend(self, orders: list[T], why: str) -> None:
        if not orders:
            return
        talk = self._talk
        leave_by = talk.leave_by()
        moved = await self._outbox.resend([order.key for order in orders], talk.due(), why)
        for order in orders:
            if order.key not in moved:
                continue
            link = await talk.borrow()
            if link is None:
                talk.silent(order)
                continue
            try:
                await talk.pay(link, order, leave_by)
            finally:
                talk.links.give(link)

    async def _find_out(self, order: T) -> None:
        """What became of one order. Nothing is changed where the bank says nothing."""
        talk = self._talk
        try:
            link = await talk.borrow()
            if link is None:
                return  # the lease ends, and then it is asked again
            try:
                said = await talk.status(link, order)
            finally:
                talk.links.give(link)
            if said is None:
                return
            if said[0] is not Meaning.UNHEARD:
                talk.note(order, *said, order.tries)
            elif talk.writable(order):
                await self._resend([order], "the bank has never heard of it")
            else:
                talk.unheard(order)
        finally:
            self._asking -= 1

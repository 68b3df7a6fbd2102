"""Sends what waits for one bank: connections first, then the mark SENT, then the request.

Knows the order of the steps; what an answer means is exchange.py's. What is marked waits for a free
connection in one queue, no longer than answers come quickly: a connection whose answer is slow
holds up its own credit and no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from datetime import datetime
from time import monotonic

from authhost.bank import bounds
from authhost.bank.exchange import Exchange
from authhost.bank.link import BankAway, Link
from authhost.bank.outbox import Credit, Outbox


class Sending:
    """Of one bank. poll_s: how long it waits for a connection at a time."""

    def __init__(self, exchange: Exchange, outbox: Outbox, poll_s: float) -> None:
        self._exchange = exchange
        self._outbox = outbox
        self._poll_s = poll_s
        self._pause_s = bounds.RECONNECT_S
        self._marked: deque[tuple[Credit, datetime]] = deque()  # SENT, and not sent yet
        self._workers = 0

    async def round(self) -> bool:
        """Send what waits; True where there may be more."""
        exchange = self._exchange
        shut = exchange.shut()
        asked = not shut and not exchange.links.idle()
        if asked and not await self._outbox.waits():
            return False
        most = exchange.breaker.most(monotonic())
        if shut or not most:
            waits = asked or await self._outbox.waits()
            return waits and await self._give_up(shut or "bank_down")
        if exchange.notes.full or len(self._marked) >= bounds.TAKE_ROWS:
            return True
        held = await self._hold()
        if not held:
            return True
        leave_by = exchange.leave_by()
        try:
            sent, more = await self._outbox.take(
                min(most, len(held) * self._depth()), exchange.objection, exchange.rail,
                exchange.real_now(), exchange.due())
            if sent and exchange.breaker.open:
                exchange.breaker.tried(monotonic())
            self._marked.extend((credit, leave_by) for credit in sent)
            for _ in range(min(len(held), len(sent))):
                self._employ(held.pop())
        finally:
            for link in held:
                exchange.links.give(link)
        if more:
            self._grow()
        return more

    def _grow(self) -> None:
        """As many connections as send a full batch in good time; not more, for each is dear."""
        links, waiting_s = self._exchange.links, bounds.TAKE_ROWS * self._exchange.pace_s
        links.grow(int(waiting_s / bounds.CATCH_UP_S) + 1 - links.open)

    def _depth(self) -> int:
        """How many credits one connection gets through in a moment."""
        return max(1, min(int(bounds.MOMENT_S / max(self._exchange.pace_s, 1e-6)),
                          bounds.DEPTH))

    async def _hold(self) -> list[Link]:
        """Free connections, all of them; none while the bank is away or all are in use."""
        links = self._exchange.links
        links.freed.clear()
        try:
            free = await links.ready()
        except BankAway as away:
            self._exchange.failed(str(away))
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, bounds.RECONNECT_MOST_S)
            return []
        self._pause_s = bounds.RECONNECT_S
        if not free:
            self._grow()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await links.freed.wait()
        return [links.take() for _ in range(links.idle())]

    async def _give_up(self, why: str) -> bool:
        """What waits goes by night; True where there may be more."""
        exchange = self._exchange
        _, more = await self._outbox.take(bounds.TAKE_ROWS, lambda _: why, exchange.rail,
                                          exchange.real_now(), exchange.due())
        return more

    def _employ(self, link: Link) -> None:
        self._workers += 1
        self._exchange.start(self._work(link))

    async def _work(self, link: Link) -> None:
        """One connection: the next credit as long as there is one."""
        exchange = self._exchange
        try:
            while self._marked and not link.closed:
                credit, leave_by = self._marked.popleft()
                await exchange.pay(link, credit, leave_by)
        finally:
            self._workers -= 1
            exchange.links.give(link)
            if self._marked and not self._workers:
                exchange.start(self._relieve())

    async def _relieve(self) -> None:
        """All connections have gone under what is marked: on a new one, or it was not sent."""
        link = await self._exchange.borrow()
        if link is not None:
            self._employ(link)
            return
        while self._marked:
            credit, _ = self._marked.popleft()
            self._exchange.silent(credit)

"""Sends what waits for one bank: connections first, then the mark SENT, then the request.

Knows the order of the steps; what an answer means is talk.py's. What is marked waits for a free
connection in one queue, no longer than answers come quickly: a connection whose answer is slow
holds up its own order and no other. Who marks an order with a row of its own puts it into that
queue itself (`now`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from datetime import datetime
from time import monotonic
from typing import Generic

from authhost.bank import bounds
from authhost.bank.link import BankAway, Link
from authhost.bank.ports import T, Waiting
from authhost.bank.talk import Talk


class Sending(Generic[T]):
    """Of one bank. poll_s: how long it waits for a connection at a time."""

    def __init__(self, talk: Talk[T], outbox: Waiting[T], poll_s: float) -> None:
        self._talk = talk
        self._outbox = outbox
        self._poll_s = poll_s
        self._pause_s = bounds.RECONNECT_S
        self._marked: deque[tuple[T, datetime]] = deque()  # SENT, and not sent yet
        self._workers = 0
        self._relieving = False

    @property
    def backlog(self) -> int:
        """Marked orders that wait for a connection."""
        return len(self._marked)

    def now(self, order: T, leave_by: datetime) -> None:
        """Its row says SENT, and nobody else sends it: it goes by the next connection that there
        is, before leave_by or not at all."""
        self._marked.append((order, leave_by))
        self._staff()

    async def round(self) -> bool:
        """Send what waits; True where there may be more."""
        talk = self._talk
        shut = talk.shut()
        asked = not shut and (talk.lean or not talk.links.idle())
        if asked and not await self._outbox.waits():
            return False
        most = talk.breaker.most(monotonic())
        if shut or not most:
            waits = asked or await self._outbox.waits()
            return waits and await self._give_up(shut or "bank_down")
        if talk.full or len(self._marked) >= bounds.TAKE_ROWS:
            return True
        held = await self._hold()
        if not held:
            return True
        leave_by = talk.leave_by()
        try:
            sent, more = await self._outbox.take(
                min(most, len(held) * self._depth()), talk.objection, talk.rail,
                talk.real_now(), talk.due())
            if sent and talk.breaker.open:
                talk.breaker.tried(monotonic())
            self._marked.extend((order, leave_by) for order in sent)
            for _ in range(min(len(held), len(sent))):
                self._employ(held.pop())
        finally:
            for link in held:
                talk.links.give(link)
        if more:
            self._grow()
        return more

    def _grow(self) -> None:
        """As many connections as send a full batch in good time; not more, for each is dear."""
        links, waiting_s = self._talk.links, bounds.TAKE_ROWS * self._talk.pace_s
        links.grow(int(waiting_s / bounds.CATCH_UP_S) + 1 - links.open)

    def _depth(self) -> int:
        """How many orders one connection gets through in a moment."""
        return max(1, min(int(bounds.MOMENT_S / max(self._talk.pace_s, 1e-6)),
                          bounds.DEPTH))

    async def _hold(self) -> list[Link]:
        """Free connections, all of them; none while the bank is away or all are in use."""
        links = self._talk.links
        links.freed.clear()
        try:
            free = await links.ready()
        except BankAway as away:
            self._talk.failed(str(away))
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
        """What waits does not go: deposits wait for the night, payers for nothing."""
        talk = self._talk
        _, more = await self._outbox.take(bounds.TAKE_ROWS, lambda _: why, talk.rail,
                                          talk.real_now(), talk.due())
        return more

    def _employ(self, link: Link) -> None:
        self._workers += 1
        self._talk.start(self._work(link))

    async def _work(self, link: Link) -> None:
        """One connection: the next order as long as there is one."""
        talk = self._talk
        try:
            while self._marked and not link.closed:
                order, leave_by = self._marked.popleft()
                await talk.pay(link, order, leave_by)
        finally:
            self._workers -= 1
            talk.links.give(link)
            if self._marked and not self._workers:
                self._staff()

    def _staff(self) -> None:
        """A connection for what is marked: a free one, or the next that is free or made."""
        links = self._talk.links
        if links.idle():
            self._employ(links.take())
        elif not self._relieving:
            self._relieving = True
            self._talk.start(self._relieve())

    async def _relieve(self) -> None:
        """No connection is free, or all have gone: by a new one; or what is marked was not sent.

        Those in use are soon free where answers are quick: a new one is dear.
        """
        try:
            if self._workers:
                await asyncio.sleep(bounds.MOMENT_S)
                if not self._marked:
                    return
                self._grow()
            link = await self._talk.borrow()
        finally:
            self._relieving = False
        if link is not None:
            self._employ(link)
            if len(self._marked) > 1:
                self._staff()
            return
        while self._marked and not self._workers:
            order, _ = self._marked.popleft()
            self._talk.silent(order)

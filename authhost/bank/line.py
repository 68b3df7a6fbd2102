"""The line to one bank: sends what waits and asks about what is unknown, until it is cancelled.

Knows turns, and that a database may be away for a while; the steps are in sending.py and asking.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Generic

import structlog

from authhost.bank import bounds
from authhost.bank.asking import Asking
from authhost.bank.banks import Bank
from authhost.bank.outbox import AWAY
from authhost.bank.ports import T, Waiting
from authhost.bank.sending import Sending
from authhost.bank.talk import Talk

_log = structlog.get_logger()


class Line(Generic[T]):
    """One bank. poll_s: between looks that nobody asks for."""

    def __init__(self, talk: Talk[T], outbox: Waiting[T], poll_s: float) -> None:
        self.talk = talk
        self.sending = Sending(talk, outbox, poll_s)
        self._asking = Asking(talk, outbox)
        self._poll_s = poll_s
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def bank(self) -> Bank:
        """As it is now."""
        return self.talk.bank

    @property
    def down(self) -> bool:
        """The bank does not answer."""
        return self.talk.breaker.open

    @property
    def in_flight(self) -> int:
        """Connections in use."""
        return len(self.talk.tasks)

    def change(self, bank: Bank) -> None:
        """Its settings are others."""
        self.talk.change(bank)

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Send and ask until cancelled; then what is on its way has a moment to be answered."""
        tasks = self.talk.tasks
        loops = [asyncio.create_task(self._over_and_over(self._send, self._woken)),
                 asyncio.create_task(self._over_and_over(self._asking.round, self._rest))]
        try:
            await asyncio.wait(loops)
        finally:
            # A turn ends as it began: what it has marked SENT is sent.
            self._stopping = True
            self._wake.set()
            _, late = await asyncio.wait(loops, timeout=bounds.DRAIN_S)
            for loop in late:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            if tasks:
                await asyncio.wait(tasks, timeout=bounds.DRAIN_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.talk.links.close()

    async def _over_and_over(self, turn: Callable[[], Awaitable[bool]],
                             rest: Callable[[], Awaitable[None]]) -> None:
        """A turn at once while there is more, else after a rest."""
        while not self._stopping:
            try:
                more = await turn()
            except AWAY as error:  # the database; a bank's failures are values by here
                _log.warning("bank line waits", bank=self.bank.bank_id, why=str(error))
                await asyncio.sleep(bounds.RECONNECT_MOST_S)
            except Exception:
                _log.exception("bank line", bank=self.bank.bank_id)
                await asyncio.sleep(bounds.RECONNECT_MOST_S)
            else:
                await (asyncio.sleep(bounds.GATHER_S) if more else rest())

    async def _send(self) -> bool:
        self._wake.clear()
        return await self.sending.round()

    async def _rest(self) -> None:
        await asyncio.sleep(self._poll_s)

    async def _woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
            await asyncio.sleep(bounds.GATHER_S)  # whoever woke us is seldom alone

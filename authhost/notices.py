"""Who hears of payments, put together: streams of this host and others, webhooks, web push.

Knows who needs whom and what is started and stopped; what is told is for the rooms to say.
"""

from __future__ import annotations

import asyncio
import secrets as entropy
from contextlib import suppress

import asyncpg

from authhost.clock import Clock
from authhost.doors.streams import piece
from authhost.metrics import Metrics
from authhost.payments.crowding import Crowd
from authhost.payments.hub import Hub
from authhost.payments.ports import Told
from authhost.push.key import KeyProblem, load_key
from authhost.push.pushing import Pushing
from authhost.push.vapid import Vapid
from authhost.push.web_push import WebPush
from authhost.settings import Settings, SettingsError
from authhost.state.client import StateClient
from authhost.webhooks.desk import Desk
from authhost.webhooks.outbox import Outbox
from authhost.webhooks.outgoing import Outgoing
from authhost.webhooks.telling import Telling


class Notices:
    """One host's. secret: of ids and of merchants' keys, the same at every host."""

    def __init__(self, *, pool: asyncpg.Pool, settings: Settings, state: StateClient,
                 secret: bytes) -> None:
        clock = settings.clock
        self.hub = Hub(pool=pool, clock=clock, state=state, state_url=settings.redis_url,
                       host=entropy.token_hex(8), piece=piece)
        self.crowd = Crowd(pool, clock, secret)
        self._outgoing = Outgoing(allow_private=settings.private_callbacks)
        self.desk = Desk(pool, clock, self._outgoing, secret)
        self.outbox = Outbox(pool, clock)
        self.telling = Telling(self.outbox, self._outgoing, clock, entropy.randbelow)
        self._pushing = self._pushing_of(settings, pool, clock)
        self._loop: asyncio.Task[None] | None = None

    def tell(self, told: Told) -> None:
        """A payment has changed here, and its row stands."""
        self.hub.tell(told)
        self.crowd.tell(told)
        if told.asked.callback_url:
            self.telling.wake()
        if self._pushing is not None:
            self._pushing.tell(told)

    def start(self) -> None:
        """Hear the other hosts, tell merchants."""
        self.hub.start()
        self._loop = asyncio.create_task(self.telling.run())

    async def stop(self) -> None:
        """See through what is on its way."""
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        if self._pushing is not None:
            await self._pushing.close()
        await self._outgoing.close()
        await self.hub.close()

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        self.hub.watch(metrics)
        self.telling.watch(metrics)
        if self._pushing is not None:
            self._pushing.watch(metrics)

    def _pushing_of(self, settings: Settings, pool: asyncpg.Pool, clock: Clock) -> Pushing | None:
        """None without a key: phones are told by their streams alone."""
        if settings.push_key is None:
            return None
        try:
            key = load_key(settings.push_key)
        except KeyProblem as error:
            raise SettingsError(f"--push-key {settings.push_key}: {error}") from None
        push = WebPush(self._outgoing, Vapid(key, settings.push_subject), clock.real_now_us)
        return Pushing(pool, clock, push, self.hub.is_here,
                       allow_private=settings.private_callbacks)

"""Wakes the payer's phone for a payment that waits, where it has no open stream on this host.

Knows payments' changes, subscriptions and the port of push. Nothing is kept: a phone that was not
woken fetches what waits when it is opened, so what is lost with a process is a moment. A message
names the payment alone; what it is about the phone fetches over its own TLS.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

import asyncpg
import msgspec
import structlog

from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.journal.reads import Borrowed
from authhost.metrics import Metrics
from authhost.payments.life import State
from authhost.payments.ports import Told
from authhost.push import bounds
from authhost.push.statements import statement
from authhost.push.subscription import Subscription, Wrong, read_subscription
from authhost.push.web_push import Came, Push

_log = structlog.get_logger()


class Pushing:
    """Of one host. is_here: whether a phone has an open stream on it; allow_private: push services
    on the own machine too, for tests."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, push: Push,
                 is_here: Callable[[str], bool], *, allow_private: bool = False) -> None:
        self._pool = pool
        self._clock = clock
        self._push = push
        self._is_here = is_here
        self._allow_private = allow_private
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by payment
        self._phones: Counter[str] = Counter()
        self._services: Counter[str] = Counter()  # messages on their way
        self._later: Counter[str] = Counter()  # messages that wait for another try
        self._sending: dict[str, asyncio.Semaphore] = {}
        self._reading = asyncio.Semaphore(bounds.READS)
        self.outcomes: Counter[str] = Counter()

    def tell(self, told: Told) -> None:
        """A payment has changed: its phone is woken where it is new, and let be where it is over.
        """
        payment_id = told.asked.payment_id
        if told.state is not State.CREATED:
            task = self._tasks.get(payment_id)
            if task is not None and told.state is not State.SENT:
                task.cancel()  # it has been answered, or has ended
            return
        if told.phone is None or payment_id in self._tasks or self._is_here(told.phone):
            return
        if len(self._tasks) - self._later.total() >= bounds.MESSAGES \
                or self._phones[told.phone] >= bounds.PER_PHONE:
            self.outcomes["dropped"] += 1
            return
        self._phones[told.phone] += 1
        task = asyncio.create_task(self._wake(told, told.phone))
        self._tasks[payment_id] = task
        task.add_done_callback(partial(self._done, payment_id, told.phone))

    async def close(self) -> None:
        """Those that are not woken yet fetch by themselves."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def depth(self) -> int:
        """Phones that are being woken."""
        return len(self._tasks)

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        metrics.table("authhost_push", "Messages to push services.", ("way", "outcome"),
                      lambda: {("web_push", outcome): number
                               for outcome, number in self.outcomes.items()})
        metrics.gauge("authhost_push_in_flight", "Phones that are being woken.",
                      lambda: self.depth)

    def _done(self, payment_id: str, phone: str, task: asyncio.Task[None]) -> None:
        del self._tasks[payment_id]
        _one_less(self._phones, phone)
        if not task.cancelled() and task.exception() is not None:
            _log.error("push", payment=payment_id, exc_info=task.exception())

    async def _wake(self, told: Told, phone: str) -> None:
        try:
            async with self._reading, Borrowed(self._pool) as connection:
                text = await connection.fetchval(statement("subscription"), phone)
        except JournalUnavailable:
            self.outcomes["unread"] += 1
            return
        if text is None:
            return
        try:
            subscription = read_subscription(text, allow_private=self._allow_private)
        except Wrong as wrong:
            _log.warning("push subscription is none", why=str(wrong), where=wrong.where)
            await self._end(phone, text)
            return
        service = subscription.target.origin
        if self._services[service] >= bounds.PER_SERVICE:
            self.outcomes["dropped"] += 1
            return
        self._services[service] += 1
        sending = self._sending.setdefault(service, asyncio.Semaphore(bounds.AT_ONCE_PER_SERVICE))
        try:
            if await self._sent(told, phone, subscription, sending) is Came.ENDED:
                await self._end(phone, text)
        finally:
            _one_less(self._services, service)
            if not self._services[service] and not self._later[service]:
                del self._sending[service]

    async def _sent(self, told: Told, phone: str, subscription: Subscription,
                    sending: asyncio.Semaphore) -> Came:
        """Send, and again after a pause, as long as the payment lives and nobody is there."""
        payment_id = told.asked.payment_id
        payload = msgspec.json.encode({"payment": payment_id})
        came = Came.LATER
        for pause_s in (*bounds.PAUSES_S, 0):
            async with sending:
                left_s = self._left_s(told)
                if left_s <= 0 or self._is_here(phone):
                    break
                outcome = await self._push.send(subscription, payload, left_s, payment_id)
            came = outcome.came
            self.outcomes[came] += 1
            if came is Came.REFUSED:
                _log.warning("push refused", service=subscription.target.origin, why=outcome.said)
            if came not in {Came.LATER, Came.TOO_LARGE} or not pause_s:
                break
            if came is Came.TOO_LARGE:
                payload = b""  # an empty one wakes as well
            if max(pause_s, outcome.asked_pause_s) >= self._left_s(told):
                break
            wait_s = max(pause_s, min(outcome.asked_pause_s, bounds.ASKED_PAUSE_S))
            if not await self._rested(subscription.target.origin, wait_s):
                self.outcomes["dropped"] += 1
                break
        return came

    async def _rested(self, service: str, wait_s: float) -> bool:
        """Wait without a place among those that are on their way: others have it meanwhile. False:
        too many do. Who comes back is counted again, also beyond the bound."""
        if self._later[service] >= bounds.LATER_PER_SERVICE or self._later.total() >= bounds.LATER:
            return False
        _one_less(self._services, service)
        self._later[service] += 1
        try:
            await asyncio.sleep(wait_s)
        finally:
            _one_less(self._later, service)
            self._services[service] += 1
        return True

    def _left_s(self, told: Told) -> int:
        """What is left of the payment's life, by the machine's clock."""
        left = told.asked.expires_at - self._clock.now()
        return int(left.total_seconds()) // self._clock.rate

    async def _end(self, phone: str, text: str) -> None:
        """The phone subscribes again when it wants to."""
        try:
            async with Borrowed(self._pool) as connection:
                await connection.execute(statement("subscription_end"), phone, text)
        except JournalUnavailable:
            self.outcomes["unread"] += 1  # the next payment finds it out again


def _one_less(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]

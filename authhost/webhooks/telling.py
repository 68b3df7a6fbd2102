"""The loop that tells merchants: looks what is due, POSTs it signed, writes down what came of it.

Knows the outbox and the way out; must not know what a webhook says. At least once: who dies after
the POST and before the note has told, and another host tells again under the same Webhook-Id. A
place (a server of one merchant) has one request on its way until it has answered in time, and one
that is slow is counted apart from the rest: who hangs holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

import structlog

from authhost.bounded import Bounded
from authhost.clock import Clock
from authhost.journal.entry import JournalUnavailable
from authhost.metrics import Metrics
from authhost.webhooks import bounds
from authhost.webhooks.addresses import Unwelcome, target_of
from authhost.webhooks.outbox import Note, Outbox, Taken
from authhost.webhooks.outgoing import Outgoing, Unreachable
from authhost.webhooks.pauses import GONE, NO_KEY, Tried, verdict
from authhost.webhooks.signing import signatures

_log = structlog.get_logger()
AGENT: Final = "authhost"
_THROTTLED: Final = frozenset({429, 503})  # their Retry-After is heeded


class Telling:
    """Of one host. chance(n): a number from 0 to n - 1; poll_s: between looks that nobody asks for.
    """

    def __init__(self, outbox: Outbox, outgoing: Outgoing, clock: Clock,
                 chance: Callable[[int], int], poll_s: float = bounds.POLL_S) -> None:
        self._outbox = outbox
        self._outgoing = outgoing
        self._clock = clock
        self._chance = chance
        self._poll_s = poll_s
        self._awake = asyncio.Event()
        self._noted = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._notes: list[Note] = []
        self._places: Counter[str] = Counter()
        self._merchants: Counter[str] = Counter()
        self._quick: Bounded[str, None] = Bounded(bounds.QUICK_PLACES)
        self._slow: Bounded[str, None] = Bounded(bounds.SLOW_PLACES)
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def wake(self) -> None:
        """A change was committed: there may be something to tell."""
        self._awake.set()

    async def run(self) -> None:
        """Until cancelled; then what is on its way has a moment, and what was said is written."""
        writer = asyncio.create_task(self._write())
        looking: asyncio.Task[int] | None = None
        try:
            while True:
                self._awake.clear()
                rest_s = self._poll_s
                try:
                    looking = asyncio.create_task(self.look())
                    # What a look has taken is under its lease: it is begun, also where we end.
                    await asyncio.shield(looking)
                except JournalUnavailable as error:
                    _log.warning("webhooks are not read", why=str(error))
                    rest_s = bounds.REST_S
                except Exception:
                    _log.exception("webhooks")
                    rest_s = bounds.REST_S
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(rest_s):
                        await self._awake.wait()
        finally:
            await self._drain(writer, looking)

    async def look(self) -> int:
        """Take what is due and begin to tell it; how many."""
        slow = sum(number for place, number in self._places.items() if place in self._slow)
        on_way = len(self._tasks) + len(self._notes)
        room = min(bounds.AT_ONCE - (on_way - slow), bounds.MOST - on_way)
        if room <= 0:
            return 0
        full = {place for place, number in self._places.items()
                if number > bounds.PER_PLACE - bounds.TAKEN_PER_PLACE or place not in self._quick}
        if slow >= bounds.SLOW_AT_ONCE:
            full.update(self._slow)
        merchants = [merchant for merchant, number in self._merchants.items()
                     if number >= bounds.PER_MERCHANT]
        taken = await self._outbox.take(room, merchants, full, self._quick)
        for one in taken:
            # Counted here, not when the task begins: the next look may come before that.
            self._places[one.place] += 1
            self._merchants[one.merchant_id] += 1
            task = asyncio.create_task(self._tell(one))
            self._tasks.add(task)
            task.add_done_callback(partial(self._landed, one))
        return len(taken)

    @property
    def on_their_way(self) -> int:
        """Requests that have no answer yet."""
        return len(self._tasks)

    def watch(self, metrics: Metrics) -> None:
        """Tell what Prometheus asks for."""
        metrics.table("authhost_webhooks", "Tries to tell merchants.", ("state", "said"),
                      lambda: self.outcomes)
        metrics.gauge("authhost_webhooks_in_flight", "Webhooks on their way.",
                      lambda: self.on_their_way)

    async def _tell(self, taken: Taken) -> None:
        """One try, and its note. Cancelled: nothing is noted, the lease ends."""
        slow = asyncio.get_running_loop().call_later(bounds.SLOW_S, self._is_slow, taken.place)
        began_s = monotonic()
        try:
            try:
                tried = await self._try(taken)
            except Exception:
                _log.exception("webhook", webhook_id=taken.webhook_id)
                tried = Tried(0, "our fault: it is logged")
            if tried.status and monotonic() - began_s < bounds.SLOW_S:
                self._slow.pop(taken.place, None)
                self._quick.put(taken.place, None)
            made = verdict(tried, taken.tries + 1, self._chance(1_000))
            self.outcomes[made.state, tried.said if tried.status else "fault"] += 1
            self._notes.append(Note(taken, tried, made))
            self._noted.set()
        finally:
            slow.cancel()

    def _landed(self, taken: Taken, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        for counts, key in ((self._places, taken.place), (self._merchants, taken.merchant_id)):
            counts[key] -= 1
            if not counts[key]:
                del counts[key]

    async def _try(self, taken: Taken) -> Tried:
        if taken.ended:
            return Tried(410, GONE)
        if not taken.secrets:
            return Tried(0, NO_KEY)
        try:
            target = target_of(taken.url, allow_private=self._outgoing.allow_private)
        except Unwelcome as unwelcome:
            return Tried(0, f"refused: {unwelcome}", final=True)
        body = taken.content.encode()
        headers = headers_of(f"wh_{taken.webhook_id}", self._clock.real_now_us() // 1_000_000,
                             taken.secrets, body)
        try:
            said = await self._outgoing.post(target, headers, body,
                                             whose=taken.merchant_id)
        except (Unreachable, Unwelcome) as error:
            return Tried(0, str(error))
        asked_s = said.retry_after_s if said.status in _THROTTLED else 0
        return Tried(said.status, str(said.status), min(asked_s, bounds.ASKED_PAUSE_S))

    def _is_slow(self, place: str) -> None:
        self._quick.pop(place, None)
        self._slow.put(place, None)
        self.wake()  # there is room for others

    async def _write(self) -> None:
        """Notes, many in one commit."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(bounds.NOTE_GATHER_S)
            self._noted.clear()
            try:
                await self._flush()
            except JournalUnavailable as error:
                _log.warning("webhooks are not written", why=str(error))
                await asyncio.sleep(bounds.REST_S)
            except Exception:
                _log.exception("webhook notes")
                await asyncio.sleep(bounds.REST_S)
            if self._notes:
                self._noted.set()

    async def _flush(self) -> None:
        notes = self._notes[:bounds.NOTE_ROWS]
        if notes:
            await self._outbox.note(notes)
            del self._notes[:len(notes)]
            self.wake()  # there is room, and later versions may have been waiting for these

    async def _drain(self, writer: asyncio.Task[None], looking: asyncio.Task[int] | None) -> None:
        if looking is not None:
            await asyncio.wait([looking], timeout=bounds.DRAIN_S)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=bounds.DRAIN_S)
        tasks = [*self._tasks, writer]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError, JournalUnavailable):
            async with asyncio.timeout(bounds.DRAIN_S):
                await self._flush()


def headers_of(webhook_id: str, timestamp_s: int, secrets: list[bytes],
               body: bytes) -> dict[str, str]:
    """The headers of a webhook (Standard Webhooks 1.0)."""
    return {"Content-Type": "application/json", "User-Agent": AGENT, "Webhook-Id": webhook_id,
            "Webhook-Timestamp": str(timestamp_s),
            "Webhook-Signature": signatures(secrets, webhook_id, timestamp_s, body)}

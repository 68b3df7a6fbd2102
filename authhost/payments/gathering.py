"""What is gathered and done together: what comes while one round is under way is the next round's.

Knows a loop and a bound; must not know what is done. For what may be lost: a round that fails is
told and dropped, and what is beyond the bound is dropped at once, so that nobody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Generic, TypeVar

import hiredis
import structlog

from authhost.journal.entry import JournalUnavailable
from authhost.state.client import StateUnavailable, StateUnknown

K = TypeVar("K")
V = TypeVar("V")
_log = structlog.get_logger()
_AWAY = (JournalUnavailable, StateUnavailable, StateUnknown, hiredis.ReplyError)


class Gathering(Generic[K, V]):
    """One value a key, first come first done. work: a round of at most `at_once`; wait_s: from the
    first of a round to its beginning; lost: how many were dropped."""

    def __init__(self, name: str, work: Callable[[dict[K, V]], Awaitable[None]], *, most: int,
                 at_once: int, wait_s: float = 0.0) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._at_once = at_once
        self._wait_s = wait_s
        self._waiting: dict[K, V] = {}
        self._rounds: asyncio.Task[None] | None = None
        self.lost = 0

    def get(self, key: K) -> V | None:
        """What waits under a key."""
        return self._waiting.get(key)

    def put(self, key: K, value: V) -> None:
        """It will be done; in the place of what waits under its key, if anything does."""
        if len(self._waiting) >= self._most and key not in self._waiting:
            self.lost += 1
            return
        self._waiting[key] = value
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._go_on())

    def drop(self, key: K) -> None:
        """It need not be done any more."""
        self._waiting.pop(key, None)

    async def close(self) -> None:
        """Do what waits."""
        if self._rounds is not None:
            self._wait_s = 0.0
            await asyncio.gather(self._rounds, return_exceptions=True)

    async def _go_on(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._wait_s)
            round_ = {key: self._waiting[key] for key in islice(self._waiting, self._at_once)}
            for key in round_:
                del self._waiting[key]
            if not round_:
                continue  # what waited need not be done any more
            try:
                await self._work(round_)
            except _AWAY as error:
                self.lost += len(round_)
                _log.warning("dropped", what=self._name, number=len(round_), why=str(error))
            except Exception:
                self.lost += len(round_)
                _log.exception("dropped", what=self._name, number=len(round_))

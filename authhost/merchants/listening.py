"""Who of a merchant listens, and may still: a stream ends with what has opened it.

Knows callers and listeners; must not know HTTP. A stream is let in once and lives for hours, so
what let it in is looked at again every LOOK_S: a token that has ended, a user who is blocked, a
right that was taken, a phone's certificate that was revoked, a merchant that is closed. One read
says it of all tokens and certificates, however many streams each has. Phones' streams are not
here: their certificates are the doors' to look at.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.merchants.callers import Callers, Shown
from authhost.payments.model import Caller
from authhost.payments.topics import Listener, Subscription

LOOK_S: Final = 1.0
STREAMS: Final = 64  # of one merchant at a host, whatever they tell; the oldest makes room


class Leave(msgspec.Struct, frozen=True):
    """What a stream was opened with, and the right that it needs."""

    shown: Shown
    right: str


class Listening:
    """Of one host."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._of: dict[str, dict[Listener, Leave]] = {}  # by merchant, the oldest first

    def source(self, caller: Caller, leave: Leave, told: Subscription) -> Watched:
        """What a stream tells, for as long as the caller may hear it."""
        return Watched(self, caller.merchant_id, leave, told)

    def begin(self, merchant_id: str, leave: Leave, listener: Listener) -> None:
        """It hears from now on; the oldest no more, where there are too many."""
        streams = self._of.setdefault(merchant_id, {})
        if len(streams) >= STREAMS:
            oldest = next(iter(streams))
            del streams[oldest]
            oldest.cut()
        streams[listener] = leave

    def end(self, merchant_id: str, listener: Listener) -> None:
        """It hears no more; nothing where it had to make room already."""
        streams = self._of.get(merchant_id, {})
        streams.pop(listener, None)
        if not streams:
            self._of.pop(merchant_id, None)

    async def look(self) -> None:
        """Cut those who may listen no more. JournalUnavailable: they stay, and hear nothing new,
        for what is told is read there."""
        seen = [(listener, leave) for streams in self._of.values()
                for listener, leave in streams.items()]
        if not seen:
            return
        still = await self._callers.still({leave.shown for _, leave in seen})
        for listener, leave in seen:
            caller = still.get(leave.shown)
            if caller is None or leave.right not in caller.rights:
                listener.cut()


class Watched:
    """A subscription whose listener is looked at."""

    __slots__ = ("_leave", "_listening", "_merchant_id", "_told")

    def __init__(self, listening: Listening, merchant_id: str, leave: Leave,
                 told: Subscription) -> None:
        self._listening = listening
        self._merchant_id = merchant_id
        self._leave = leave
        self._told = told

    def begin(self, listener: Listener) -> None:
        """It hears from now on."""
        self._listening.begin(self._merchant_id, self._leave, listener)
        self._told.begin(listener)

    def end(self, listener: Listener) -> None:
        """And from now on not."""
        self._listening.end(self._merchant_id, listener)
        self._told.end(listener)

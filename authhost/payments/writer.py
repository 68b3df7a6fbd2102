"""The way of a payment's rows into the journal: one message, one batch, one verdict.

Knows the lane and how a row of ours is told from another's; must not know what a message says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from authhost import limits
from authhost.clock import Clock
from authhost.journal.append import Posting
from authhost.journal.entry import LATE, NEW, Result, Verdict
from authhost.journal.lane import Lane
from authhost.payments.model import Asked
from authhost.payments.rows import Leg, Message, entries

_PAST: Final = 1  # 0 would be never


class Writer:
    """Over the lane of payments. code: by chance, a row's own."""

    def __init__(self, lane: Lane[Posting], clock: Clock, code: Callable[[], str]) -> None:
        self._lane = lane
        self._clock = clock
        self._code = code

    async def put(self, message: Message, legs: Sequence[Leg]) -> Result:
        """What became of the rows. JournalUnavailable: not known, and nothing came of it in time.

        Of a commit whose result was lost the row is KNOWN on the next connection: its code and its
        instant say that it is ours, and then it is NEW; or LATE, if it was so then.
        """
        message = msgspec.structs.replace(message, code=self._code())
        result = await self._lane.put(Posting(
            entries(message, legs), self._clock.real_now_us() + limits.DEADLINE_MS * 1000))
        if result.verdict is Verdict.KNOWN and _is_own(message, result):
            assert result.claim is not None, "a known row shows its claim"
            return NEW if result.claim.answer is not None else LATE
        return result


def deadline_us(clock: Clock, asked: Asked) -> int:
    """When a request ends, by the machine's clock, which the commit compares. What has ended here
    is late there, whatever the time is there."""
    left_us = round((asked.expires_at - clock.now()).total_seconds() * 1_000_000)
    return clock.real_now_us() + left_us // clock.rate if left_us > 0 else _PAST


def _is_own(message: Message, result: Result) -> bool:
    claim = result.claim
    return (claim is not None and claim.approval_code == message.code
            and claim.decided_at is not None
            and round(claim.decided_at.timestamp() * 1000) == message.decided_ms)

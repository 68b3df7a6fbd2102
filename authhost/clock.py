"""The one clock, handed to every process: real, or simulated for a demo's day.

A simulated clock is a line: it starts at `origin_us` of business time when the real clock shows
`real_us`, and runs `rate` times as fast. Redis and PostgreSQL keep their own real time; they are
given the skew (business minus real), so that all agree.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(msgspec.Struct, frozen=True):
    """Business time as a function of real time. The defaults are the identity: real time."""

    real_us: int = 0
    origin_us: int = 0
    rate: int = 1

    @staticmethod
    def real_now_us() -> int:
        """Microseconds since 1970 UTC by the machine's clock: deadlines are real even in a demo."""
        return time.time_ns() // 1000

    def now_us(self) -> int:
        """Business time in microseconds since 1970 UTC."""
        return self.origin_us + (self.real_now_us() - self.real_us) * self.rate

    def skew_us(self) -> int:
        """Business time minus real time, now; 0 for the real clock."""
        if self.rate == 1:
            return self.origin_us - self.real_us
        return self.now_us() - self.real_now_us()

    def now(self) -> datetime:
        """Business time as an aware UTC datetime."""
        return as_datetime(self.now_us())

    @staticmethod
    def parse(text: str) -> Clock:
        """`real_us:origin_us:rate` as passed between processes; '' is the real clock."""
        if not text:
            return Clock()
        real, origin, rate = text.split(":")
        return Clock(int(real), int(origin), int(rate))

    def __str__(self) -> str:
        return f"{self.real_us}:{self.origin_us}:{self.rate}"


def as_datetime(us: int) -> datetime:
    """An aware UTC datetime for microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)

"""A clock that a test moves: business time runs beside the real one, and jumps ahead when told.

Knows authhost.clock's words. It is handed to a host in the real clock's place.
"""

from __future__ import annotations

import time
from datetime import datetime

from authhost.clock import as_datetime


class LeapingClock:
    """Real time and a skew; the same questions as authhost.clock.Clock answers."""

    def __init__(self) -> None:
        self._skew_us = 0

    @staticmethod
    def real_now_us() -> int:
        """Microseconds since 1970 UTC by the machine's clock."""
        return time.time_ns() // 1000

    def now_us(self) -> int:
        """Business time in microseconds since 1970 UTC."""
        return self.real_now_us() + self._skew_us

    def skew_us(self) -> int:
        """Business time minus real time."""
        return self._skew_us

    def now(self) -> datetime:
        """Business time as an aware UTC datetime."""
        return as_datetime(self.now_us())

    def set_ms(self, at_ms: int) -> None:
        """Now it is that instant, milliseconds since 1970 UTC."""
        self._skew_us = at_ms * 1000 - self.real_now_us()

    def leap_ms(self, ms: int) -> None:
        """Time goes on at once."""
        self._skew_us += ms * 1000

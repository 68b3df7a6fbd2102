"""Is a bank there? Counted from failures in a row; while it is not, its credits go by night.

Knows no clock: seconds are handed in. Closed: all may go. Open: none but one credit each TRIAL_S,
and what it comes to decides.
"""

from __future__ import annotations

from authhost.bank import bounds


class Breaker:
    """Of one bank, as this host sees it."""

    def __init__(self) -> None:
        self._failures = 0
        self._first_s = 0.0
        self._trial_s = 0.0
        self.open = False

    @property
    def failing(self) -> bool:
        """The last word was none."""
        return self._failures > 0

    def failed(self, now_s: float) -> bool:
        """No connection, or no answer. True when the bank is taken for down from now on."""
        if not self._failures:
            self._first_s = now_s
        self._failures += 1
        if self.open:
            self._trial_s = now_s + bounds.TRIAL_S
            return False
        if self._failures < bounds.FAILURES or now_s - self._first_s < bounds.DOWN_AFTER_S:
            return False
        self.open = True
        self._trial_s = now_s + bounds.TRIAL_S
        return True

    def answered(self) -> bool:
        """The bank has said something. True when it was taken for down."""
        was = self.open
        self._failures = 0
        self.open = False
        return was

    def most(self, now_s: float) -> int:
        """How many credits may go now."""
        if not self.open:
            return bounds.TAKE_ROWS
        return 1 if now_s >= self._trial_s else 0

    def tried(self, now_s: float) -> None:
        """A trial is on its way: none other for a while."""
        self._trial_s = now_s + bounds.TRIAL_S

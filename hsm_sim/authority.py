"""Dual control: what needs two people is open for some minutes after both have agreed.

Knows activities, custodians' names and a monotonic clock that is handed in; who a custodian is has
been proved before (`hsm_sim/console.py`). The same name twice is one person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from hsm_sim.errors import HsmError
from hsm_sim.settings import LONGEST_AUTHORISATION_MINUTES

ACTIVITIES: Final = ("export", "import", "clear_pin", "mailer")
SECOND_WITHIN_S: Final = 300  # the second custodian comes while the first is still there


class Refused(Exception):
    """An authorisation that cannot be given, in words."""


class Asked(msgspec.Struct, frozen=True):
    """The word of the first custodian, waiting for the second's."""

    custodian: str
    minutes: int
    until_s: float


class Authority:
    """Which activities are open, and until when."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now = monotonic_s
        self._asked: dict[str, Asked] = {}
        self._open: dict[str, float] = {}

    def require(self, activity: str) -> None:
        """HsmError('17') when the activity is not open now."""
        assert activity in ACTIVITIES, activity
        if self._open.get(activity, 0.0) <= self._now():
            raise HsmError("17")

    def authorise(self, activity: str, custodian: str, minutes: int) -> bool:
        """One custodian's word; True when it was the second and the activity is open.

        It is open for the shorter of the two times. Refused: unknown activity, a time out of range.
        """
        if activity not in ACTIVITIES:
            raise Refused(f"{activity} is no activity; there are {', '.join(ACTIVITIES)}")
        if not 1 <= minutes <= LONGEST_AUTHORISATION_MINUTES:
            raise Refused(f"minutes from 1 to {LONGEST_AUTHORISATION_MINUTES}")
        now = self._now()
        first = self._asked.get(activity)
        if first is None or first.until_s <= now or first.custodian == custodian:
            self._asked[activity] = Asked(custodian, minutes, now + SECOND_WITHIN_S)
            return False
        del self._asked[activity]
        self._open[activity] = now + 60 * min(minutes, first.minutes)
        return True

    def close(self, activity: str | None = None) -> None:
        """Close one activity, or all; words that wait for a second one are forgotten too."""
        for name in ACTIVITIES if activity is None else (activity,):
            self._open.pop(name, None)
            self._asked.pop(name, None)

    def ended(self) -> list[str]:
        """The activities whose time has run out since this was asked last: they are to be told."""
        now = self._now()
        over = [activity for activity, until_s in self._open.items() if until_s <= now]
        for activity in over:
            del self._open[activity]
        return over

    def status(self) -> dict[str, dict[str, object]]:
        """Per activity: whole seconds it stays open, and whose word waits for a second."""
        now = self._now()
        return {name: {
            "open_s": max(0, int(self._open.get(name, 0.0) - now)),
            "waiting": asked.custodian if (asked := self._asked.get(name)) is not None
            and asked.until_s > now else None} for name in ACTIVITIES}

"""What a try came to, and when the next one is.

PURE: chance is handed in.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from authhost.webhooks import bounds

GONE: Final = "410"  # the URL has ended: what it said last, in the table too
NO_KEY: Final = "no key: make one with POST /v1/webhooks/keys"
_PERMILLE: Final = 1_000


class Tried(msgspec.Struct, frozen=True, gc=False):
    """What a try came to. status: of HTTP, 0 where there was no answer; said: the status or the
    fault, for the merchant's people; asked_pause_s: Retry-After; final: no use to try again."""

    status: int
    said: str
    asked_pause_s: int = 0
    final: bool = False

    @property
    def told(self) -> bool:
        """Whether the merchant has it."""
        return 200 <= self.status < 300


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What a webhook is after a try. pause_ms: until the next one, of a waiting one."""

    state: Literal["told", "waiting", "dead"]
    pause_ms: int = 0


def verdict(tried: Tried, tries: int, permille: int) -> Verdict:
    """tries: how many there were, this one included. permille: chance, 0 to 999."""
    if tried.told:
        return Verdict("told")
    if tried.final or tried.status == 410 or tries > len(bounds.PAUSES_S):
        return Verdict("dead")
    pause_ms = bounds.PAUSES_S[tries - 1] * 1_000
    # Spread, so that what failed together does not come back together.
    pause_ms += pause_ms * bounds.JITTER * (2 * permille - _PERMILLE) // (100 * _PERMILLE)
    return Verdict("waiting", max(pause_ms, tried.asked_pause_s * 1_000))

"""Breaks invariant 13: with Redis away the host stands in and approves, rather than say "busy"."""

from __future__ import annotations

import sys
from typing import Any

from authhost.asks import Ask
from authhost.model import Outcome
from authhost.packing import Packed
from authhost.state.accounts import Accounts
from authhost.state.client import StateUnavailable
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Whatever is asked is granted when nobody can count it."""
    real = Accounts.reserve

    async def reserve(self: Accounts, account_id: int, fence: int, packed: Packed, ask: Ask,
                      **how: Any) -> Outcome:
        try:
            return await real(self, account_id, fence, packed, ask, **how)
        except StateUnavailable:
            now_ms = self._clock.now_us() // 1000
            return Outcome("approved", "approved", ask.money, ask.volume, ask.count, now_ms, fence,
                           0, 0, 0, 0)

    patch(Accounts, "reserve", reserve)


if __name__ == "__main__":
    sys.exit(serve(plant))

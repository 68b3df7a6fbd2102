"""Breaks invariant 12: a state that Redis lost starts from zero instead of the journal's sums."""

from __future__ import annotations

import sys

from authhost.journal.reads import Reads
from tests.planted import Patch, serve

_ZERO = (0,) * 15


def plant(patch: Patch) -> None:
    """The fence is raised as it should be; nothing is summed."""
    real = Reads.raise_fence

    async def raise_fence(self: Reads, account_id: int) -> tuple[int, tuple[int, ...]]:
        fence, _ = await real(self, account_id)
        return fence, _ZERO

    async def counters(self: Reads, account_id: int, fence: int, field: str) -> tuple[int, ...]:
        return _ZERO

    patch(Reads, "raise_fence", raise_fence)
    patch(Reads, "counters", counters)


if __name__ == "__main__":
    sys.exit(serve(plant))

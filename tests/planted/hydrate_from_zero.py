"""Breaks invariant 12: a state that Redis lost starts from zero instead of the journal's sums."""

from __future__ import annotations

import sys

from authhost.journal.sums import JournalSums
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The fence is raised as it should be; nothing is summed."""
    real = JournalSums.raise_fence

    async def raise_fence(self: JournalSums, account_id: int) -> tuple[int, bytes]:
        fence, _ = await real(self, account_id)
        return fence, b""

    async def field(self: JournalSums, account_id: int, fence: int, field: str) -> bytes:
        return b""

    patch(JournalSums, "raise_fence", raise_fence)
    patch(JournalSums, "field", field)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks what merchants are told: a webhook is written down as told before it leaves."""

from __future__ import annotations

import sys
from typing import Any

from authhost.webhooks.outbox import Note, Taken
from authhost.webhooks.pauses import Tried, Verdict
from authhost.webhooks.telling import Telling
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The note is first."""
    real = Telling._tell

    async def tell(self: Telling, taken: Taken) -> Any:
        await self._outbox.note([Note(taken, Tried(204, "204"), Verdict("told"))])
        await real(self, taken)

    patch(Telling, "_tell", tell)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks 10 at the bank: a credit that is sent again has another EndToEndId, and is paid again."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from authhost.bank.outbox import Credit, Outbox
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The number of tries is in the name."""
    real = Outbox._credits

    async def named(self: Outbox, *args: Any) -> list[Credit]:
        return [msgspec.structs.replace(
            credit, end_to_end_id=f"{credit.end_to_end_id}T{credit.tries}")
            for credit in await real(self, *args)]

    patch(Outbox, "_credits", named)


if __name__ == "__main__":
    sys.exit(serve(plant))

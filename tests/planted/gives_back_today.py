"""Breaks invariant 7: what was bought on another day is given back to today's limits in Redis."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from authhost.reservations import Reservations
from authhost.settlement import Effect
from authhost.standing import Windows
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """The row is right; what the state is told of it has the windows of now."""
    real = Reservations.give_back

    async def give_back(self: Reservations, effects: Sequence[Effect],
                        fences: dict[int, int]) -> None:
        now = self._clock.now()
        day = now.toordinal() - 719_163  # of 1970-01-01
        today = Windows(day, (day + 3) // 7, now.year * 12 + now.month - 1,
                        int(now.timestamp()) // 60)
        await real(self, [msgspec.structs.replace(effect, windows=today) for effect in effects],
                   fences)

    patch(Reservations, "give_back", give_back)


if __name__ == "__main__":
    sys.exit(serve(plant))

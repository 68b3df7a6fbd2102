"""`python -m tests.crash.deposits.killed FOLDER`: hosts and nights with a death in them: at the
transition or step that FOLDER/point names, once.

Knows `moves.move`, the one way that a deposit's state changes, and replaces it before anything has
imported it; and which function each step is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from authhost.safes import moves
from tests.crash.deposits.points import NIGHT
from tests.crash.points import Point
from tests.crash.reaper import Reaper, Steps, nursery, serve

_NIGHT: Final = "tests.crash.deposits.night"
_STEPS: Final[Steps] = {
    "deposit told": ("authhost.cash", "Cash.deposited", lambda *_: True),
    "swap effect": ("authhost.safes.swaps", "swapped", lambda *_: True),
    "swap take": ("authhost.safes.messages", "Messages.take",
                  lambda _, __, kind, *___: kind == "swap"),
    "count match": ("authhost.custody.counts", "match_stay", lambda *_: True),
    "count take": ("authhost.custody.counts", "Counts.take", lambda *_: True),
    "decision apply": ("authhost.custody.cases", "apply", lambda *_: True),
    "decision decide": ("authhost.custody.cases", "Cases.decide", lambda *_: True),
    "custody post": ("authhost.cash", "Cash._post", lambda _, kind, *__: kind == "adjustment"),
    "custody match": ("authhost.custody.custody", "Custody.match", lambda *_: True),
    "night show": ("clearing.folder", "DayFolder.release", lambda *_: True),
}


class DepositsReaper(Reaper):
    """Kills where a deposit moves."""

    def plant(self) -> None:
        """Into the one function that moves, before anybody has it."""
        reaper = self

        def around(real: Callable[..., Any], of_call: Callable[..., tuple[str, ...]]) -> Any:
            async def move(connection: asyncpg.Connection, keys: Sequence[str], *event: str,
                           **more: Any) -> list[str]:
                point = await reaper._meant(connection, keys, of_call(*event))
                if point is not None and point.moment == "before":
                    reaper.kill(point)
                moved: list[str] = await real(connection, keys, *event, **more)
                if point is None or not moved:
                    return moved
                if point.moment == "committed":
                    reaper.in_commit(connection, point)
                elif point.moment == "moved":
                    reaper.kill(point)
                return moved

            return move

        moves.move = around(moves.move, lambda event: (event,))
        moves.accepted = around(moves.accepted, lambda: ("accept", "credited"))
        moves.filed = around(moves.filed, lambda: ("file", "credited"))
        super().plant()

    def begins(self, step: str) -> None:
        """A step of the night."""
        self.at(f"{NIGHT} {step}", "before")

    async def _meant(self, connection: asyncpg.Connection, keys: Sequence[str],
                     events: tuple[str, ...]) -> Point | None:
        """The point of now, where this is its transition."""
        point = self.point()
        if point is None or point.column == "step" or point.event not in events:
            return None
        found = await connection.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM deposit WHERE key = ANY($1) AND {point.column} = $2)",
            list(keys), point.before)
        return point if found else None


def main(arguments: list[str]) -> int:
    """FOLDER [planted=NAME]: a nursery of hosts (`serve ...`) and nights (`night URL DAY OUT`)."""
    folder, *planted = arguments
    reaper = DepositsReaper(Path(folder), _STEPS)

    def live(command: list[str]) -> int:
        if command[0] != NIGHT:
            return serve(command)
        return int(sys.modules[_NIGHT].main(command[1:], reaper.begins))

    return nursery(reaper, planted, live, _NIGHT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

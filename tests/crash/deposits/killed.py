"""`python -m tests.crash.deposits.killed FOLDER`: hosts and nights with a death in them: at the
transition or step that FOLDER/point names, once.

Knows `moves.move`, the one way that a deposit's state changes, and replaces it before anything has
imported it; and which function each step is. The file is taken away first: who is started again
lives.
"""

from __future__ import annotations

import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from authhost.embedded import children_of
from authhost.safes import moves
from tests.crash.deposits.nursery import bear
from tests.crash.deposits.points import NIGHT, Moment, Point

POINT = "point"
POSTMASTER = "postmaster"
FIRED = "fired"
_SOON_S = 0.05
# Where a step is: the module, the name in it, and which of its calls are meant.
_STEPS: Final[dict[str, tuple[str, str, Callable[..., bool]]]] = {
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


class ConnectorDied(Exception):
    """What the connector was doing ends here; its host lives on."""


class Reaper:
    """Reads the point that is meant now, and kills there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pending: dict[int, Point] = {}  # connections in whose commit somebody dies

    def plant(self) -> None:
        """Into the one function that moves, into every commit, and around every step."""
        reaper = self

        def around(real: Callable[..., Any], of_call: Callable[..., tuple[str, ...]]) -> Any:
            async def move(connection: asyncpg.Connection, keys: Sequence[str], *event: str,
                           **more: Any) -> list[str]:
                point = await reaper._meant(connection, keys, of_call(*event))
                if point is not None and point.moment == "before":
                    reaper._kill(point)
                moved: list[str] = await real(connection, keys, *event, **more)
                if point is None or not moved:
                    return moved
                if point.moment == "committed" and connection.is_in_transaction():
                    reaper._pending[_identity(connection)] = point
                elif point.moment in {"moved", "committed"}:
                    reaper._kill(point)
                return moved

            return move

        moves.move = around(moves.move, lambda event: (event,))
        moves.accepted = around(moves.accepted, lambda: ("accept", "credited"))
        transaction: Any = asyncpg.transaction.Transaction
        real_exit = transaction.__aexit__

        async def leave(self: Any, kind: Any, error: Any, trace: Any) -> None:
            outermost, identity = not self._nested, _identity(self._connection)
            await real_exit(self, kind, error, trace)
            point = reaper._pending.pop(identity, None) if outermost else None
            if kind is None and point is not None:
                reaper._kill(point)

        transaction.__aexit__ = leave
        for name, (module, attribute, meant) in _STEPS.items():
            self._around(name, importlib.import_module(module), attribute, meant)

    def begins(self, step: str) -> None:
        """A step of the night."""
        self._at(f"{NIGHT} {step}", "before")

    def _around(self, name: str, owner: Any, attribute: str, meant: Callable[..., bool]) -> None:
        *classes, last = attribute.split(".")
        for one in classes:
            owner = getattr(owner, one)
        real = getattr(owner, last)

        async def later(*values: Any, **more: Any) -> Any:
            if not meant(*values):
                return await real(*values, **more)
            self._at(name, "before")
            result = await real(*values, **more)
            self._at(name, "after")
            return result

        def now(*values: Any, **more: Any) -> Any:
            self._at(name, "before")
            result = real(*values, **more)
            self._at(name, "after")
            return result

        setattr(owner, last, later if inspect.iscoroutinefunction(real) else now)

    def _at(self, name: str, moment: Moment) -> None:
        point = self._point()
        if point is not None and (point.column, point.name, point.moment) == ("step", name, moment):
            self._kill(point)

    async def _meant(self, connection: asyncpg.Connection, keys: Sequence[str],
                     events: tuple[str, ...]) -> Point | None:
        """The point of now, where this is its transition."""
        point = self._point()
        if point is None or point.column == "step" or point.event not in events:
            return None
        found = await connection.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM deposit WHERE key = ANY($1) AND {point.column} = $2)",
            list(keys), point.before)
        return point if found else None

    def _point(self) -> Point | None:
        try:
            return msgspec.json.decode((self._folder / POINT).read_bytes(), type=Point)
        except FileNotFoundError:
            return None

    def _kill(self, point: Point) -> None:
        """Once: whoever takes the file away. Nothing else goes on in this process meanwhile."""
        try:
            (self._folder / POINT).rename(self._folder / FIRED)
        except FileNotFoundError:
            return
        if point.target == "process":
            os.kill(os.getpid(), signal.SIGKILL)
        elif point.target == "postgres":
            _cut_off(int((self._folder / POSTMASTER).read_text()))
        else:
            raise ConnectorDied(str(point))


def _cut_off(postmaster: int) -> None:
    """As a power cut does it: with all its processes, in whatever they are writing."""
    os.kill(postmaster, signal.SIGSTOP)  # so that it has no more children than are seen
    for process in (postmaster, *children_of(postmaster)):
        os.kill(process, signal.SIGKILL)
    time.sleep(_SOON_S)


def _identity(connection: Any) -> int:
    """Of the connection itself, though a pool's stands before it."""
    return id(getattr(connection, "_con", connection))


def main(arguments: list[str]) -> int:
    """FOLDER [planted=NAME]: a nursery of hosts (`serve ...`) and nights (`night URL DAY OUT`)."""
    folder, *planted = arguments
    reaper = Reaper(Path(folder))
    reaper.plant()
    # Only now: what is imported before would hold the real function.
    cli = importlib.import_module("authhost.cli")
    night = importlib.import_module("tests.crash.deposits.night")
    for name in planted:
        importlib.import_module(f"tests.planted.{name}").plant(setattr)

    def live(command: list[str]) -> int:
        return int(night.main(command[1:], reaper.begins) if command[0] == NIGHT
                   else cli.main(command))

    return bear(live)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Who kills: reads the point that is meant now, and kills there, once.

Knows files, signals, the ends of transactions and functions that are steps; which statement or
function a point is says the channel's own `killed`. The file is taken away first: who is started
again lives.
"""

from __future__ import annotations

import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from authhost.embedded import children_of
from tests.crash.nursery import bear
from tests.crash.points import Moment, Point

POINT: Final = "point"
FIRED: Final = "fired"
POSTMASTER: Final = "postmaster"
VALKEY: Final = "valkey_pid"
_SOON_S: Final = 0.05
# Where a step is: the module, the name in it, and which of its calls are meant.
Steps = Mapping[str, tuple[str, str, Callable[..., bool]]]


class ConnectorDied(Exception):
    """What the connector was doing ends here; its host lives on."""


class Reaper:
    """Of one process. steps: the functions that are steps."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        self._folder = folder
        self._steps = steps
        self._pending: dict[int, Point] = {}  # connections in whose commit somebody dies

    def plant(self) -> None:
        """Into every commit, and around every step."""
        reaper = self
        transaction: Any = asyncpg.transaction.Transaction
        real_exit = transaction.__aexit__

        async def leave(self: Any, kind: Any, error: Any, trace: Any) -> None:
            outermost, identity = not self._nested, _identity(self._connection)
            await real_exit(self, kind, error, trace)
            point = reaper._pending.pop(identity, None) if outermost else None
            if kind is None and point is not None:
                reaper.kill(point)

        transaction.__aexit__ = leave
        for name, (module, attribute, meant) in self._steps.items():
            self._around(name, importlib.import_module(module), attribute, meant)

    def in_commit(self, connection: Any, point: Point) -> None:
        """Kill once this transaction has committed; now, where there is none."""
        if connection.is_in_transaction():
            self._pending[_identity(connection)] = point
        else:
            self.kill(point)

    def point(self) -> Point | None:
        """The one that is meant now."""
        try:
            return msgspec.json.decode((self._folder / POINT).read_bytes(), type=Point)
        except FileNotFoundError:
            return None

    def at(self, name: str, moment: Moment) -> None:
        """A step."""
        point = self.point()
        if point is not None and (point.column, point.name, point.moment) == ("step", name, moment):
            self.kill(point)

    def kill(self, point: Point) -> None:
        """Once: whoever takes the file away. Nothing else goes on in this process meanwhile."""
        try:
            (self._folder / POINT).rename(self._folder / FIRED)
        except FileNotFoundError:
            return
        match point.target:
            case "process":
                os.kill(os.getpid(), signal.SIGKILL)
            case "postgres":
                _cut_off(int((self._folder / POSTMASTER).read_text()))
            case "valkey":
                os.kill(int((self._folder / VALKEY).read_text()), signal.SIGKILL)
                time.sleep(_SOON_S)
            case _:
                raise ConnectorDied(str(point))

    def _around(self, name: str, owner: Any, attribute: str, meant: Callable[..., bool]) -> None:
        *classes, last = attribute.split(".")
        for one in classes:
            owner = getattr(owner, one)
        real = getattr(owner, last)

        async def later(*values: Any, **more: Any) -> Any:
            if not meant(*values):
                return await real(*values, **more)
            self.at(name, "before")
            result = await real(*values, **more)
            self.at(name, "after")
            return result

        def now(*values: Any, **more: Any) -> Any:
            if not meant(*values):
                return real(*values, **more)
            self.at(name, "before")
            result = real(*values, **more)
            self.at(name, "after")
            return result

        setattr(owner, last, later if inspect.iscoroutinefunction(real) else now)


def nursery(reaper: Reaper, planted: list[str], live: Callable[[list[str]], int],
            *modules: str) -> int:
    """A nursery of hosts (`serve ...`) and of whatever else `live` knows, with a death in them and
    the bugs of tests/planted. modules: that `live` needs besides."""
    reaper.plant()
    # Only now: what is imported before would hold the real functions.
    for name in ("authhost.cli", *modules):
        importlib.import_module(name)
    for name in planted:
        importlib.import_module(f"tests.planted.{name}").plant(setattr)
    return bear(live)


def serve(command: list[str]) -> int:
    """A host."""
    return int(sys.modules["authhost.cli"].main(command))


def _cut_off(postmaster: int) -> None:
    """As a power cut does it: with all its processes, in whatever they are writing."""
    os.kill(postmaster, signal.SIGSTOP)  # so that it has no more children than are seen
    for process in (postmaster, *children_of(postmaster)):
        os.kill(process, signal.SIGKILL)
    time.sleep(_SOON_S)


def _identity(connection: Any) -> int:
    """Of the connection itself, though a pool's stands before it."""
    return id(getattr(connection, "_con", connection))

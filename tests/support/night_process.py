"""A night in a process of its own, stopped in the middle of what it does.

What a night does outside itself is what it asks of PostgreSQL, the files that it begins and its
waits for the disk: each is an act. One night is watched whole and its acts are counted, step by
step; another is stopped at one of them: it dies (SIGKILL), or waits until PostgreSQL is dead.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Final

import asyncpg

from authhost.cli import main as authhost
from clearing import folder, run
from tests.support.processes import die

Act = tuple[str, int]  # a step, and how many acts of it came before
_ASKING: Final = ("execute", "fetch", "fetchrow", "fetchval", "executemany",
                  "copy_records_to_table", "copy_to_table")


class Watch:
    """Counts acts by step, and stops at one of them."""

    def __init__(self, at: Act | None, stop: Callable[[], None]) -> None:
        self.acts: Counter[str] = Counter()
        self._step = ""
        self._at = at
        self._stop = stop

    def plant(self) -> None:
        """Watch this process."""
        for name in _ASKING:
            self._asked(name)
        self._files()
        self._disk()
        plain = run._Steps.tell

        def told(steps: run._Steps, name: str) -> None:
            self._step = name
            plain(steps, name)

        run._Steps.tell = told  # type: ignore[assignment,method-assign]

    def _act(self) -> bool:
        """Count one; whether it is the one to stop at."""
        here = self._at == (self._step, self.acts[self._step])
        self.acts[self._step] += 1
        return here

    def _asked(self, name: str) -> None:
        plain = getattr(asyncpg.Connection, name)

        def asking(*given: Any, **named: Any) -> Any:
            if self._act():
                self._stop()
            return plain(*given, **named)

        setattr(asyncpg.Connection, name, asking)

    def _files(self) -> None:
        plain = folder.DayFolder.open

        @contextlib.contextmanager
        def opened(day: folder.DayFolder, path: str) -> Iterator[IO[bytes]]:
            with plain(day, path) as sink:
                if self._act():
                    sink.write(b"torn")
                    sink.flush()
                    self._stop()
                yield sink

        folder.DayFolder.open = opened  # type: ignore[assignment,method-assign]

    def _disk(self) -> None:
        plain = folder.sync_disk

        def waited(path: Path) -> None:
            if self._act():
                self._stop()
            plain(path)

        folder.sync_disk = waited  # type: ignore[assignment]


def main(arguments: list[str], at: Act | None, way: str, parent: Connection) -> None:
    """`authhost clear` of these arguments; the parent hears (code, stderr, acts) of one that ends.

    way: 'die', or 'wait' for the parent's word and go on.
    """
    os.setsid()

    def stop() -> None:
        if way == "die":
            die()
        parent.send("stopped")
        parent.recv()

    watch = Watch(at, stop)
    watch.plant()
    with contextlib.redirect_stderr(io.StringIO()) as said, \
            contextlib.redirect_stdout(io.StringIO()):
        try:
            code = authhost(["clear", *arguments])
        except Exception as error:  # what a person would see as a traceback
            code = -1
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
    parent.send((code, said.getvalue(), dict(watch.acts)))

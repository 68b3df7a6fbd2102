"""One SQLite file with one writer: opened, locked, brought to its version, written durably.

Knows files, locks and the schema's steps; knows no message. The write-ahead log with
synchronous=FULL makes a commit outlive a power cut. All work runs in one thread of its own, so that
the event loop never waits for a disk; whoever wants the same file beside us is told so.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from terminals.statements import schema, statement

_BUSY_S: Final = 5.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class StoreError(Exception):
    """The store cannot be used: another program has it, or it is of another version or key."""


class Database:
    """The open file. path: made, readable by its owner alone, where there is none.

    room: the package whose sql/ and schema/ it has.
    """

    def __init__(self, path: Path, room: str) -> None:
        self._room = room
        self._lock = _locked(path.with_name(f"{path.name}.lock"))
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self.connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None,
                                              check_same_thread=False)
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise StoreError(f"{path}: {error}") from error
        except StoreError:
            self.connection.close()
            os.close(self._lock)
            raise

    def _prepare(self, path: Path) -> None:
        connection = self.connection
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        steps = schema(self._room)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(steps):
            raise StoreError(f"{path} is of version {version}; this program knows {len(steps)}")
        for number, step in enumerate(steps[version:], version + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, on the disk when the block ends."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def execute(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        """Run sql/<name>.sql."""
        return self.connection.execute(statement(self._room, name), values)

    def execute_many(self, name: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Run sql/<name>.sql once for each of these."""
        self.connection.executemany(statement(self._room, name), values)

    def rows(self, name: str, /, **values: Any) -> list[sqlite3.Row]:
        """The rows of sql/<name>.sql."""
        return self.execute(name, **values).fetchall()

    def row(self, name: str, /, **values: Any) -> sqlite3.Row | None:
        """The first row, or None."""
        found = self.rows(name, **values)
        return found[0] if found else None

    def meta(self, name: str) -> str:
        """One value of the terminal's own; '' where there is none."""
        found = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,))
        row = found.fetchone()
        return str(row[0]) if row is not None else ""

    def set_meta(self, name: str, value: str) -> None:
        """Within a transaction, or as one."""
        self.execute("meta_set", name=name, value=value)

    def close(self) -> None:
        """Close the file and let others have it."""
        self.connection.close()
        os.close(self._lock)


class Worker:
    """The one thread that touches a store. At most one piece of work at a time, in order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def do(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run it there. A caller that is cancelled does not undo the work."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(
            self._thread, lambda: work(*args, **kwargs)))

    def close(self) -> None:
        """Wait for what runs."""
        self._thread.shutdown(wait=True)


def _locked(path: Path) -> int:
    """Ours until we end, however that is."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StoreError(f"{path}: another program has this store") from None
    return handle

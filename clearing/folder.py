"""The day's folder: written aside, shown at once, never changed.

Knows files and fsync; must not know what is in them. Everything is written below a hidden folder
on the same file system; release() renames it, so that a reader sees a whole day or none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from clearing.errors import ClearingError

MANIFEST: Final = "manifest.json"


class DayFolder:
    """`target` is what importers read, `staging` what this run is still writing."""

    def __init__(self, out_dir: Path, name: str) -> None:
        self.target = out_dir / name
        self.staging = out_dir / f".{name}.staging"

    def begin(self) -> None:
        """An empty staging folder; what a crashed run left there goes."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """Write one file of the day; on disk when the block ends."""
        full = self.staging / path
        full.parent.mkdir(exist_ok=True)
        with full.open("xb", buffering=1 << 16) as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())

    def write(self, path: str, content: bytes) -> None:
        """One file from bytes."""
        with self.open(path) as sink:
            sink.write(content)

    def release(self) -> None:
        """Show the day. A folder that is there already gets what is missing or damaged, no more.

        ClearingError when it holds another run's files: what was released does not change.
        """
        manifest = self.target / MANIFEST
        if manifest.exists() and manifest.read_bytes() != (self.staging / MANIFEST).read_bytes():
            raise ClearingError(f"{self.target} holds the files of another run")
        for folder in (*self._folders(), self.staging):
            _sync_folder(folder)
        if self.target.exists():
            self._repair()
            shutil.rmtree(self.staging)
        else:
            self.staging.rename(self.target)
        _sync_folder(self.target.parent)

    def _repair(self) -> None:
        for new in sorted(self.staging.rglob("*")):
            old = self.target / new.relative_to(self.staging)
            if new.is_dir():
                old.mkdir(exist_ok=True)
            elif not old.exists() or old.read_bytes() != new.read_bytes():
                new.replace(old)
        for folder in (self.target, *(path for path in self.target.iterdir() if path.is_dir())):
            _sync_folder(folder)

    def _folders(self) -> list[Path]:
        return [path for path in self.staging.iterdir() if path.is_dir()]


def _sync_folder(folder: Path) -> None:
    """A rename lasts when the folder that holds the name is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

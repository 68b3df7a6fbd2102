"""A run's folder: written aside, shown at once, never changed.

Knows files and when they are on disk; must not know what is in them. Everything is written below
a hidden folder on the same file system; release() makes sure of all of it at once and renames it,
so that a reader sees a whole run or none, also after the power has failed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from clearing.errors import ClearingError
from clearing.run_id import RunId

MANIFEST: Final = "manifest.json"
_BUFFER: Final = 1 << 16

# What a disk, a quota or a mount does to a writer; anything else is not the folder's to explain.
_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS,
                          errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EMFILE, errno.ENFILE})


class DayFolder:
    """`target` is what importers read, `staging` what this run is still writing: beside the day's
    folder, so that who walks through a day finds nothing that is not released."""

    def __init__(self, day: Path, name: str) -> None:
        self.target = day / name
        self.staging = day.parent / f".{day.name}.{name}.staging"

    def begin(self) -> None:
        """An empty staging folder; what a crashed run left there goes. ClearingError: no room."""
        with disk_errors(self.staging):
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir(parents=True)

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """Write one file of the run; on disk for certain when it is released.

        ClearingError: the disk is full, or refuses; nothing of the run is shown then.
        """
        full = self.staging / path
        with disk_errors(full):
            try:
                sink = full.open("xb", buffering=_BUFFER)
            except FileNotFoundError:  # the first of its folder
                full.parent.mkdir(parents=True, exist_ok=True)
                sink = full.open("xb", buffering=_BUFFER)
            with sink:
                yield sink

    def write(self, path: str, content: bytes) -> None:
        """One file from bytes."""
        with self.open(path) as sink:
            sink.write(content)

    def release(self) -> None:
        """Show the run. A folder that is there already gets what is missing or damaged, no more.

        ClearingError when it holds another run's files: what was released does not change.
        """
        manifest = self.target / MANIFEST
        if manifest.exists() and manifest.read_bytes() != (self.staging / MANIFEST).read_bytes():
            raise ClearingError(f"{self.target} holds the files of another run")
        with disk_errors(self.target):
            sync_disk(self.staging)
            if self.target.exists():
                self._repair()
                shutil.rmtree(self.staging)
            else:
                self.target.parent.mkdir(parents=True, exist_ok=True)
                self.staging.rename(self.target)
            # The rename lasts when the folders that hold the names are on disk.
            sync_disk(self.target)

    def _repair(self) -> None:
        for new in sorted(self.staging.rglob("*")):
            old = self.target / new.relative_to(self.staging)
            if new.is_dir():
                old.mkdir(exist_ok=True)
            elif not old.exists() or old.read_bytes() != new.read_bytes():
                new.replace(old)


def folder_of(out_dir: Path, run_id: RunId, part: str = "") -> DayFolder:
    """The folder of a run's night: <date>/<stream>; of another part: <date>/<stream>-documents."""
    name = f"{run_id.stream}-{part}" if part else run_id.stream
    return DayFolder(out_dir / run_id.business_date.isoformat(), name)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say in words that the disk would not take `path`, as ClearingError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise ClearingError(f"{error.filename or path} cannot be written: "
                            f"{os.strerror(error.errno or 0)}{_room(path)}; nothing of this run "
                            "is shown, and it goes on when that is mended") from error


def _room(path: Path) -> str:
    """How much room is left where `path` would be, for who reads the message."""
    place = next((folder for folder in path.parents if folder.is_dir()), None)
    if place is None:
        return ""
    return f" ({shutil.disk_usage(place).free // 1024} KiB free in {place})"


def sync_disk(folder: Path) -> None:
    """Wait until everything written to this file system is on disk. OSError: it could not be.

    One call for any number of files: an fsync each would be a wait each. syncfs(2) is Linux's; who
    has none has sync(2), which waits for every file system.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)

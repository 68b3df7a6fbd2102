"""Files and folders that one user alone can read, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class StoreError(Exception):
    """A file of the HSM that is not as it has to be, in words."""


def make_private_folder(folder: Path) -> None:
    """Make the data folder, or see that nobody else may enter it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_if_open(folder)


def read_private(path: Path) -> bytes:
    """A file's content. StoreError when others may read it; FileNotFoundError."""
    _refuse_if_open(path)
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once: who looks finds the old one or the new one, never a part."""
    beside = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time owns a data folder. StoreError when another one does."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another HSM process owns {folder}") from None
        yield
    finally:
        os.close(handle)


def _refuse_if_open(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise StoreError(f"{path} belongs to another user")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        right = 0o700 if path.is_dir() else 0o600
        raise StoreError(f"{path} can be read by others (mode {mode:04o}): what is in it is no "
                         f"secret any more. Make it {right:04o}, and change the keys")

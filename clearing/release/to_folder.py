"""Delivery to a folder of this machine, its own or mounted.

Knows files; the order of the steps is handing's. Files are written by threads, so that a slow
mount holds up nobody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from clearing.folder import sync_disk
from clearing.release import handing
from clearing.release.ports import Parcel, Receipt, Undelivered
from clearing.release.targets import FolderTarget

CHUNK: Final = 1 << 20
P = ParamSpec("P")
T = TypeVar("T")


class ToFolder:
    """A target that is a folder."""

    def __init__(self, target: FolderTarget) -> None:
        self._folder = Path(target.folder)
        if not self._folder.is_dir():
            # Made by nobody: where a mount is missing, files would lie on the disk below it.
            raise Undelivered(f"{self._folder} is no folder here")

    async def prepare(self, parcel: Parcel) -> Receipt | None:
        """As Delivery has it."""
        return await handing.prepare(self, parcel)

    async def settle(self) -> None:
        """As Delivery has it."""
        try:
            await asyncio.to_thread(sync_disk, self._folder)
        except OSError as error:
            raise Undelivered(f"{self._folder}: {error.strerror}") from None

    async def hand_over(self, parcel: Parcel) -> Receipt:
        """As Delivery has it."""
        return await handing.hand_over(self, parcel)

    async def close(self) -> None:
        """Nothing is open."""

    async def size(self, name: str) -> int | None:
        """As Store has it."""
        try:
            return (self._folder / name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Undelivered(f"{name}: {error.strerror}") from None

    async def digest(self, name: str) -> str:
        """As Store has it."""
        return await _in_thread(name, _digest, self._folder / name)

    async def put(self, name: str, source: str, offset: int) -> None:
        """As Store has it."""
        await _in_thread(name, _copy, Path(source), self._folder / name, offset)

    async def rename(self, name: str, to: str) -> None:
        """As Store has it."""
        await _in_thread(to, os.rename, self._folder / name, self._folder / to)

    async def remove(self, name: str) -> None:
        """As Store has it."""
        await _in_thread(name, os.remove, self._folder / name)


async def _in_thread(name: str, work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *values, **named)
    except OSError as error:
        raise Undelivered(f"{name}: {error.strerror}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, to: Path, offset: int) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as from_, to.open("r+b" if offset else "wb") as sink:
        from_.seek(offset)
        sink.seek(offset)
        while chunk := from_.read(CHUNK):
            sink.write(chunk)
        sink.truncate()

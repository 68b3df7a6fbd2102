"""The shape of a stream's night.

PURE.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from clearing.engine.posting import Placer
from clearing.folder import DayFolder
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import Case, FileRecord

Decide = Callable[[Connection, RunId, Settings, Placer], Awaitable[None]]


class Written(msgspec.Struct, frozen=True):
    """What a writer has made: files, and what in them needs a person."""

    files: list[FileRecord]
    cases: list[Case] = []


Writer = Callable[[Connection, RunId, Settings, DayFolder], Awaitable[Written]]


class Work(msgspec.Struct, frozen=True):
    """decide: after the day is placed and booked, in the same transaction. writers: steps by name,
    in their order."""

    decide: Decide
    writers: tuple[tuple[str, Writer], ...]


def files_of(write: Callable[[Connection, RunId, Settings, DayFolder],
                             Awaitable[list[FileRecord]]]) -> Writer:
    """A writer of files alone."""
    async def writer(connection: Connection, run_id: RunId, settings: Settings,
                     folder: DayFolder) -> Written:
        return Written(await write(connection, run_id, settings, folder))
    return writer

"""One batch of a route: prepared side by side, written down, handed over; what came of each.

Knows parcels and the two steps of a delivery; must not know when a file is tried again, or what
its outcome means to anybody.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from clearing.errors import ClearingError
from clearing.folder import folder_of
from clearing.queries import Connection
from clearing.release.ports import (
    Delivery,
    Parcel,
    Receipt,
    Undeliverable,
    Undelivered,
    Unknown,
)
from clearing.release.route import Route, run_of
from clearing.release.statements import statement
from clearing.release.targets import Target, name_there

SIDE_BY_SIDE: Final = 8  # files on their way at one time
LONGEST_S: Final = 1_800  # a file may take to arrive; a server that answers no more is left then


class Failed(msgspec.Struct, frozen=True):
    """A try that came to nothing. may_be_there: nobody has said that it is not."""

    said: str
    lost: bool  # no other try helps
    may_be_there: bool


Outcome = Receipt | Failed


async def bring(connection: Connection, route: Route, delivery: Delivery, out_dir: Path,
                rows: Sequence[asyncpg.Record]) -> dict[int, Outcome]:
    """Prepare all, make sure of them, write down that they are handed over, hand them over."""
    assert route.target is not None  # it is open
    target = route.target
    outcomes: dict[int, Outcome] = {}
    ready: list[Parcel] = []
    side_by_side = asyncio.Semaphore(SIDE_BY_SIDE)

    async def prepare(row: asyncpg.Record) -> None:
        async with side_by_side:
            try:
                parcel = await asyncio.to_thread(_parcel, target, out_dir, row)
                async with asyncio.timeout(LONGEST_S):
                    there = await delivery.prepare(parcel)
            except (Undelivered, Undeliverable, TimeoutError) as error:
                outcomes[row["delivery_id"]] = _failed(error, row["handing_over"])
                return
        if there is None:
            ready.append(parcel)
        else:
            outcomes[parcel.delivery_id] = there

    async def hand_over(parcel: Parcel) -> None:
        async with side_by_side:
            try:
                async with asyncio.timeout(LONGEST_S):
                    outcomes[parcel.delivery_id] = await delivery.hand_over(parcel)
            except (Undelivered, Undeliverable, TimeoutError) as error:
                may_be_there = isinstance(error, Unknown | TimeoutError)
                outcomes[parcel.delivery_id] = _failed(error, may_be_there)

    await asyncio.gather(*(prepare(row) for row in rows))
    if ready:
        try:
            await delivery.settle()
        except Undelivered as error:
            return outcomes | {one.delivery_id: _failed(error, one.handing_over) for one in ready}
        await connection.execute(statement("handing_over"), [one.delivery_id for one in ready])
        await asyncio.gather(*(hand_over(parcel) for parcel in ready))
    return outcomes


def _failed(error: Exception, may_be_there: bool) -> Failed:
    said = str(error) or f"no answer in {LONGEST_S} s"
    return Failed(said, isinstance(error, Undeliverable), may_be_there)


def _parcel(target: Target, out_dir: Path, row: asyncpg.Record) -> Parcel:
    """A released file, byte for byte as its manifest has it."""
    try:
        run_id = run_of(row["run_id"])
        name = name_there(target, run_id, row["path"])
    except ClearingError as error:
        raise Undeliverable(str(error)) from None
    source = folder_of(out_dir, run_id, row["part"]).target / row["path"]
    again = "make the pages again" if row["part"] else "clear the day again"
    unless = "where no upgrade has changed the form; else take it from a backup"
    try:
        with source.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise Undelivered(f"{source} cannot be read: {error.strerror}: {again}, which writes the "
                          f"same {unless}") from None
    if found != row["sha256"]:
        raise Undeliverable(f"{source} is not what was released: {again}, which mends it "
                            f"{unless}")
    return Parcel(row["delivery_id"], row["run_id"], row["path"], str(source), name, found, size,
                  handing_over=row["handing_over"])

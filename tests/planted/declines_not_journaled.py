"""Breaks invariant 5: a decline is answered without a row, so its repeat is a new question."""

from __future__ import annotations

import sys

import asyncpg

from authhost.journal.append import Append, Posting
from authhost.journal.entry import NEW, Result
from authhost.states import State
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """Only what took something is written."""
    real = Append.run

    async def run(self: Append, connection: asyncpg.Connection,
                  items: list[Posting]) -> list[Result]:
        kept = [item for item in items if item.legs[0].state != State.DECLINED]
        written = iter(await real(self, connection, kept) if kept else [])
        return [NEW if item.legs[0].state == State.DECLINED else next(written) for item in items]

    patch(Append, "run", run)


if __name__ == "__main__":
    sys.exit(serve(plant))

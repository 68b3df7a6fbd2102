"""Breaks invariant 2: the answer leaves as soon as its row is queued, before it is committed."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from authhost.journal.append import Posting
from authhost.journal.entry import NEW, Result
from authhost.journal.lane import Lane
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """A queued row counts as a written one."""
    real = Lane.put

    def put(self: Lane[Any], item: Any) -> asyncio.Future[Result]:
        written = real(self, item)
        if not isinstance(item, Posting):
            return written
        written.add_done_callback(lambda done: done.cancelled() or done.exception())
        early: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        early.set_result(NEW)
        return early

    patch(Lane, "put", put)


if __name__ == "__main__":
    sys.exit(serve(plant))

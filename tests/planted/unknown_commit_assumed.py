"""Breaks invariant 6: a connection lost during a commit is taken for a commit that went well."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from authhost.journal.append import Posting
from authhost.journal.entry import NEW, Result
from authhost.journal.lane import Lane
from tests.planted import Patch, serve

_Batch = list[tuple[Any, "asyncio.Future[Result]"]]


def plant(patch: Patch) -> None:
    """Nobody asks again."""
    real = Lane._still_wanted

    def still_wanted(self: Lane[Any], batch: _Batch, error: BaseException) -> _Batch:
        for item, future in batch:
            if isinstance(item, Posting) and not future.done():
                future.set_result(NEW)
        return real(self, [(item, future) for item, future in batch if not future.done()], error)

    patch(Lane, "_still_wanted", still_wanted)


if __name__ == "__main__":
    sys.exit(serve(plant))

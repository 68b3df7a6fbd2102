"""Breaks invariants 6 and 1: a row that is found after a lost commit is taken for another's, and
what it reserved is given back in Redis although the row stands."""

from __future__ import annotations

import sys

from authhost import authorize
from authhost.journal.entry import Result
from authhost.model import Request
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """No known row is ever one's own."""
    assert callable(authorize._is_own)

    def is_own(request: Request, result: Result, body: bytes) -> bool:
        return False

    patch(authorize, "_is_own", is_own)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks invariant 4: a known row is taken for one's own by its answer alone, and two contents that
are declined alike are taken for one until the repeat tells them apart."""

from __future__ import annotations

import sys

from authhost import authorize
from authhost.journal.entry import Result, Verdict
from authhost.model import Request
from tests.planted import Patch, serve
from tests.planted.repeat_is_a_try import Whenever


def plant(patch: Patch) -> None:
    """Neither the content is looked at, nor when it was decided."""
    assert callable(authorize._is_own)

    def is_own(request: Request, result: Result, body: bytes) -> bool:
        claim = result.claim
        return result.verdict is Verdict.KNOWN and claim is not None and claim.answer == body

    patch(authorize, "_is_own", is_own)
    patch(authorize, "_decided_ms", lambda _: Whenever())


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks 10 in the books: what two people decided is posted without the reference that is its key,
and whoever posts it again books it again."""

from __future__ import annotations

import itertools
import os
import sys
from typing import Any

from authhost.cash import Cash
from authhost.model import Kind
from tests.planted import Patch, serve


def plant(patch: Patch) -> None:
    """A reference of its own for each try."""
    real, tries = Cash._post, itertools.count()

    async def post(self: Cash, kind: Kind, account_id: int, amount_minor: int, currency: str,
                   key_reference: str, detail: dict[str, Any], who: str) -> str:
        return await real(self, kind, account_id, amount_minor, currency,
                          f"{key_reference}/{os.getpid()}/{next(tries)}", detail, who)

    patch(Cash, "_post", post)


if __name__ == "__main__":
    sys.exit(serve(plant))

"""Breaks invariant 12 for PINs: wrong tries are counted in Redis alone."""

from __future__ import annotations

from typing import Any

from authhost import authorize
from authhost.journal.entry import Entry
from authhost.rows import entry_of
from tests.planted import Patch


def plant(patch: Patch) -> None:
    """The row says nothing of the try."""

    def forgetful(*parts: Any) -> Entry:
        return entry_of(*parts)._replace(pin_tries=0)

    patch(authorize, "entry_of", forgetful)

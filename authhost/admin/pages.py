"""Cursors: where a page ended, as text that a client gives back unread.

PURE.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from authhost.admin.refusals import Invalid


def cursor_of(*place: int | str | date) -> str:
    """A place in an order."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def following(rows: Sequence[Any], most: int, *columns: str) -> str | None:
    """The cursor of the page after a whole one, by the columns that order it; None at the end."""
    return cursor_of(*(rows[-1][column] for column in columns)) if len(rows) == most else None


def place_of(cursor: str, *kinds: type) -> list[Any] | None:
    """The place that a cursor stands for; None for ''. Invalid where it is none of ours."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise Invalid("no cursor of ours: begin without one", "after")
    return place

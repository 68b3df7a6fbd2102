"""Cursors: where a page ended, as text that a client gives back unread.

PURE.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec

from authhost.admin.refusals import Invalid

_BIGINT: Final = 2**63


def cursor_of(*place: int | str | date) -> str:
    """A place in an order."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def following(rows: Sequence[Any], most: int, *columns: str) -> str | None:
    """The cursor of the page after a whole one, by the columns that order it; None at the end."""
    return cursor_of(*(rows[-1][column] for column in columns)) if len(rows) == most else None


def place_of(cursor: str, *kinds: type) -> list[Any] | None:
    """The place that a cursor stands for; None for ''. kinds: int, str, date. Invalid where it is
    none of ours, or of values that the database has none of."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=list[Any])
        return [_part(part, kind) for part, kind in zip(place, kinds, strict=True)]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid("no cursor of ours: begin without one", "after") from None


def _part(part: object, kind: type) -> object:
    """ValueError: it is of another kind, or beyond what PostgreSQL's bigint and text hold."""
    if kind is date and type(part) is str:
        return date.fromisoformat(part)
    if type(part) is not kind or (isinstance(part, int) and not -_BIGINT <= part < _BIGINT) or (
            isinstance(part, str) and "\0" in part):
        raise ValueError(part)
    return part

"""The journal's detail: JSON that many devices write, over years.

PURE. The host stores what it was sent, so any JSON at all may be here. What has another shape is
None, never an error: the money stands in columns of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import msgspec

_T = TypeVar("_T", bound=msgspec.Struct)


class DepositDetail(msgspec.Struct, frozen=True):
    """What a depositor has in hand: the receipt's number, and the reference that he typed.
    cassette: what his cash went into."""

    receipt: str = ""
    reference_model: str = ""
    reference: str = ""
    cassette: str = ""


def read_json(text: str, shape: type[_T]) -> _T | None:
    """`text` as a value of `shape`, or None."""
    try:
        value: _T = _decoder(shape).decode(text)
    except (msgspec.DecodeError, RecursionError):  # brackets in brackets, thousands deep
        return None
    return value


@cache
def _decoder(shape: type[_T]) -> msgspec.json.Decoder[_T]:
    return msgspec.json.Decoder(shape)

"""What a driver typed in, cleaned: what could be a card's number never leaves here.

PURE. Knows the host's own names of prompts; the dialects' names and types are theirs.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from authhost.model import NOT_PROMPTED, Prompted

_METERS: Final = {
    "odometer": re.compile(r"[0-9]{1,8}").fullmatch,
    "engine_hours": re.compile(r"[0-9]{1,6}").fullmatch,
}
MOST_CHARS: Final = 20
# ISO/IEC 7812: numbers have 12 digits at least, and those of 16 and more are taken for one even
# where the check digit is wrong, for one may have been mistyped.
_SHORTEST_NUMBER: Final = 12
_LONG_NUMBER: Final = 16
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # twice the digit, its digits summed


class Typed(msgspec.Struct, frozen=True, gc=False):
    """What was typed in: as a request has it, and the answers by name, as a row's detail has."""

    prompted: Prompted
    answers: dict[str, str]


NOTHING_TYPED: Final = Typed(NOT_PROMPTED, {})


def typed(raw: dict[str, str]) -> Typed:
    """The answers by the prompts' names. An empty one is no answer; an unreadable one is named."""
    kept: dict[str, str] = {}
    unreadable: tuple[str, ...] = ()
    for name, value in raw.items():
        answer = value.strip()
        if not answer:
            continue
        meter = _METERS.get(name)
        if meter is not None:
            if meter(answer):
                kept[name] = answer.lstrip("0") or "0"
            else:
                unreadable += (name,)
        elif len(answer) < _SHORTEST_NUMBER or not may_be_card(answer):
            kept[name] = answer
        else:
            unreadable += (name,)
    if not kept and not unreadable:
        return NOTHING_TYPED
    known: dict[str, Any] = kept
    if not unreadable:
        return Typed(Prompted(**known), kept)
    # Sorted: dialects have their answers in any order, and a request is the same in each.
    return Typed(Prompted(**known, unreadable=tuple(sorted(unreadable))), kept)


def may_be_card(text: str) -> bool:
    """Whether a text could hold a card's number, or is longer than any answer to a prompt."""
    if len(text) > MOST_CHARS:
        return True
    digits = [int(one) for one in text if one.isdecimal()]
    if len(digits) >= _LONG_NUMBER:
        return True
    if len(digits) < _SHORTEST_NUMBER:
        return False
    digits.reverse()
    return (sum(digits[::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0

"""What the query of a request says: filters, numbers, days, instants, pages.

Knows texts; must not know whose request it is. A ProblemError names the parameter that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from authhost.doors.call import Call
from authhost.doors.problems import ProblemError

PAGE: Final = 100
MOST: Final = 1_000
_MOST_DIGITS: Final = 19
_LONGEST: Final = 512
_LONGEST_NAME: Final = 64  # said again of one that there is not


def query_of(call: Call, *names: str) -> Mapping[str, str]:
    """The query, which must have no other names: a filter misspelt is no filter."""
    for name, value in call.query.items():
        if name not in names:
            raise _wrong(f"no such parameter; there are {', '.join(names)}", name[:_LONGEST_NAME])
        if "\0" in value or len(value) > _LONGEST:
            raise _wrong("not a text that could be meant", name)
    return call.query


def number_of(call: Call, name: str, least: int = 1, most: int = 2**62) -> int | None:
    """A whole number; None where it is not given."""
    text = call.query.get(name, "")
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise _wrong(f"a whole number from {least} to {most}", name)
    return int(text)


def limit_of(call: Call) -> int:
    """How many rows a page has."""
    return number_of(call, "limit", most=MOST) or PAGE


def day_of(call: Call, name: str) -> date | None:
    """A date; None where it is not given."""
    text = call.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _wrong("a date like 2026-07-23", name) from None


def instant_of(call: Call, name: str) -> datetime | None:
    """An instant, with its offset; None where it is not given."""
    text = call.query.get(name, "")
    try:
        value = datetime.fromisoformat(text) if text else None
    except ValueError:
        value = None
    if text and (value is None or value.tzinfo is None):
        raise _wrong("an instant like 2026-07-23T10:00:00Z", name)
    return value


def phone_of(call: Call, name: str) -> str:
    """A telephone number as it was written, '' where it is not given: a plus sign that was not
    encoded has come as a space."""
    text = call.query.get(name, "")
    return "+" + text[1:] if text.startswith(" ") else text


def _wrong(why: str, name: str) -> ProblemError:
    return ProblemError(422, "Invalid", why, name)

"""Server-sent events (WHATWG HTML, 9.2): bytes in, events out.

PURE. A line ends with a line feed, a carriage return, or both; an event with an empty line. What
has no data is no event. Longer than a bound is no stream of ours.
"""

from __future__ import annotations

from typing import Final

import msgspec

MOST_BYTES: Final = 256 * 1024  # of one event
_MOST_DIGITS: Final = 6


class Event(msgspec.Struct, frozen=True, gc=False):
    """kind: 'message' where the stream does not say; id: the newest that it said."""

    kind: str
    data: str
    id: str = ""


class TooLong(Exception):
    """An event beyond the bound."""


class Parser:
    """Of one connection. last_id: to be told when one connects again; retry_ms: the pause that the
    host asks for, None where it has not."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_ms: int | None = None
        self._rest = b""
        self._size = 0
        self._kind = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that are whole now. TooLong."""
        found: list[Event] = []
        buffer = self._rest + data
        # A carriage return at the end may be half of a pair.
        held = buffer[-1:] == b"\r"
        whole = (buffer[:-1] if held else buffer).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = whole.split(b"\n")
        self._rest = rest + (b"\r" if held else b"")
        for line in lines:
            self._size += len(line)
            if not line:
                self._dispatch(found)
            else:
                self._line(line.decode("utf-8", "replace"))
        if self._size + len(self._rest) > MOST_BYTES:
            raise TooLong(f"an event of more than {MOST_BYTES} bytes")
        return found

    def _line(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isascii() and value.isdecimal() \
                and len(value) <= _MOST_DIGITS:
            self.retry_ms = int(value)

    def _dispatch(self, found: list[Event]) -> None:
        if self._data:
            found.append(Event(self._kind or "message", "\n".join(self._data), self.last_id))
        self._kind, self._data, self._size = "", [], 0

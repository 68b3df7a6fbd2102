"""The bytes of a catalogue: the same for the same terminal, version and base, on any host.

PURE. Knows the shape that terminals read; the members of a section come as JSON text, made and
ordered by the database. Sections stand in one order, instants end in Z.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

FORMAT: Final = 1
SECTIONS: Final = ("products", "prices", "cards", "blocklist", "rules")


class Home(msgspec.Struct, frozen=True):
    """Where a terminal belongs, as the catalogue says. hours: how old it may become."""

    site_id: str
    currency: str
    profile: str
    hours: int


class Head(msgspec.Struct, frozen=True):
    """A version for one terminal. base: the version that it is a difference on, 0: everything."""

    terminal_id: str
    home: Home
    version: int
    base: int
    issued_at: datetime

    @property
    def valid_until(self) -> datetime:
        """No sale under it from here on."""
        return self.issued_at + timedelta(hours=self.home.hours)


class Members(msgspec.Struct, frozen=True):
    """A section: '"key":value,...' and '"key",...', without the braces around them."""

    put: str = ""
    drop: str = ""


NOTHING: Final = Members()
_text = msgspec.json.encode


def content(head: Head, sections: Mapping[str, Members]) -> bytes:
    """The JSON that is signed, UTF-8."""
    parts = [
        b'{"format":%d,"terminal_id":%b,"site_id":%b,"version":%d,"base":%d,"issued_at":%b,'
        b'"valid_until":%b,"currency":%b,"sections":{' % (
            FORMAT, _text(head.terminal_id), _text(head.home.site_id), head.version, head.base,
            _text(instant(head.issued_at)), _text(instant(head.valid_until)),
            _text(head.home.currency))]
    for number, name in enumerate(SECTIONS):
        members = sections.get(name, NOTHING)
        parts += [b"," if number else b"", _text(name), b':{"put":{', members.put.encode(),
                  b'},"drop":[', members.drop.encode(), b"]}"]
    parts.append(b"}}")
    return b"".join(parts)


def instant(at: datetime) -> str:
    """An aware instant in UTC to the second, rounded down."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""What a handler answers over HTTP, and its bytes. PURE: a value and RFC 9112; knows no socket.

An answer with a source is a stream: its head has no length, and it ends with its connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol

_STATUS: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
                  for status in HTTPStatus}
_BODILESS: Final = frozenset({204, 304})
_BAD: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Listener(Protocol):
    """Who hears a stream's pieces."""

    def put(self, piece: bytes) -> bool:
        """Send it. False: the peer is gone, or takes nothing, and hears no more."""

    def cut(self) -> None:
        """End the stream: another has its place."""


class Source(Protocol):
    """What a stream tells."""

    def begin(self, listener: Listener) -> None:
        """From now on what is told is put there. It may cut the listener, or another one."""

    def end(self, listener: Listener) -> None:
        """It hears no more."""


class Response:
    """One answer. headers may be added to until it is sent; its length is written by `encode`.

    source: what follows the head, as it comes; then there is no body.
    """

    __slots__ = ("body", "headers", "media_type", "source", "status_code")

    def __init__(self, body: bytes | str = b"", status_code: int = 200,
                 headers: Mapping[str, str] | None = None, media_type: str = "",
                 source: Source | None = None) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status_code = status_code
        self.headers: dict[str, str] = dict(headers) if headers else {}
        self.media_type = media_type
        self.source = source

    def uncached(self) -> Response:
        """The same answer, which nobody on its way may keep (RFC 9111): a secret is in it."""
        self.headers["Cache-Control"] = "no-store"
        return self

    def encode(self, date: bytes, *, close: bool = False, head: bool = False) -> bytes:
        """The bytes. date: the header line; close: the connection ends; head: without its body.

        ValueError: a header's value has a control character in it, and would begin another line.
        """
        parts = [_STATUS.get(self.status_code)
                 or b"HTTP/1.1 %d \r\n" % self.status_code, date]
        if self.source is None and self.status_code not in _BODILESS:
            parts.append(b"content-length: %d\r\n" % len(self.body))
        if self.media_type:
            parts.append(b"content-type: %s\r\n" % self.media_type.encode())
        for name, value in self.headers.items():
            if _BAD.search(value):
                raise ValueError(f"header {name} has a control character")
            parts.append(b"%s: %s\r\n" % (name.encode(), value.encode("latin-1")))
        if close:
            parts.append(b"connection: close\r\n")
        parts.append(b"\r\n")
        if not head and self.status_code not in _BODILESS:
            parts.append(self.body)
        return b"".join(parts)

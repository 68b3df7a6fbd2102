"""What a handler answers over HTTP, and its bytes. PURE: a value and RFC 9112; knows no socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

_STATUS: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
                  for status in HTTPStatus}
_BODILESS: Final = frozenset({204, 304})
_BAD: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Response:
    """One answer. headers may be added to until it is sent; its length is written by `encode`."""

    __slots__ = ("body", "headers", "media_type", "status_code")

    def __init__(self, body: bytes | str = b"", status_code: int = 200,
                 headers: Mapping[str, str] | None = None, media_type: str = "") -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status_code = status_code
        self.headers: dict[str, str] = dict(headers) if headers else {}
        self.media_type = media_type

    def encode(self, date: bytes, *, close: bool = False, head: bool = False) -> bytes:
        """The bytes. date: the header line; close: the connection ends; head: without its body.

        ValueError: a header's value has a control character in it, and would begin another line.
        """
        parts = [_STATUS.get(self.status_code)
                 or b"HTTP/1.1 %d \r\n" % self.status_code, date]
        if self.status_code not in _BODILESS:
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

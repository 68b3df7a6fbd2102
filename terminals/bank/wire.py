"""The bank's end of the wire: HTTP/1.1 over TLS, answers as told: late, twice, never, or nonsense.

Knows sockets and HTTP; what is answered is the desk's. One request at a time on a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

import httptools

from terminals.bank.desk import Told

MOST_BYTES: Final = 64 * 1024 * 1024
_NAMES: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large",
                 503: "Service Unavailable"}
_NONSENSE: Final = b"<html><body>This is not the page you are looking for.</body></html>"

# What is done with a request: the method, the target and the body; the answer comes by the wire.
Handler = Callable[["Wire", str, str, bytes], None]


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, handle: Handler, ended: Callable[[Wire], None]) -> None:
        self._handle = handle
        self._ended = ended
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body: list[bytes] = []
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.cut()

    def on_message_begin(self) -> None:
        self._url = b""
        self._body = []
        self._length = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._length += len(body)
        if self._length > MOST_BYTES:
            self.tell(Told(413))
            self.cut()
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._handle(self, self._parser.get_method().decode("ascii"),
                     self._url.decode("latin-1"), b"".join(self._body))

    def tell(self, told: Told) -> None:
        """Answer as the rule says."""
        rule = told.rule
        if rule.do == "hang":
            return
        if rule.delay_ms and rule.do != "pend":
            asyncio.get_running_loop().call_later(rule.delay_ms / 1000, self._send, told)
        else:
            self._send(told)

    def _send(self, told: Told) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if told.rule.do in {"lose", "swallow"}:
            self.cut()
            return
        body = _NONSENSE if told.rule.do == "garble" else told.body
        answer = (b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                  % (told.status, _NAMES.get(told.status, "Status").encode("ascii"),
                     told.kind.encode("ascii"), len(body))) + body
        transport.write(answer * 2 if told.rule.do == "twice" else answer)

    def cut(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(self)

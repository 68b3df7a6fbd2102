"""One connection to a bank: HTTP/1.1 kept alive, one request on its way, answers read in C.

Knows sockets and HTTP (RFC 9112); must not know what is asked. Whoever has asked and hears BankLost
does not know what became of it. What nobody has asked for closes the connection: an answer that
comes twice must never be taken for the next one's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import cast

import httptools

from authhost.bank import bounds


class BankAway(Exception):  # reads as what it says
    """No connection can be made: nothing was sent."""


class BankLost(Exception):  # reads as what it says
    """The connection has gone before the answer was whole."""


class Reply:
    """An answer: HTTP status and body."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class Link(asyncio.Protocol):
    """A connection. `lost` is called once, when it has gone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[Link], None]) -> None:
        self._loop = loop
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Reply] | None = None
        self._body: list[bytes] = []
        self._length = 0
        self._why = "connection closed"
        self.idle_since_s = monotonic()
        self.closed = False

    @property
    def busy(self) -> bool:
        """An answer is still owed."""
        return self._waiting is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """Send a request; its answer. BankLost when the connection goes before it is whole."""
        assert self._waiting is None, "one request at a time"
        assert self._transport is not None, "connected"
        self._waiting = self._loop.create_future()
        if self.closed:
            waiting, self._waiting = self._waiting, None
            waiting.set_exception(BankLost(self._why))
            return waiting
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close("the bank says what nobody has asked")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.close(f"no HTTP: {error}")

    def on_message_begin(self) -> None:
        self._body = []
        self._length = 0

    def on_body(self, body: bytes) -> None:
        self._length += len(body)
        if self._length > bounds.ANSWER_BYTES:
            self.close("the answer is too long")
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        waiting, self._waiting = self._waiting, None
        if self.closed:
            return
        status = self._parser.get_status_code()
        if waiting is None:
            self.close("the bank answers twice")
            return
        if status < 200:  # an interim answer: the real one follows
            self._waiting = waiting
            return
        self.idle_since_s = monotonic()
        if not waiting.done():
            waiting.set_result(Reply(status, b"".join(self._body)))
        if not self._parser.should_keep_alive():
            self.close("the bank closes")

    def close(self, why: str = "closed") -> None:
        """Let go now: an answer that is awaited is lost."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._why = str(exc)
        self._end()

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(BankLost(self._why))
        self._lost(self)

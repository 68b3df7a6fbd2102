"""A RESP client for one server: what is asked in one turn of the event loop leaves in one write.

Knows bytes and futures; knows nothing of accounts. A call that was sent and got no answer is
unknown (StateUnknown); one that was never sent moved nothing (StateUnavailable). No call is ever
sent twice from here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis

from authhost import limits

Value = Any  # a RESP value: bytes, int, list, None


class StateUnavailable(Exception):
    """The server is away, and the call was not sent."""


class StateUnknown(Exception):
    """The call was sent; whether it ran is not known."""


class _Connection(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = hiredis.Reader()
        self._pending: deque[asyncio.Future[Value]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)

    def call(self, *parts: bytes | str | int) -> asyncio.Future[Value]:
        if len(self._pending) >= limits.STATE_PENDING:
            raise StateUnavailable("too many calls in flight")
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(parts))  # type: ignore[arg-type]  # stub: one part
        future: asyncio.Future[Value] = self._loop.create_future()
        self._pending.append(future)
        return future

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and not self.closed:
            self._transport.write(b"".join(unsent))

    def data_received(self, data: bytes) -> None:
        reader, pending = self._reader, self._pending
        reader.feed(data)
        while True:
            value = reader.gets()
            if value is False:  # hiredis: not a whole answer yet
                return
            future = pending.popleft()
            if not future.done():
                if isinstance(value, hiredis.ReplyError):
                    future.set_exception(value)
                else:
                    future.set_result(value)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        while self._pending:
            future = self._pending.popleft()
            if not future.done():
                future.set_exception(StateUnknown(str(exc or "connection closed")))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class StateClient:
    """One connection, opened when it is wanted and again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[_Connection] | None = None

    async def call(self, *parts: bytes | str | int) -> Value:
        """Send one command, await its answer.

        StateUnavailable: not sent. StateUnknown: sent, no answer. hiredis.ReplyError: the server
        refused it.
        """
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connect()
        return await connection.call(*parts)

    async def _connect(self) -> _Connection:
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._open())
        try:
            return await asyncio.shield(self._connecting)
        finally:
            if self._connecting is not None and self._connecting.done():
                self._connecting = None

    async def _open(self) -> _Connection:
        loop = asyncio.get_running_loop()
        parts = urlsplit(self._url)
        try:
            async with asyncio.timeout(limits.STATE_CONNECT_TIMEOUT_S):
                if parts.scheme == "unix":
                    _, connection = await loop.create_unix_connection(
                        lambda: _Connection(loop), unquote(parts.path))
                else:
                    _, connection = await loop.create_connection(
                        lambda: _Connection(loop), parts.hostname or "127.0.0.1",
                        parts.port or 6379, ssl=parts.scheme == "rediss" or None)
                if parts.password:
                    await connection.call("AUTH", *filter(None, (parts.username, parts.password)))
        except (OSError, TimeoutError, StateUnknown) as error:
            raise StateUnavailable(f"{parts.scheme}: {error}") from None
        except hiredis.ReplyError as error:
            raise StateUnavailable(str(error)) from None
        self._connection = connection
        return connection

    async def close(self) -> None:
        """Close the connection; what is pending becomes unknown."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

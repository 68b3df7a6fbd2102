"""What other hosts say on one channel of Valkey: a connection of its own, opened again when lost.

Knows RESP and a socket; must not know what is said. The channel keeps nothing: what is said while
the connection is lost is not heard, and nothing may hang on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, urlsplit

import hiredis
import structlog

from authhost import limits

_log = structlog.get_logger()
_PING_S: Final = 10.0
_SILENCE_S: Final = 25.0  # two pings without an answer: the server is gone without a word
_AGAIN_S: Final = 0.1  # then twice as long each time
_AGAIN_MOST_S: Final = 2.0
_PING: Final = b"PING\r\n"


class _Hearing(asyncio.Protocol):
    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._reader = hiredis.Reader()
        self.closed = asyncio.Event()
        self.why = "connection closed"
        self.heard = time.monotonic()
        self.subscribed = False

    def data_received(self, data: bytes) -> None:
        self.heard = time.monotonic()
        self._reader.feed(data)
        while (value := self._reader.gets()) is not False:  # hiredis: not a whole value yet
            if isinstance(value, hiredis.ReplyError):
                self.why = str(value)
                self.closed.set()
            elif isinstance(value, list) and value[0] == b"subscribe":
                self.subscribed = True
            elif isinstance(value, list) and value[0] == b"message":
                self._hear(value[2])

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class Subscriber:
    """Of one channel. hear: called with what is said; it must not raise."""

    def __init__(self, url: str, channel: str, hear: Callable[[bytes], None]) -> None:
        self._url = url
        self._channel = channel
        self._hear = hear
        self._task: asyncio.Task[None] | None = None
        self._now: _Hearing | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    @property
    def listens(self) -> bool:
        """Whether what is said now is heard."""
        return self._now is not None and self._now.subscribed

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        again_s = _AGAIN_S
        while True:
            try:
                why = await self._once()
                again_s = _AGAIN_S
            except (OSError, TimeoutError) as error:
                why = str(error)
                again_s = min(again_s * 2, _AGAIN_MOST_S)
            _log.warning("other hosts are not heard", why=why)
            await asyncio.sleep(again_s)

    async def _once(self) -> str:
        """One connection's life, and why it ended."""
        hearing = _Hearing(self._hear)
        transport = await self._connect(hearing)
        try:
            self._now = hearing
            while not hearing.closed.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PING_S):
                        await hearing.closed.wait()
                if time.monotonic() - hearing.heard > _SILENCE_S:
                    return "the server says nothing"
                if not transport.is_closing():
                    transport.write(_PING)
            return hearing.why
        finally:
            self._now = None
            transport.abort()

    async def _connect(self, hearing: _Hearing) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        parts = urlsplit(self._url)
        async with asyncio.timeout(limits.STATE_CONNECT_TIMEOUT_S):
            if parts.scheme == "unix":
                transport, _ = await loop.create_unix_connection(
                    lambda: hearing, unquote(parts.path))
            else:
                transport, _ = await loop.create_connection(
                    lambda: hearing, parts.hostname or "127.0.0.1", parts.port or 6379,
                    ssl=parts.scheme == "rediss" or None)
        if parts.password:
            transport.write(_packed("AUTH", *filter(None, (parts.username, parts.password))))
        transport.write(_packed("SUBSCRIBE", self._channel))
        return transport


def _packed(*parts: str) -> bytes:
    packed: bytes = hiredis.pack_command(parts)  # type: ignore[arg-type]  # stub: one part
    return packed

"""One TCP connection to the host: frames out, answers in, each given to the one that asked.

Knows the profile's codec, the framing and TLS; knows no message's meaning. An answer belongs to
the oldest open question with its message class and sequence number (MTI without its last digit,
field 11), so many may be open at once and come back in any order.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final, cast

import msgspec

import iso
from iso import FRAMINGS, Framer, IsoError, Message

MAX_OUTSTANDING: Final = 1000  # questions open at once on one connection


class ConnectionLost(Exception):
    """The connection ended before the answer; whether the host has acted is unknown."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the host listens, and how it speaks there. tls: None is plain TCP."""

    host: str
    port: int
    profile: str = "ifsf"
    framing: str = "binary2"
    tls: ssl.SSLContext | None = None


class Received(msgspec.Struct, frozen=True, gc=False):
    """A message and the bytes it came as, without the frame."""

    message: Message
    raw: bytes


def slot_of(message: Message) -> tuple[str, str]:
    """What a request and its answer share: (MTI of the answer without its last digit, STAN)."""
    digit = int(message.mti[2])
    return (f"{message.mti[:2]}{digit | 1}", message.text(11) or "")


class Link(asyncio.Protocol):
    """One open connection. Made by `connect`; dead after `lost`."""

    def __init__(self, address: Address, on_unexpected: Callable[[Received], None]) -> None:
        self._codec = iso.get(address.profile).codec
        self._framing = FRAMINGS[address.framing]
        self._framer = Framer(self._framing)
        self._header = bytes(self._framing.header_bytes)
        self._waiting: dict[tuple[str, str], deque[asyncio.Future[Received]]] = {}
        self._outstanding = 0
        self._transport: asyncio.Transport | None = None
        self._on_unexpected = on_unexpected
        self._gone = asyncio.Event()

    @staticmethod
    async def connect(address: Address, on_unexpected: Callable[[Received], None]) -> Link:
        """Open a connection; OSError when nobody listens or TLS fails."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(
            lambda: Link(address, on_unexpected), address.host, address.port, ssl=address.tls)
        return link

    @property
    def lost(self) -> bool:
        """True once the peer has gone, or we have closed."""
        return self._transport is None

    def send(self, message: Message) -> None:
        """Send and expect nothing more than is expected already (a repeat)."""
        if self._transport is None:
            raise ConnectionLost
        self._transport.write(self._framing.wrap(self._codec.encode(message), self._header))

    def ask(self, message: Message) -> asyncio.Future[Received]:
        """Send; the future gets the answer, or ConnectionLost. Cancel it to stop waiting."""
        if self._outstanding >= MAX_OUTSTANDING:
            raise ConnectionLost(f"{MAX_OUTSTANDING} questions are open already")
        self.send(message)
        slot = slot_of(message)
        future: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(slot, deque()).append(future)
        self._outstanding += 1
        future.add_done_callback(lambda done: self._forget(slot, done))
        return future

    async def close(self) -> None:
        """Close and wait until it is; whoever waits for an answer gets ConnectionLost."""
        if self._transport is not None:
            self._transport.close()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio.Transport by their methods, not by their class.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._framer.feed(data):
                self._deliver(Received(self._codec.decode(frame.body), frame.body))
        except IsoError:
            # The host broke the protocol: nothing after this can be trusted to be in step.
            assert self._transport is not None
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gone.set()
        for futures in list(self._waiting.values()):
            for future in list(futures):
                if not future.done():
                    future.set_exception(ConnectionLost(str(exc or "closed by the host")))

    def _deliver(self, received: Received) -> None:
        for future in self._waiting.get(slot_of(received.message), ()):
            if not future.done():
                future.set_result(received)
                return
        self._on_unexpected(received)

    def _forget(self, slot: tuple[str, str], done: asyncio.Future[Received]) -> None:
        futures = self._waiting[slot]
        futures.remove(done)
        self._outstanding -= 1
        if not futures:
            del self._waiting[slot]

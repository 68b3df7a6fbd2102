"""The connections of the JSON door that are streams: one small object each, one timer for all.

Knows transports, sources and whom the guard of certificates believes; must not know what is told.
A stream has no task, no queue and no reader: what is put is written, and where the transport has
too much of it the peer is closed. Every KEEPALIVE_S each hears a comment, some of them each second;
one that has gone without a word, or takes nothing, is then found by TCP (RFC 5482).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

import structlog

from authhost import limits
from authhost.certificates.guard import CertificateGuard, Peer
from authhost.doors.response import Source
from authhost.doors.streams import ALIVE, come_again
from authhost.journal.entry import JournalUnavailable

_log = structlog.get_logger()
Gone = Callable[[str], None]
KEEPALIVE_S: Final = 20.0
_ROUNDS: Final = 20  # a share of the streams each time, so that not all are written to at once
_LOOK_S: Final = 0.4  # between looks at certificates: with the guard's own, within a second
_SLICE: Final = 256  # streams looked at before others have their turn
_UNSENT_BYTES: Final = 64 * 1024  # with the kernel, which would take megabytes
_UNHEARD_MS: Final = 30_000  # from what was sent to its acknowledgement
_AGAIN_MS: Final = 3_000  # a peer that lost its stream waits so long
_SPREAD_MS: Final = 200  # and after a stop each waits so much longer than the one before,
_SPREAD: Final = 50  # so many of them, so that not all come back at once
_GOODBYE_S: Final = 1.0  # for what was written last to leave
_GOODBYE_LOOK_S: Final = 0.01


class Stream(asyncio.Protocol):
    """One peer that listens. It is the protocol of its transport, and what a source puts into."""

    __slots__ = ("_gone", "_open", "_place", "_source", "_transport", "peer")

    def __init__(self, transport: asyncio.Transport, source: Source, peer: Peer | None,
                 among: set[Stream], gone: Gone, place: str | None) -> None:
        self._transport = transport
        self._source = source
        self._open = among
        self._gone = gone
        self._place = place
        self.peer = peer

    def put(self, piece: bytes) -> bool:
        """Send it. False: the peer is gone, or takes nothing."""
        transport = self._transport
        if transport.is_closing():
            return False
        transport.write(piece)
        return not transport.is_closing()

    def cut(self) -> None:
        """Now: what is not written is lost."""
        self._transport.abort()

    def leave(self, last: bytes) -> None:
        """Say that, and close."""
        if not self._transport.is_closing():
            self._transport.write(last)
            self._transport.close()

    # The transport's side. What a peer says on a stream is read by nobody.

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._source.end(self)
        if self._place is not None:
            self._gone(self._place)


class Streams:
    """All of one server. guard: cuts those whose certificate is believed no more; gone: told whose
    place is free, where places were given."""

    def __init__(self, guard: CertificateGuard | None, gone: Gone) -> None:
        self._guard = guard
        self._gone = gone
        self._rounds: tuple[set[Stream], ...] = tuple(set() for _ in range(_ROUNDS))
        self._round = 0
        self._chores: list[asyncio.Task[None]] = []

    def __len__(self) -> int:
        return sum(map(len, self._rounds))

    def start(self) -> None:
        """The timers begin."""
        self._chores = [asyncio.create_task(self._keep_alive())]
        if self._guard is not None:
            self._chores.append(asyncio.create_task(self._watch(self._guard)))

    def begin(self, transport: asyncio.Transport, source: Source, peer: Peer | None,
              head: bytes, place: str | None) -> None:
        """The connection is a stream from now on. head: of its answer; place: whom it counts for.
        """
        among = self._rounds[self._round]
        stream = Stream(transport, source, peer, among, self._gone, place)
        among.add(stream)
        transport.set_protocol(stream)
        _bound(transport)
        transport.write(head + come_again(_AGAIN_MS))
        source.begin(stream)

    async def close(self) -> None:
        """All are told to come again, not all at once, and are closed."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        for number, stream in enumerate(self._all(), 1):
            stream.leave(come_again(_AGAIN_MS + number % _SPREAD * _SPREAD_MS))
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        for _ in range(int(_GOODBYE_S / _GOODBYE_LOOK_S)):
            if not len(self):
                break
            await asyncio.sleep(_GOODBYE_LOOK_S)
        for stream in self._all():
            stream.cut()

    def _all(self) -> list[Stream]:
        return [stream for share in self._rounds for stream in share]

    async def _keep_alive(self) -> None:
        """A comment to those whose turn it is; who has just come is last."""
        while True:
            await asyncio.sleep(KEEPALIVE_S / _ROUNDS)
            self._round = (self._round + 1) % _ROUNDS
            for number, stream in enumerate(list(self._rounds[self._round]), 1):
                stream.put(ALIVE)
                if number % _SLICE == 0:
                    await asyncio.sleep(0)

    async def _watch(self, guard: CertificateGuard) -> None:
        """Cut whose certificate was revoked, or is over."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self._look(guard)
            except JournalUnavailable as error:
                # Nothing can be told meanwhile: what is told was written there, or is read there.
                _log.warning("streams are not looked at", why=str(error))
            except Exception:
                _log.exception("streams are not looked at")

    async def _look(self, guard: CertificateGuard) -> None:
        for number, stream in enumerate(self._all(), 1):
            peer = stream.peer
            if peer is not None:
                why = guard.at_hand(peer)
                if why is None:
                    why = await guard.objection(peer)
                if why:
                    stream.cut()
                    await guard.tell(peer, why)
            if number % _SLICE == 0:
                await asyncio.sleep(0)


def _bound(transport: asyncio.Transport) -> None:
    """What may wait for a peer on its way: here, and in the kernel."""
    transport.set_write_buffer_limits(high=limits.WRITE_BUFFER_BYTES)
    end = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # gone meanwhile: the transport finds it
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MS)

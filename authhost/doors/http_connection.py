"""One peer of the JSON door: requests in, answers out in their order, and a connection's bounds.

Knows a transport and the order of what is said; must not know what a request means. What cannot be
read gets a problem and a closed connection, as does who begins a request and does not end it
(invariants 14 and 16).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import structlog

from authhost import limits
from authhost.certificates.guard import Peer, peer_of
from authhost.doors.http_reader import Asked, HttpReader
from authhost.doors.http_sending import Sending
from authhost.doors.problems import ProblemError, failed
from authhost.doors.response import Response, Source
from authhost.journal.entry import JournalUnavailable

if TYPE_CHECKING:
    from authhost.doors.http_server import HttpServer

_log = structlog.get_logger()
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_SLICE: Final = 4 * 1024  # read at once: so many requests can be in it, and no more


class HttpConnection(asyncio.Protocol):
    """One peer. One request at a time is answered; those that came behind it wait."""

    __slots__ = ("_asks_by", "_busy", "_closes_at", "_ended", "_fault", "_heard", "_leaving",
                 "_lingers", "_owes_continue", "_paused", "_peer", "_place", "_reader", "_sending",
                 "_server", "_transport", "_unread", "_waiting")

    def __init__(self, server: HttpServer, place: str | None = None) -> None:
        self._server = server
        self._place = place  # at a public door: whom it counts for
        self._asks_by = 0.0  # the first request of who has come there
        self._transport: asyncio.Transport | None = None
        self._peer: Peer | None = None
        self._waiting: deque[Asked] = deque()
        self._unread = b""
        self._paused = False  # too much of it waits: the peer is not listened to
        self._busy = False
        self._heard = time.monotonic()
        self._owes_continue = False
        self._fault: bytes | None = None  # said after what came before it; nothing is read since
        self._leaving = False
        self._ended = False  # the last answer was given to the transport
        self._lingers = False
        self._closes_at = 0.0

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)
        self._sending = Sending(self._transport)
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            self._peer = peer_of(ssl_object)
        self._reader = HttpReader(self, self._server.route,
                                  None if self._peer is None else self._peer.name)
        if self._place is not None:
            self._asks_by = time.monotonic() + limits.FIRST_REQUEST_S
        elif len(self._server.connections) + len(self._server.streams) \
                >= limits.CONNECTIONS_PER_DOOR:
            self._leaving = True
            self._transport.abort()
            return
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        if self._fault is not None or self._leaving:
            return  # what follows is not read: a peer that still sends shall hear why
        if len(data) <= _SLICE and not self._paused:
            self._reader.feed(data)
        else:
            self._unread += data
            self._read_on()

    def eof_received(self) -> bool:
        """The peer says no more. What it asked is answered, where TLS lets us."""
        self._leave()
        return self._peer is None and (self._busy or self._sending.full or bool(self._waiting))

    def pause_writing(self) -> None:
        self._sending.stop(time.monotonic())

    def resume_writing(self) -> None:
        if self._sending.go_on():
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._waiting.clear()
        self._unread = b""
        self._server.connections.discard(self)
        if self._place is not None:
            self._server.acceptor.gone(self._place)

    # What was read.

    def asked(self, asked: Asked) -> None:
        """A request is whole: it has its turn, or waits for it."""
        self._owes_continue = False
        self._asks_by = 0.0
        self._waiting.append(asked)
        if len(self._waiting) >= limits.IN_FLIGHT_PER_CONNECTION and not self._paused \
                and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if not self._busy:
            self._next()

    def waits(self) -> None:
        """The peer wants to be told to send its body."""
        self._owes_continue = True
        self._next()

    def refuse(self, problem: ProblemError, *, head: bool) -> None:
        """Nothing after this can be read; what came before it is answered first."""
        if self._fault is None:
            self._fault = problem.response().encode(self._server.date(), close=True, head=head)
            self._next()

    def _read_on(self) -> None:
        """Read what has come, a slice at a time, while there is room for what it asks."""
        at, view = 0, memoryview(self._unread)
        while at < len(view) and not (self._paused or self._leaving or self._fault is not None):
            self._reader.feed(view[at:at + _SLICE])
            at += _SLICE
        self._unread = bytes(view[at:]) if self._paused else b""

    # One request after the other.

    def _next(self) -> None:
        """Begin the next request; or say what is wrong, or go, where nothing is before it."""
        transport = self._transport
        if self._busy or transport is None or self._sending.full or self._closes_at:
            return
        if self._ended:
            self._go(transport)
        elif self._waiting:
            asked = self._waiting.popleft()
            self._busy = True
            if self._paused and len(self._waiting) <= limits.IN_FLIGHT_PER_CONNECTION // 2:
                self._listen_again(transport)
            self._server.start(self._handle(asked))
        elif self._fault is not None:
            self._say(self._fault, last=True)
            self._next()
        elif self._leaving:
            self._go(transport)
        elif self._owes_continue:
            self._owes_continue = False
            transport.write(_CONTINUE)

    def _listen_again(self, transport: asyncio.Transport) -> None:
        self._paused = False
        if self._reader.began:
            self._reader.began = time.monotonic()  # it was we who did not listen
        transport.resume_reading()
        self._read_on()

    async def _handle(self, asked: Asked) -> None:
        try:
            response = await self._turned_away() if self._peer is not None else None
            if response is None:
                response = await asked.handler(asked.call)
        except asyncio.CancelledError:
            self.close()  # nobody will answer
            raise
        except Exception:
            # A bug in one request must not show its inside.
            _log.exception("request failed", door=self._server.name)
            response = failed().response()
        self._busy = False
        last = asked.last or (self._leaving and not self._waiting)
        if response.source is not None:
            last = True
            if not (self._leaving or asked.call.method == "HEAD"):
                self._become_stream(response, response.source)
                return
        self._say(self._encoded(response, last, asked.call.method == "HEAD"), last=last)
        if last or self._waiting or self._fault is not None or self._owes_continue:
            self._next()

    def _become_stream(self, response: Response, source: Source) -> None:
        """The connection is no longer ours: what else it has asked for is not answered."""
        transport, self._transport = self._transport, None
        if transport is None or transport.is_closing():
            return
        self._waiting.clear()
        self._unread = b""
        self._server.connections.discard(self)
        if self._paused:
            transport.resume_reading()  # nobody would hear it close
        self._server.streams.begin(transport, source, self._peer,
                                   self._encoded(response, last=True, head=False), self._place)

    def _encoded(self, response: Response, last: bool, head: bool) -> bytes:
        try:
            return response.encode(self._server.date(), close=last, head=head)
        except ValueError:
            _log.exception("answer cannot be sent", door=self._server.name)
            return failed().response().encode(self._server.date(), close=last, head=head)

    def _say(self, answer: bytes, *, last: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._sending.put(answer)
        if last:
            self._waiting.clear()
            self._unread = b""
            # It may be sending still: closed at once, it would hear of that before our answer.
            self._lingers = self._fault is not None or bool(self._reader.began)
            self._leaving = self._ended = True

    async def _turned_away(self) -> Response | None:
        """What a peer hears whose certificate is not believed; None where it is."""
        guard, peer = self._server.guard, self._peer
        if guard is None or peer is None:
            return None
        try:
            why = await guard.objection(peer)
        except JournalUnavailable:
            return ProblemError(503, "Busy", "certificates cannot be looked at: try again",
                                retry_after_s=1).response()
        if not why:
            return None
        await guard.tell(peer, why)
        self._leaving = True
        self._waiting.clear()
        return ProblemError(403, "Certificate", f"the certificate is {why}",
                            "certificate").response()

    # The end.

    def _go(self, transport: asyncio.Transport) -> None:
        """Everything is said. Who may be sending still is let out slowly (RFC 9112, 9.6)."""
        self._closes_at = time.monotonic() + limits.HALF_FRAME_TIMEOUT_S
        if not self._lingers:
            transport.close()
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        self._heard = time.monotonic()
        if self._peer is None:
            transport.write_eof()

    def _leave(self) -> None:
        self._leaving = True
        self._next()

    def listen_no_more(self) -> None:
        """What has come whole is answered; then the connection closes."""
        self._leave()

    def has_answers(self) -> bool:
        """Whether something is still to be said, or on its way."""
        return self._busy or bool(self._waiting) or self._sending.full \
            or not self._sending.empty()

    def check_age(self, now: float) -> None:
        """Close who does not end a request, does not read, says nothing for long, or was told to
        go."""
        if self._sending.full:
            if now - self._sending.stands_since(now) > limits.HALF_FRAME_TIMEOUT_S:
                self.close()
        elif self._closes_at:
            if now > self._closes_at:
                self.close()
            elif self._lingers and now - self._heard > limits.LINGER_S \
                    and self._transport is not None:
                self._lingers = False
                self._transport.close()
        elif self._asks_by and now > self._asks_by:
            self.close()
        elif self._reader.began and not (self._paused or self._leaving):
            if self._fault is None \
                    and now - self._reader.began > limits.HALF_FRAME_TIMEOUT_S:
                self.refuse(ProblemError(408, "Too slow",
                                         "the request did not come in time"), head=False)
        elif now - self._heard > limits.IDLE_CONNECTION_TIMEOUT_S and not self._busy:
            self.close()

    def close(self) -> None:
        """Now: what is not written is lost."""
        if self._transport is not None:
            self._transport.abort()

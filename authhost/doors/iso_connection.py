"""One peer of the ISO 8583 door: frames in, answers out, and the bounds of a connection.

Knows framing and the transport; must not know what a message means. What a peer sends wrong gets
a negative answer or a closed connection, and a count (invariants 14 and 16).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

import structlog

from authhost import limits
from authhost.certificates.guard import Peer, peer_of
from authhost.journal.entry import JournalUnavailable
from authhost.model import Action, Answer
from iso import DecodeError, Frame, Framer, FramingError

if TYPE_CHECKING:
    from authhost.doors.iso_tcp import IsoDoor

_log = structlog.get_logger()


class Connection(asyncio.Protocol):
    """One peer. Its frames are answered as they are decided, in any order."""

    def __init__(self, door: IsoDoor) -> None:
        self._door = door
        self._framer = Framer(door.framing)
        self._transport: asyncio.Transport | None = None
        self._certificate: str | None = None
        self._peer: Peer | None = None
        self._in_flight = 0
        self._waiting: list[Frame] = []
        self._heard = time.monotonic()
        self._frame_began = 0.0
        self._deaf = False
        self._turned_away = False
        self._leaving = False  # closes once what came before a bad frame is answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)
        if len(self._door.connections) >= limits.CONNECTIONS_PER_DOOR:
            self._door.metrics.count(self._door.name, "too_many_connections")
            self._transport.abort()
            return
        if self._door.tls is not None:
            peer = peer_of(transport.get_extra_info("ssl_object"))
            self._certificate = peer.name
            if self._door.guard is not None:
                self._peer = peer
        self._transport.set_write_buffer_limits(high=limits.WRITE_BUFFER_BYTES)
        self._door.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        try:
            frames = self._framer.feed(data)
        except FramingError:
            frames = []
        for frame in frames:
            self._take(frame)
        if self._framer.fault is not None:
            # Nothing after a length that cannot be believed can be read either.
            self._door.metrics.count(self._door.name, "bad_frame")
            self.listen_no_more()
            self._leaving = True
            self._leave()
            return
        if self._framer.buffered_bytes == 0:
            self._frame_began = 0.0
        elif frames or self._frame_began == 0.0:
            self._frame_began = self._heard

    def _take(self, frame: Frame) -> None:
        if self._in_flight >= limits.IN_FLIGHT_PER_CONNECTION:
            # The peer is ahead of us: read no further until some are answered.
            self._waiting.append(frame)
            if self._transport is not None:
                self._transport.pause_reading()
            return
        self._in_flight += 1
        door = self._door
        task = door.loop.create_task(self._handle(frame))
        door.tasks.add(task)
        task.add_done_callback(door.tasks.discard)

    async def _handle(self, frame: Frame) -> None:
        door = self._door
        try:
            if not door.load.enter():
                self._overloaded(frame)
                return
            try:
                if self._peer is not None and await self._is_refused(self._peer):
                    return
                await door.handle(frame, self, self._certificate)
            finally:
                door.load.leave()
        except Exception:
            # A bug in one message must not disturb another; the traceback has no values in it.
            door.metrics.count(door.name, "bug")
            _log.exception("message failed", door=door.name)
        finally:
            self._in_flight -= 1
            if self._waiting:
                self._resume()
            self._leave()

    async def _is_refused(self, peer: Peer) -> bool:
        """Whether the peer's certificate is not believed any more: then it is answered nothing."""
        guard = self._door.guard
        assert guard is not None, "a peer is kept for it"
        try:
            why = await guard.objection(peer)
        except JournalUnavailable as error:
            # Nobody can say: silence, as for every outcome that is not known.
            self._door.metrics.count(self._door.name, "silence")
            _log.warning("no answer", door=self._door.name, why=str(error))
            return True
        if why:
            await self._turn_away(peer, why)
        return bool(why)

    async def _turn_away(self, peer: Peer, why: str) -> None:
        if self._transport is None or self._turned_away:
            return
        self._turned_away = True
        self._door.metrics.count(self._door.name, "certificate_refused")
        self.listen_no_more()
        self.close()
        assert self._door.guard is not None, "it has said why"
        await self._door.guard.tell(peer, why)

    def _overloaded(self, frame: Frame) -> None:
        """Beyond the cap the answer is quick, and nothing is remembered of it."""
        door = self._door
        door.metrics.count(door.name, "overload")
        try:
            message = door.translator.profile.codec.decode(frame.body)
        except DecodeError:
            return
        busy = Answer(action=Action.BUSY, reason="busy")
        self.answer(frame.header, door.translator.answer(message, busy))

    def _resume(self) -> None:
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self._take(frame)
        if not self._waiting and self._transport is not None and not self._deaf:
            self._transport.resume_reading()

    def listen_no_more(self) -> None:
        """Read nothing further; what is in flight is still answered."""
        self._deaf = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _leave(self) -> None:
        if self._leaving and not self._in_flight:
            self.close()

    def answer(self, header: bytes, body: bytes) -> bool:
        """Send an answer; False when the peer has gone. An empty one closes the connection."""
        if self._transport is None or self._transport.is_closing():
            self._door.metrics.count(self._door.name, "gone_before_answer")
            return False
        if not body:
            self.close()
            return False
        framing = self._door.framing
        self._transport.write(framing.wrap(body, framing.reply_header(header)))
        return True

    def pause_writing(self) -> None:
        """The peer does not read its answers: it will have to ask for them again."""
        self._door.metrics.count(self._door.name, "slow_reader")
        if self._transport is not None:
            self._transport.abort()

    def check_age(self, now: float) -> None:
        """Close who holds half a frame for long, says nothing for long, is not believed any more.
        """
        if self._peer is not None and self._door.guard is not None \
                and (why := self._door.guard.at_hand(self._peer)):
            task = self._door.loop.create_task(self._turn_away(self._peer, why))
            self._door.tasks.add(task)
            task.add_done_callback(self._door.tasks.discard)
            return
        if self._frame_began and now - self._frame_began > limits.HALF_FRAME_TIMEOUT_S:
            self._door.metrics.count(self._door.name, "half_frame")
            self.close()
        elif now - self._heard > limits.IDLE_CONNECTION_TIMEOUT_S and not self._in_flight:
            self._door.metrics.count(self._door.name, "idle")
            self.close()

    def close(self) -> None:
        """Close, after what is written has left."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._waiting.clear()
        self._door.connections.discard(self)

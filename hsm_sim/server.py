"""The host interface: TCP and TLS, messages in, answers out.

Commands are answered in the turn that reads them, and all answers of a turn leave in one write. A
turn is short: of a peer that sends more than it has time for, the rest waits while others are
answered, and nothing more is read. Knows sockets; what a message means is the dispatcher's. A peer
that does not read is not read from; one that sends a length that cannot be believed loses its own
connection alone.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import cast

from hsm_sim.dispatch import Dispatcher
from hsm_sim.frame import Framer
from hsm_sim.private_files import StoreError
from hsm_sim.settings import (
    CONNECTIONS,
    DRAIN_TIMEOUT_S,
    KEEPALIVE_S,
    STUCK_TIMEOUT_S,
    TLS_HANDSHAKE_TIMEOUT_S,
    TURN_S,
    WRITE_BUFFER_BYTES,
)


class HostServer:
    """All lines to hosts, and the connections on them."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.connections: set[Connection] = set()
        self.refused = 0
        self.bad_lengths = 0
        self._servers: list[asyncio.Server] = []
        self._empty = asyncio.Event()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; the port that was given (0 asks for a free one)."""
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), host, port, ssl=tls, backlog=256,
            ssl_handshake_timeout=TLS_HANDSHAKE_TIMEOUT_S if tls else None)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    def leave(self, connection: Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def sweep(self) -> None:
        """Close who began a message and does not end it, or does not read its answers."""
        now = time.monotonic()
        for connection in list(self.connections):
            connection.check_age(now)

    async def close(self) -> None:
        """Take no more, let answers that were written leave, then let go."""
        self._empty.clear()
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.close()
        if self.connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_TIMEOUT_S):
                    await self._empty.wait()
        for connection in list(self.connections):
            connection.abort()

    def figures(self) -> dict[str, object]:
        """Counts, by the letters and code of the answers."""
        return {"connections": len(self.connections), "connections_refused": self.refused,
                "bad_lengths": self.bad_lengths,
                "answers": {name.decode("ascii"): count for name, count
                            in sorted(self.dispatcher.counts.items())}}


class Connection(asyncio.Protocol):
    """One host's connection."""

    def __init__(self, server: HostServer) -> None:
        self._server = server
        self._framer = Framer()
        self._waiting: deque[bytes] = deque()
        self._is_ending = False
        self._transport: asyncio.Transport | None = None
        self._half_since = 0.0
        self._unread_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by duck type alone.
        self._transport = cast(asyncio.Transport, transport)
        if len(self._server.connections) >= CONNECTIONS:
            self._server.refused += 1
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        _keep_alive(self._transport.get_extra_info("socket"))
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._is_ending:
            return
        is_at_work = bool(self._waiting)  # more than one read may come before reading stops
        messages = self._framer.feed(data)
        self._waiting.extend(messages)
        if self._framer.broken:
            self._server.bad_lengths += 1
            self._is_ending = True
        if not self._framer.half:
            self._half_since = 0.0
        elif messages or not self._half_since:
            self._half_since = time.monotonic()
        if not is_at_work:
            self._work()

    def _work(self) -> None:
        """Answer what waits, for one turn; then others have theirs."""
        transport, waiting = self._transport, self._waiting
        if transport is None or transport.is_closing() or self._unread_since:
            return
        answer, end = self._server.dispatcher.answer, time.monotonic() + TURN_S
        answers = []
        while waiting:
            answers.append(answer(waiting.popleft()))
            if time.monotonic() > end:
                break
        if answers:
            transport.write(b"".join(answers))  # may call pause_writing
        if waiting:
            transport.pause_reading()
            if not self._unread_since:
                asyncio.get_running_loop().call_soon(self._work)
        elif self._is_ending:
            transport.close()
        elif not self._unread_since:
            transport.resume_reading()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
            self._unread_since = time.monotonic()

    def resume_writing(self) -> None:
        self._unread_since = 0.0
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.leave(self)
        self._transport = None
        self._waiting.clear()

    def check_age(self, now: float) -> None:
        """Close it when it has been stuck for too long. What waits for its turn is not stuck."""
        if self._waiting and self._half_since:
            self._half_since = now
        if any(since and now - since > STUCK_TIMEOUT_S
               for since in (self._half_since, self._unread_since)):
            self.abort()

    def close(self) -> None:
        """Close once what was read is answered, and what was written has left."""
        self._is_ending = True
        if not self._waiting and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()


def _keep_alive(line: socket.socket) -> None:
    """A host that died without a word gives its place back."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S // 4)


def tls_context(certificate: Path, key: Path, ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later; with a CA, hosts have to show a certificate of it. StoreError: files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise StoreError(f"TLS: {certificate}, {key}, {ca}: {error}") from None
    return context

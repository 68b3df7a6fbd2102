"""The host interface: TCP and TLS, messages in, answers out.

Commands are answered in the turn that reads them, and all answers of a turn leave in one write:
nothing waits for anything. Knows sockets; what a message means is the dispatcher's. A peer that
does not read is not read from; one that sends a length that cannot be believed loses its own
connection alone.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

from hsm_sim.dispatch import Dispatcher
from hsm_sim.frame import Framer
from hsm_sim.private_files import StoreError
from hsm_sim.settings import (
    CONNECTIONS,
    DRAIN_TIMEOUT_S,
    STUCK_TIMEOUT_S,
    TLS_HANDSHAKE_TIMEOUT_S,
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
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        messages = self._framer.feed(data)
        transport = self._transport
        if transport is None:
            return
        if messages:
            answer = self._server.dispatcher.answer
            transport.write(b"".join([answer(message) for message in messages]))
        if self._framer.broken:
            self._server.bad_lengths += 1
            transport.close()
        elif not self._framer.half:
            self._half_since = 0.0
        elif messages or not self._half_since:
            self._half_since = time.monotonic()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
            self._unread_since = time.monotonic()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()
            self._unread_since = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.leave(self)
        self._transport = None

    def check_age(self, now: float) -> None:
        """Close it when it has been stuck for too long."""
        if any(since and now - since > STUCK_TIMEOUT_S
               for since in (self._half_since, self._unread_since)):
            self.abort()

    def close(self) -> None:
        """Close once what was written has left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()


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

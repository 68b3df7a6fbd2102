"""uvicorn around the JSON door: sockets, TLS, and the peer's certificate in the scope."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from authhost import limits
from authhost.doors.iso_connection import common_name


class _Protocol(HttpToolsProtocol):
    """Says who the peer is, as the ASGI TLS extension would; one connection too many is closed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > limits.CONNECTIONS_PER_DOOR:
            transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        ssl_object = self.transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            name = common_name(ssl_object.getpeercert())
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # its own TypedDict
            scope.setdefault("extensions", {})["tls"] = {"client_cert_name": name}


class HttpServer(uvicorn.Server):
    """A server that leaves signals to the process."""

    def __init__(self, app: Starlette, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app, host, port, http=_Protocol, loop="none", lifespan="off", log_config=None,
            access_log=False, limit_concurrency=None, backlog=1024, server_header=False,
            timeout_graceful_shutdown=limits.DRAIN_TIMEOUT_S)
        config.load()
        config.ssl = tls
        super().__init__(config)
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def listen(self) -> int:
        """Begin to serve; the port that was given."""
        self._task = asyncio.create_task(self.serve())
        while not self.started:
            if self._task.done():
                self._task.result()
                raise OSError("the HTTP door did not open")
            await asyncio.sleep(0.01)
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, let what is in flight end."""
        self.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

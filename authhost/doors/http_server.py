"""The socket of the JSON door: its connections, TLS, and which handler a path has.

Knows sockets and whom the guard of certificates believes; must not know what a request means.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Coroutine, Sequence
from email.utils import formatdate
from functools import partial
from typing import Any, Final

from authhost import limits
from authhost.certificates.guard import CertificateGuard
from authhost.doors.accepting import Acceptor
from authhost.doors.call import Call, Endpoint
from authhost.doors.http_connection import HttpConnection
from authhost.doors.http_streams import Streams
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.doors.routes import Routes

_SWEEP_S: Final = 1.0
_SWEEP_SLICE: Final = 256  # connections looked at before others have their turn
_DRAIN_S: Final = 0.02


class HttpServer:
    """One door, plain or mutual TLS. public: anybody may come, and places are given before TLS."""

    name: Final = "http"

    def __init__(self, endpoints: Sequence[Endpoint], host: str, port: int,
                 tls: ssl.SSLContext | None, guard: CertificateGuard | None = None, *,
                 public: bool = False) -> None:
        self._routes = Routes((method, one.path, one) for one in endpoints
                              for method in _methods(one))
        self._host = host
        self._port = port
        self._tls = tls
        self.guard = guard if tls is not None else None
        self.connections: set[HttpConnection] = set()
        self.acceptor = Acceptor(partial(HttpConnection, self), tls)
        self.streams = Streams(self.guard, self.acceptor.gone)
        self._public = public
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._second = -1
        self._date = b""

    async def listen(self) -> int:
        """Begin to serve; the port that was given (0 asks for a free one)."""
        if self._public:
            port = await self.acceptor.listen(self._host, self._port)
        else:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: HttpConnection(self), self._host, self._port, ssl=self._tls, backlog=1024,
                ssl_handshake_timeout=10 if self._tls else None)
            port = self._server.sockets[0].getsockname()[1]
        self._sweeper = asyncio.create_task(self._sweep())
        self.streams.start()
        return port

    async def close(self) -> None:
        """Stop listening, let what is in flight end and leave, then close the connections."""
        if self._server is not None:
            self._server.close()
        self.acceptor.close()
        for connection in list(self.connections):
            connection.listen_no_more()
        await self.streams.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limits.DRAIN_TIMEOUT_S)
        await asyncio.sleep(0)  # what was written last leaves
        for _ in range(int(limits.DRAIN_TIMEOUT_S / _DRAIN_S)):
            if not any(one.has_answers() for one in self.connections):
                break
            await asyncio.sleep(_DRAIN_S)
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        for connection in list(self.connections):
            connection.close()

    def route(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """Who answers, and the segments of the path by name; where nobody does, who says so."""
        found = self._routes.find(method, path)
        if found is None:
            return _NOWHERE, {}
        if found.there is None:
            return _not_allowed(", ".join(sorted(found.methods))), {}
        return found.there, found.values

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def date(self) -> bytes:
        """The header line that an origin server with a clock sends (RFC 9110, 6.6.1)."""
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._date = b"date: %s\r\n" % formatdate(now, usegmt=True).encode()
        return self._date

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            for number, connection in enumerate(list(self.connections), 1):
                connection.check_age(now)
                if number % _SWEEP_SLICE == 0:
                    await asyncio.sleep(0)


def _methods(endpoint: Endpoint) -> Sequence[str]:
    return ("GET", "HEAD") if endpoint.method == "GET" and endpoint.safe else (endpoint.method,)


async def _nowhere(_: Call) -> Response:
    return ProblemError(404, "Not found", "there is nothing at this path").response()


def _not_allowed(methods: str) -> Endpoint:
    async def handler(_: Call) -> Response:
        response = ProblemError(405, "Method not allowed",
                                f"this path takes {methods}").response()
        response.headers["Allow"] = methods
        return response

    return Endpoint("", "", handler)


_NOWHERE: Final = Endpoint("", "", _nowhere)

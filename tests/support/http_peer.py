"""An HTTP server with routes of its own, and peers that write byte for byte what a test wants.

Knows sockets, TLS and how an answer ends; parses no more of it. The server has a thread and a loop
of its own, so that a peer may block.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from authhost.doors.call import Call, Endpoint, json_response
from authhost.doors.http_server import HttpServer
from authhost.doors.response import Response
from authhost.settings import TlsFiles
from terminals.pki import Authority, client_context

PATIENCE_S = 10


class Answer(NamedTuple):
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Gone(Exception):
    """The connection ended where an answer should have begun."""


class Peer:
    """A blocking socket to the server."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, **options: int) -> None:
        raw = socket.socket()
        for name, value in options.items():
            raw.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(PATIENCE_S)
        self.socket, self._unread = raw, b""
        try:
            raw.connect(("127.0.0.1", port))
            if context is not None:
                self.socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        except OSError:
            raw.close()
            raise

    def send(self, data: bytes) -> None:
        """All of it."""
        self.socket.sendall(data)

    def answer(self, *, head: bool = False) -> Answer:
        """The next answer; interim ones too. head: it has no body, whatever its length says."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        text, _, self._unread = self._unread.partition(b"\r\n\r\n")
        first, *lines = text.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        status = int(first.split(" ")[1])
        size = 0 if head or status < 200 else int(headers.get("content-length", "0"))
        body = bytearray(self._unread)
        while len(body) < size:
            body += self._read()
        self._unread = bytes(body[size:])
        return Answer(status, headers, bytes(body[:size]))

    def ask(self, data: bytes, **more: bool) -> Answer:
        """Send, and hear."""
        self.send(data)
        return self.answer(**more)

    def ends(self) -> bool:
        """Whether the server closes now and cleanly, with nothing more said."""
        return not self._unread and not self.socket.recv(1)

    def close(self) -> None:
        """Without a word."""
        self.socket.close()

    def _more(self) -> None:
        self._unread += self._read()

    def _read(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise Gone(self._unread)
        return data


class Served:
    """A running server. held: what `POST /held` waits for; public: anybody may come."""

    def __init__(self, loop: asyncio.AbstractEventLoop, files: tuple[TlsFiles, Any] | None, *,
                 public: bool = False) -> None:
        self.loop = loop
        self.held = asyncio.Event()
        self.begun = 0
        tls, self.context = files if files is not None else (None, None)
        self.server = HttpServer(self._endpoints(), "127.0.0.1", 0, tls and tls.context(),
                                 public=public)
        self._thread = threading.Thread(target=loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self.run(self.server.listen())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run it on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    def free(self) -> None:
        """Let go what is held."""
        self.loop.call_soon_threadsafe(self.held.set)

    def until(self, is_so: Any) -> None:
        """Wait for something the server does."""
        ends = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < ends, "it did not come to it"
            time.sleep(0.005)

    @contextlib.contextmanager
    def peer(self, **options: int) -> Iterator[Peer]:
        """A new connection."""
        made = Peer(self.port, self.context, **options)
        try:
            yield made
        finally:
            made.close()

    def stop(self) -> None:
        """The server, its loop and its thread."""
        self.free()
        self.run(self.server.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()

    def _endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint("POST", "/told", told), Endpoint("GET", "/told", told),
                Endpoint("POST", "/imports", told, 2_000_000),
                Endpoint("GET", "/named/{name}", told), Endpoint("GET", "/named/all", _all),
                Endpoint("GET", "/large/{bytes}", _large), Endpoint("GET", "/empty", _empty),
                Endpoint("GET", "/bug", _bug), Endpoint("GET", "/header", _header),
                Endpoint("POST", "/held", self._held)]

    async def _held(self, call: Call) -> Response:
        self.begun += 1
        await self.held.wait()
        return await told(call)


async def told(call: Call) -> Response:
    """What came, as it was understood."""
    return json_response(json.dumps({
        "method": call.method, "path": call.path, "query": dict(call.query),
        "key": call.idempotency_key, "body": call.body.decode("latin-1"),
        "headers": dict(call.headers)}).encode())


async def _all(_: Call) -> Response:
    return json_response(b'"all"')


async def _large(call: Call) -> Response:
    return Response(bytes(int(call.path["bytes"])), media_type="text/csv")


async def _empty(_: Call) -> Response:
    return Response(status_code=204)


async def _bug(_: Call) -> Response:
    raise RuntimeError("its inside")


async def _header(call: Call) -> Response:
    return Response(b"made", 201, {"Location": call.query["to"]})


def files(directory: Path) -> tuple[TlsFiles, ssl.SSLContext]:
    """A server's certificate, and a client that has one too."""
    authority = Authority.create(directory)
    server = authority.server()
    return (TlsFiles(authority.certificate_path, server.certificate, server.key),
            client_context(authority.certificate_path, authority.client("SAFE0001")))


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """The host runs on uvloop, tests often on asyncio's own."""
    return uvloop.new_event_loop() if kind == "uvloop" else asyncio.new_event_loop()

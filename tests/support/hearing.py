"""Somebody else's HTTPS server on this machine: keeps what it hears, and answers as it is told.

Knows sockets, TLS and as much of HTTP/1.1 as a POST needs; nothing of the host's own HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from terminals.pki import Authority


class Heard(NamedTuple):
    """A request. headers: names in lower case; server_name: that TLS was asked for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    server_name: str


class Reply(NamedTuple):
    """An answer. raw: these bytes in its place."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    raw: bytes | None = None


class Hearing:
    """One server under several names. reply: what is answered to whom."""

    def __init__(self, directory: Path, names: Sequence[str], *, tls: bool = True) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.reply: Callable[[Heard], Awaitable[Reply]] = _no_content
        self._names: dict[int, str] = {}
        self._server: asyncio.Server | None = None
        self._context = self.trusted = None
        if tls:
            authority = Authority.create(directory)
            identity = authority.server(names)
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(identity.certificate, identity.key)
            self._context.sni_callback = self._asked_for
            self.trusted = ssl.create_default_context(cafile=str(authority.certificate_path))
        self.port = 0

    async def listen(self) -> None:
        """On a free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """All connections too."""
        assert self._server is not None, "it listens"
        self._server.close()
        for task in asyncio.all_tasks():
            if task.get_name() == f"hearing {id(self)}":
                task.cancel()
        await asyncio.sleep(0.05)

    def _asked_for(self, tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._names[id(tls)] = name or ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a task serves"
        task.set_name(f"hearing {id(self)}")
        self.connections += 1
        name = self._names.pop(id(writer.get_extra_info("ssl_object")), "")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                await self._one(reader, writer, name)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
                   name: str) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        heard = Heard(method, path, headers, body, name)
        self.heard.append(heard)
        reply = await self.reply(heard)
        lines = [f"HTTP/1.1 {reply.status} x", f"content-length: {len(reply.body)}",
                 *(f"{key}: {value}" for key, value in reply.headers)]
        if reply.status == 204:
            del lines[1]
        writer.write(reply.raw or "\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()


async def _no_content(_: Heard) -> Reply:
    return Reply()

"""A rig's payments with hubs, the phones' routes on a socket, and clients that read streams.

Knows the routes and how an event reads; a client lives on the rig's loop. A second hub stands for
another host: it has the database and the Valkey in common with the first, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from authhost.doors.call import Endpoint
from authhost.doors.http_server import HttpServer
from authhost.doors.phone_payments import PhonePaymentRoutes
from authhost.doors.streams import events, piece
from authhost.payments.hub import Hub
from authhost.payments.life import State
from authhost.payments.model import Asked
from authhost.payments.ports import Told
from tests.support.payments import Shop
from tests.support.rig import Rig

PATIENCE_S = 10


class Event:
    """One event of a stream."""

    def __init__(self, event_id: str, kind: str, data: Any) -> None:
        self.event_id = event_id
        self.kind = kind
        self.data = data

    @property
    def state(self) -> str:
        """What the payment is."""
        state: str = self.data["state"]
        return state


class Stream:
    """A client's end of one."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def next(self) -> Event:
        """The next event; comments and `retry` are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self._reader.readuntil(b"\n")).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                elif "data" in fields:
                    return Event(fields["id"], fields["event"], json.loads(fields["data"]))

    async def until(self, state: str) -> list[Event]:
        """The events up to one of that state."""
        found = [await self.next()]
        while found[-1].state != state:
            found.append(await self.next())
        return found

    async def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing is told for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.next()
        except TimeoutError:
            return True
        return False

    async def ended(self) -> bool:
        """Whether it ends, with nothing more told."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                rest = await self._reader.read()
        except ConnectionError:
            return True
        return b"data" not in rest


class Phones:
    """Of one rig. hubs: of this host and of another; on the first one's socket are the routes."""

    def __init__(self, rig: Rig, tls: ssl.SSLContext | None = None) -> None:
        self.rig = rig
        self.shop = Shop(rig)
        self.port = 0

        async def start() -> tuple[Hub, Hub, HttpServer]:
            ours, theirs = self._hub("ours"), self._hub("theirs")
            routes = [*PhonePaymentRoutes(self.shop.payments, ours, plain=True).endpoints(),
                      *_listening("ours", ours), *_listening("theirs", theirs)]
            door = rig.host.http_door
            server = HttpServer([door._guarded(one) for one in routes], "127.0.0.1", 0, tls)
            self.port = await server.listen()
            await until(lambda: _so(ours.others.listens and theirs.others.listens))
            return ours, theirs, server

        self.hub, self.other, self.server = rig.run(start())
        self.shop.payments._tell = self._tell

    def _tell(self, told: Told) -> None:
        self.shop.told.append(told)
        self.hub.tell(told)

    def _hub(self, host: str) -> Hub:
        settings, pool = self.rig.settings, self.rig.host._pool
        hub = Hub(pool=pool, clock=settings.clock, state=self.rig.host.state,
                  state_url=settings.redis_url, host=host, piece=piece,
                  channel=f"test:{settings.database_url}")
        hub.start()
        return hub

    def close(self) -> None:
        """Server, hubs and lane."""
        self.rig.run(self.server.close())
        self.rig.run(self.hub.close())
        self.rig.run(self.other.close())
        self.shop.close()

    @contextlib.asynccontextmanager
    async def stream(self, path: str,
                     context: ssl.SSLContext | None = None) -> AsyncIterator[Stream]:
        """A stream that has begun."""
        host = "127.0.0.1" if context is not None else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context,
                                                       server_hostname=host)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head, head
            yield Stream(reader)
        finally:
            writer.transport.abort()

    def settled(self, asked: Asked, state: State) -> None:
        """Wait until the row says so."""
        async def so() -> bool:
            return (await self.shop.payments.archive.standing(asked.payment_id)).state is state

        self.rig.run(until(so))

    def ask(self, method: str, path: str, body: Any = None,
            context: ssl.SSLContext | None = None) -> httpx.Response:
        """One request."""
        async def ask() -> httpx.Response:
            scheme = "https" if context is not None else "http"
            async with httpx.AsyncClient(base_url=f"{scheme}://127.0.0.1:{self.port}",
                                         verify=context or False) as client:
                return await client.request(method, path, json=body)

        return self.rig.run(ask())


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that the host does."""
    for _ in range(PATIENCE_S * 100):
        if await is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to it")


async def _so(value: bool) -> bool:
    return value


def _listening(name: str, hub: Hub) -> list[Endpoint]:
    """What merchants' routes would answer with, without merchants; and phones of another host."""
    async def merchant(call: Any) -> Any:
        return events(hub.merchant(call.path["id"]))

    async def payment(call: Any) -> Any:
        return events(hub.payment(call.path["id"]))

    async def phone(call: Any) -> Any:
        return events(hub.phone(call.path["id"]))

    return [Endpoint("GET", f"/{name}/merchants/{{id}}", merchant),
            Endpoint("GET", f"/{name}/payments/{{id}}", payment),
            Endpoint("GET", f"/{name}/phones/{{id}}", phone)]

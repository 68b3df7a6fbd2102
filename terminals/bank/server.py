"""The bank as a server: it listens, commits what one turn of the event loop has booked, and can be
down: then nobody is let in, and who was in is cut off.

Knows sockets and turns; must not know documents.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from terminals.bank.books import Books, Payment
from terminals.bank.conduct import Conduct
from terminals.bank.desk import Desk, Told
from terminals.bank.wire import Wire


def real_now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class BankServer:
    """A bank that listens. `async with BankServer(books_path, tls) as bank: bank.url`.

    tls: a server's context that demands clients' certificates, None for plain HTTP.
    """

    def __init__(self, path: Path, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1",
                 port: int = 0, now_us: Callable[[], int] = real_now_us) -> None:
        self.books = Books(path)
        self._desk = Desk(self.books, now_us, self._changed)
        self._tls = tls
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._wires: set[Wire] = set()
        self._unsaid: list[tuple[Wire, Told]] = []
        self._later: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, at the same port as before."""
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                self._wire, self._host, self.port, ssl=self._tls, backlog=1024)
            self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Be down: nobody is let in."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for wire in list(self._wires):
            wire.cut()
        if server is not None:
            await server.wait_closed()

    async def behave(self, conduct: Conduct) -> None:
        """From now on."""
        self._desk.behave(conduct)
        if conduct.down or conduct.down_s:
            await self.shut()
            if conduct.down_s:
                await asyncio.sleep(conduct.down_s)
                self._desk.behave(msgspec.structs.replace(conduct, down_s=0.0, down=False))
                await self.open()
        else:
            await self.open()

    def payments(self) -> list[Payment]:
        """Its books."""
        return self.books.payments()

    async def close(self) -> None:
        """Down for good."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self.shut()
        self.books.close()

    def _wire(self) -> Wire:
        wire = Wire(self._asked, self._wires.discard)
        self._wires.add(wire)
        return wire

    def _asked(self, wire: Wire, method: str, target: str, body: bytes) -> None:
        if not self._unsaid:
            asyncio.get_running_loop().call_soon(self._turn)
        self._unsaid.append((wire, self._desk.answer(method, target, body)))

    def _turn(self) -> None:
        """One commit for all that came in this turn; then the answers."""
        self.books.commit()
        unsaid, self._unsaid = self._unsaid, []
        for wire, told in unsaid:
            wire.tell(told)

    def _changed(self, conduct: Conduct) -> None:
        """Told over the wire: after the answer has left."""
        def begin() -> None:
            task = asyncio.get_running_loop().create_task(self.behave(conduct))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        asyncio.get_running_loop().call_later(0.01, begin)

"""A host for safes that writes everything down, and what a safe's program needs to live before it.

A real HTTP server with the safes' paths. It books by number, as the real host does: what comes
twice counts once and is answered the same, and a gap in the numbers is asked for.
"""

from __future__ import annotations

import asyncio
import http
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terminals.safe.config import Config, HostSettings, MachineSettings, Place, Rules, StoreSettings
from terminals.safe.counted import Count, Piece, Slip

SAFE = "S0001"
CASSETTE = "340123450000000017"
NEXT_CASSETTE = "340123450000000024"
CODE = "A4MFV-BNM0A-GQ116-EVP5H-792MX"  # of every receipt
NOTES = (Piece(5_000, 4, "note", "4a"), Piece(200, 3, "coin"))  # 206.00
ANA = Slip(depositor="ana")
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)

Decide = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]] | None]


class SafeHost:
    """seen: (path, body) of all that came; books: what counted, by number.

    decide: status and answer of a path and body; None is silence. forget: numbers it will say it
    lacks.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.books: dict[int, tuple[str, dict[str, Any]]] = {}
        self.answers: dict[int, tuple[int, bytes]] = {}
        self.decide: Decide = agree
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> SafeHost:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens, nobody is connected."""
        assert self._server is not None, "start() first"
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()
        await self.until(lambda: not self._writers)

    def booked(self, path: str) -> list[int]:
        """The numbers that counted at this path, in the order they came first."""
        return [number for number, (where, _) in self.books.items() if where.endswith(path)]

    def money(self) -> int:
        """Minor units of all deposits of cash that counted."""
        return sum(body["amount_minor"] for path, body in self.books.values()
                   if path.endswith("/deposits") and body.get("kind", "cash") == "cash")

    def forget(self, number: int) -> None:
        """As a host does that was set back."""
        del self.books[number], self.answers[number]

    @property
    def missing(self) -> list[int]:
        """Numbers below the greatest that never came."""
        return [number for number in range(1, max(self.books, default=0))
                if number not in self.books]

    async def until(self, true: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something to be seen."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not true():
            assert asyncio.get_running_loop().time() < deadline, self.seen
            await asyncio.sleep(0.005)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = _LENGTH.search(head)
                content = await reader.readexactly(int(length[1]) if length else 0)
                path = head.split(b" ", 2)[1].decode().removeprefix(f"/v1/safes/{SAFE}")
                if head.startswith(b"GET "):
                    writer.write(self._response(*self._receipt(path)))
                    continue
                body = json.loads(content)
                self.seen.append((path, body))
                answered = self._answer(path, body)
                if answered is None:
                    return
                writer.write(self._response(*answered))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _receipt(self, path: str) -> tuple[int, bytes]:
        """/receipts/7: of a deposit that counted."""
        number = int(path.rpartition("/")[2])
        if self.books.get(number, ("", {}))[0] != "/deposits":
            return 404, b'{"title":"Not found"}'
        return 200, json.dumps({"number": f"20261122-{SAFE}-{number}", "code": CODE,
                                "copy": None}).encode()

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes] | None:
        number = body["sequence"]
        if number in self.books:
            if self.books[number] != (path, body):
                return 422, b'{"title":"Number used for other content"}'
            return self.answers[number]
        decided = self.decide(path, body)
        if decided is None:
            return None
        status, answer = decided
        content = json.dumps(answer).encode()
        if status == http.HTTPStatus.OK:
            self.books[number] = (path, body)
            self.answers[number] = (status, content)
        return status, content

    def _response(self, status: int, body: bytes) -> bytes:
        missing = ", ".join(map(str, self.missing))
        gaps = f"Missing-Sequences: {missing}\r\n" if missing else ""
        return (f"HTTP/1.1 {status} said\r\nContent-Length: {len(body)}\r\n"
                f"Content-Type: application/json\r\n{gaps}\r\n").encode() + body


def agree(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A host that takes everything."""
    if path == "/authorizations":
        return 200, {"decision": "approved", "authorization": f"auth{body['sequence']}"}
    if path.endswith("/cancellation"):
        return 200, {"decision": "cancelled"}
    if path == "/deposits":
        return 200, {"decision": "approved", "approval_code": "ABC123"}
    return 200, {"missing": []}


def settings(folder: Path, port: int, **rules: Any) -> Config:
    """A safe before a host on this port."""
    return Config(
        terminal=Place(id=SAFE, name="Markthalle Mitte", address="Ring 1, 1010 Wien",
                       model="TS-3", currencies=("EUR", "CHF")),
        host=HostSettings(url=f"http://127.0.0.1:{port}", answer_timeout_s=0.3),
        store=StoreSettings(path=folder / "safe.db"),
        machine=MachineSettings(file=folder / "machine.json"), safe=Rules(**rules))


def notes(*pieces: Piece, **more: Any) -> Count:
    """Euro notes and coins that a person puts in."""
    return Count(currency="EUR", pieces=pieces or NOTES, **more)

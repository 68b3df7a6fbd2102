"""A host for stations that writes everything down, and what an edge needs to live before it.

A real TCP server that speaks the profile ifsf and, on another port, a real HTTP one with the
station's paths. It books by key, as the real host does: what comes twice counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet

import iso
from chip import curve
from iso import FRAMINGS, Framer, Message
from terminals.edge.catalogue import Envelope
from terminals.edge.config import Config, HostSettings, Place, StationSettings, StoreSettings
from terminals.pos import Timing
from tests.support.cards import CONTENTS, SERIAL
from tests.support.cards import TODAY as CARD_TODAY

FAST = Timing(answer_timeout_s=0.3, request_repeats=1, advice_repeats=2, reconnect_pause_s=0.01)
NOW = datetime(2026, 7, 29, 10, 15, tzinfo=UTC)
PAN = CONTENTS.identity.pan
assert NOW.date() == CARD_TODAY


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        """Forward, or back."""
        self.now += timedelta(**by)


class StationHost:
    """seen: every message; books: what counted, by key; decide: None is silence.

    silent: nothing is answered; down: nobody listens any more (see `stop`).
    """

    def __init__(self) -> None:
        self.seen: list[Message] = []
        self.books: dict[tuple[str, str, str], Message] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.silent = False
        self.decide: Callable[[Message], str | None] = lambda _: "000"
        self.catalogues = Catalogues()
        self.balance: dict[str, Any] = {"state": "balanced", "differences": []}
        self.findings: dict[str, Any] = {}
        self.beaten: dict[str, Any] = {"catalogue_version": 0, "upload": False, "time": None}
        self.reconciled = "500"
        self.port = 0
        self.http_port = 0
        self._codec = iso.get("ifsf").codec
        self._framing = FRAMINGS["binary2"]
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> StationHost:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, again on the same ports."""
        iso_server = await asyncio.start_server(self._iso, "127.0.0.1", self.port)
        http_server = await asyncio.start_server(self._http, "127.0.0.1", self.http_port)
        self.port = iso_server.sockets[0].getsockname()[1]
        self.http_port = http_server.sockets[0].getsockname()[1]
        self._servers = [iso_server, http_server]

    async def stop(self) -> None:
        """Nobody listens, nobody is connected."""
        for server in self._servers:
            server.close()
        for writer in list(self._writers):
            writer.close()
        for server in self._servers:
            await server.wait_closed()
        await self.until(lambda: not self._writers)

    def kinds(self, *mtis: str) -> list[str]:
        """MTIs as they came, but for echoes."""
        return [one.mti for one in self.seen if one.mti[:2] != "18" and (
            not mtis or one.mti in mtis)]

    @property
    def last(self) -> Message:
        """The last message that is no echo."""
        return next(one for one in reversed(self.seen) if one.mti[:2] != "18")

    def booked(self, mti: str) -> list[str]:
        """Sequence numbers that counted, in the order they came first; mti without repeat digit."""
        return [stan for (mti_class, stan, _) in self.books if mti_class == mti[:3]]

    async def until(self, true: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something to be seen."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not true():
            assert asyncio.get_running_loop().time() < deadline, self.kinds()
            await asyncio.sleep(0.005)

    async def _iso(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        framer = Framer(self._framing)
        try:
            while data := await reader.read(4096):
                for frame in framer.feed(data):
                    message = self._codec.decode(frame.body)
                    self.seen.append(message)
                    answer = self._answer(message)
                    if answer is not None:
                        writer.write(self._framing.wrap(self._codec.encode(answer)))
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    def _answer(self, message: Message) -> Message | None:
        if self.silent:
            return None
        echoed: dict[int, str | bytes] = {
            number: value for number, value in message.fields.items()
            if number in (4, 7, 11, 12, 32, 41, 49)}
        mti = message.mti[:2] + str(int(message.mti[2]) + 1) + "0"
        if message.mti.startswith("18"):
            return Message(mti, dict(sorted((echoed | {39: "800"}).items())))
        action = self.decide(message)
        if action is None:
            return None
        if message.mti.startswith("152") and action == "000":
            action = self.reconciled
        elif action in ("000", "002"):
            key = (message.mti[:3], message.text(11) or "", (message.text(12) or "")[:6])
            self.books.setdefault(key, message)
        if message.mti.startswith("14"):
            action = "400" if action == "000" else action
        elif action == "000":
            echoed[38] = "ABC123"
        return Message(mti, dict(sorted((echoed | {39: action}).items())))

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                method, path, _ = lines[0].split(" ")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                content = msgspec.json.decode(body) if body else None
                self.requests.append((method, path, content))
                status, said = self._said(path.split("?")[0].rpartition("/")[2], path)
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(said)}\r\n\r\n".encode()
                             + said)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    def _said(self, noun: str, path: str) -> tuple[int, bytes]:
        if self.silent:
            return 503, b""
        if noun == "catalogue":
            envelope = self.catalogues.pending
            return (200, msgspec.json.encode(envelope)) if envelope is not None else (304, b"")
        answers = {"heartbeats": self.beaten, "shifts": self.balance,
                   "transactions": self.findings}
        return 200, msgspec.json.encode(answers[noun])


class Catalogues:
    """Signs catalogues. pending: what the next one who asks gets; None: nothing newer."""

    def __init__(self) -> None:
        self.key = curve.new_key()
        self.pending: Envelope | None = None

    @property
    def point(self) -> str:
        """The public half, as a terminal is set up with it."""
        return curve.point(self.key).hex()

    def content(self, version: int = 1, **more: Any) -> dict[str, Any]:
        """A full catalogue that lets the card of `tests.support.cards` buy two products."""
        return {
            "format": 1, "terminal_id": "T0101", "site_id": "S1", "version": version, "base": 0,
            "issued_at": NOW.isoformat(), "valid_until": (NOW + timedelta(days=3)).isoformat(),
            "currency": "EUR", "sections": {
                "products": {"put": {
                    "001": {"name": "Diesel", "unit": "L", "fuel": True, "groups": ["fuel"],
                            "code": "001"},
                    "002": {"name": "Petrol 95", "unit": "L", "fuel": True, "groups": ["fuel"],
                            "code": "002"},
                    "410": {"name": "Coffee", "unit": "U", "fuel": False, "groups": ["shop"],
                            "code": "410"}}, "drop": []},
                "prices": {"put": {"7/001": {
                    "unit_price": "1.499", "contract": "K-7", "version": 3,
                    "from": "2026-01-01T00:00:00Z", "until": None}}, "drop": []},
                "cards": {"put": {SERIAL.hex(): {
                    "account": 7, "products": ["@fuel"], "max": 14000, "prompts": []}}, "drop": []},
                "blocklist": {"put": {}, "drop": []},
                "rules": {"put": {
                    "offline": {"permitted": True},
                    "floor": {"currency": "EUR", "limit": 20000, "ages": [[12, 100], [24, 70]]},
                    "receipt": {"lines": ["Thank you"]}}, "drop": []}}} | more

    def signed(self, content: dict[str, Any], key: int = 1) -> Envelope:
        """As the host sends it."""
        raw = msgspec.json.encode(content)
        return Envelope(key=key, content=raw, signature=curve.sign(self.key, raw))

    def offer(self, version: int = 1, **more: Any) -> None:
        """To whoever asks next."""
        self.pending = self.signed(self.content(version, **more))


def settings(directory: Path, host: StationHost, **more: Any) -> Config:
    """An edge's settings before this host, with a store in `directory`."""
    key = directory / "store.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_bytes(Fernet.generate_key())
    return Config(**{
        "terminal": Place(id="T0101", merchant="STATION01", acquirer="280131", name="Station One",
                          address="Main Street 1, Ljubljana", tax_number="SI12345678"),
        "host": HostSettings(host="127.0.0.1", port=host.port, tls=False),
        "station": StationSettings(url=f"http://127.0.0.1:{host.http_port}"),
        "store": StoreSettings(path=directory / "edge.db", key=key),
        "catalogue_keys": {"1": host.catalogues.point}, "vat": {"default": "22", "410": "9.5"},
        **more})

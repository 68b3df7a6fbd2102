"""Tills and phones as raw clients, in a process of their own.

    python -m loadtest.payment_generator

Knows bytes of HTTP/1.1 and of server-sent events, and how a phone signs; nothing of accounts. A
payment is over when its merchant's stream has told that the money has moved. Told what to do by
lines of JSON on standard input, and answers each with one on standard output.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import resource
import sys
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec
import uvloop
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_DONE: Final = frozenset({"CAPTURED", "PAID", "DECLINED", "EXPIRED", "CANCELLED", "REFUNDED",
                          "DECLINED_BY_PAYER"})
_WAIT_S: Final = 30.0
_HEAD_END: Final = b"\r\n\r\n"


class Phone(msgspec.Struct, frozen=True):
    """A payer's phone: its number, its certificate's serial, its key (PKCS#8, DER, base64)."""

    number: str
    serial: str
    key: str


class Load(msgspec.Struct, frozen=True):
    """Who takes part. tokens: a merchant's each."""

    ports: list[int]
    tokens: list[str]
    phones: list[Phone]


class Stretch(msgspec.Struct, frozen=True):
    """What to do. per_second: 0 as fast as `at_once` payments on their way allow."""

    seconds: float
    at_once: int = 64
    per_second: float = 0.0


class Seen(msgspec.Struct, kw_only=True):
    """What one stretch showed. asked_s, worded_s: until the answer of the POST, host's own part."""

    seconds: float = 0.0
    whole_s: list[float] = []
    asked_s: list[float] = []
    worded_s: list[float] = []
    errors: int = 0
    first_error: str = ""
    cpu_s: float = 0.0


class Client(asyncio.Protocol):
    """One connection that asks, one request at a time."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[tuple[int, bytes]]] = deque()
        self._buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            at = self._buffer.find(b"content-length: ", 0, end)
            stop = self._buffer.find(b"\r\n", at)
            size = int(self._buffer[at + 16:stop]) if at >= 0 else 0
            whole = end + 4 + size
            if len(self._buffer) < whole:
                return
            status, body = int(self._buffer[9:12]), self._buffer[end + 4:whole]
            self._buffer = self._buffer[whole:]
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(ConnectionError("closed"))

    def post(self, path: str, body: bytes, headers: str) -> asyncio.Future[tuple[int, bytes]]:
        """(status, body) of the answer."""
        assert self.transport is not None, "connected"
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self.transport.write(
            f"POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n{headers}"
            f"content-length: {len(body)}\r\n\r\n".encode() + body)
        return answer


class Listening(asyncio.Protocol):
    """A stream of events. told: hears the JSON of each."""

    def __init__(self, path: str, headers: str, told: Any) -> None:
        self._path = path
        self._headers = headers
        self._told = told
        self._buffer = b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(
            f"GET {self._path} HTTP/1.1\r\nhost: h\r\naccept: text/event-stream\r\n"
            f"{self._headers}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *whole, self._buffer = self._buffer.split(b"\n\n")
        for block in whole:
            if not self.begun.done():
                self.begun.set_result(None)
            at = block.find(b"data: ")
            if at >= 0:
                self._told(block[at + 6:])


class Fleet:
    """All of them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._keys = [_key(phone)
                      for phone in load.phones]
        self._numbers = {phone.number: at for at, phone in enumerate(load.phones)}
        self._tills: list[Client] = []
        self._words: list[Client] = []
        self._streams: list[Listening] = []
        self._saying: set[asyncio.Future[None]] = set()
        self._over: dict[str, asyncio.Future[str]] = {}
        self._count = itertools.count(1)
        self._run = os.urandom(4).hex()
        self.seen = Seen()

    async def connect(self) -> None:
        """A connection to ask and one to listen, each merchant and each phone."""
        loop, load = asyncio.get_running_loop(), self._load
        for at, token in enumerate(load.tokens):
            port = load.ports[at % len(load.ports)]
            authorization = f"authorization: Bearer {token}\r\n"
            self._tills.append((await loop.create_connection(Client, "127.0.0.1", port))[1])
            await self._listen(port, "/v1/payments/events", authorization, self._changed)
        for at, phone in enumerate(load.phones):
            port = load.ports[at % len(load.ports)]
            self._words.append((await loop.create_connection(Client, "127.0.0.1", port))[1])
            await self._listen(port, f"/v1/phones/{phone.number.replace('+', '%2B')}/events", "",
                               self._rang(at))

    async def _listen(self, port: int, path: str, headers: str, told: Any) -> None:
        _, stream = await asyncio.get_running_loop().create_connection(
            lambda: Listening(path, headers, told), "127.0.0.1", port)
        self._streams.append(stream)
        async with asyncio.timeout(_WAIT_S):
            await stream.begun

    def _changed(self, body: bytes) -> None:
        told = msgspec.json.decode(body)
        over = self._over.get(told["id"])
        if over is not None and told["state"] in _DONE and not over.done():
            over.set_result(told["state"])

    def _rang(self, at: int) -> Any:
        def rang(body: bytes) -> None:
            told = msgspec.json.decode(body)
            if told["state"] in {"CREATED", "SENT"}:
                saying = asyncio.ensure_future(self._say(at, told))
                self._saying.add(saying)
                saying.add_done_callback(self._saying.discard)

        return rang

    async def _say(self, at: int, told: dict[str, Any]) -> None:
        phone = self._load.phones[at]
        signed_at = datetime.now(UTC).isoformat(timespec="seconds")
        text = "\n".join((
            "authhost payment v2", told["id"], "approve", str(told["amount_minor"]),
            told["currency"], told["merchant_id"], told["payee"], told["purpose"],
            told["reference"], phone.number, signed_at, told["nonce"])).encode()
        signature = base64.b64encode(self._keys[at].sign(text, _ECDSA)).decode()
        begun_s = time.perf_counter()
        status, body = await self._words[at].post(
            f"/v1/payments/{told['id']}/word", msgspec.json.encode({
                "decision": "approve", "phone": phone.number, "signed_at": signed_at,
                "serial": phone.serial, "signature": signature}), "")
        self.seen.worded_s.append(time.perf_counter() - begun_s)
        if status != 200 or b'"SIGNED"' not in body:
            self._wrong(f"word {status} {body[:200]!r}")

    async def pay(self) -> None:
        """One payment, from the request to the merchant's word that it is paid."""
        number = next(self._count)
        at = number % len(self._tills)
        phone = self._load.phones[number % len(self._load.phones)]
        begun_s = time.perf_counter()
        status, body = await self._tills[at].post("/v1/payments", msgspec.json.encode({
            "amount_minor": 1_250, "currency": "EUR", "purpose": "Roses and a vase",
            "payer_phone": phone.number, "reference": f"R-{number}"}),
            f"authorization: Bearer {self._load.tokens[at]}\r\n"
            f"idempotency-key: {self._run}-{number}\r\n")
        self.seen.asked_s.append(time.perf_counter() - begun_s)
        if status != 201:
            self._wrong(f"request {status} {body[:200]!r}")
            return
        identity = msgspec.json.decode(body)["id"]
        over = self._over[identity] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_WAIT_S):
                state = await over
        except TimeoutError:
            self._wrong(f"{identity} is not over")
            return
        finally:
            del self._over[identity]
        if state != "CAPTURED":
            self._wrong(f"{identity} is {state}")
        self.seen.whole_s.append(time.perf_counter() - begun_s)

    def _wrong(self, why: str) -> None:
        self.seen.errors += 1
        self.seen.first_error = self.seen.first_error or why

    async def run(self, stretch: Stretch) -> Seen:
        """So long; what is on its way at the end is waited for."""
        self.seen = seen = Seen()
        begun_s, cpu_s = time.perf_counter(), _cpu_s()
        ends_s = begun_s + stretch.seconds
        if stretch.per_second:
            tasks = []
            for number in range(round(stretch.seconds * stretch.per_second)):
                wait_s = begun_s + number / stretch.per_second - time.perf_counter()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                tasks.append(asyncio.ensure_future(self.pay()))
            await asyncio.gather(*tasks)
        else:
            async def on_and_on() -> None:
                while time.perf_counter() < ends_s:
                    await self.pay()

            await asyncio.gather(*(on_and_on() for _ in range(stretch.at_once)))
        seen.seconds, seen.cpu_s = time.perf_counter() - begun_s, _cpu_s() - cpu_s
        return seen


def _key(phone: Phone) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(phone.key), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "papers are made with P-256"
    return key


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _main() -> None:
    loop = asyncio.get_running_loop()
    fleet: Fleet | None = None
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        if fleet is None:
            fleet = Fleet(msgspec.json.decode(line, type=Load))
            await fleet.connect()
            said = b"{}"
        else:
            said = msgspec.json.encode(await fleet.run(msgspec.json.decode(line, type=Stretch)))
        sys.stdout.buffer.write(said + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(_main())

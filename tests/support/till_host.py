"""A small stand-in of the merchant API for tills: OAuth 2, payments, events, codes, settlements.

Real sockets, a thread of its own; what it answers next can be forced. The host itself is tested
elsewhere: here are the answers that a till must bear.
"""

from __future__ import annotations

import base64
import itertools
import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

CLIENT, SECRET = "KIOSK", "s3cret"
CODE: Final = "BCD\n002\n1\nSCT\n\nPayments Ltd\nSI56192001234567892\nEUR12.50"
_PAYMENT: Final = re.compile(r"/v1/payments/([0-9a-z]+)(/[a-z.]+)?")
_STATES: Final = {"captures": "CAPTURED", "cancellation": "CANCELLED"}
_SETTLEMENT: Final = {
    "number": "S-1", "date": "2026-07-23", "currency": "EUR", "gross_minor": 1_250,
    "fees_minor": 25, "payout_minor": 1_225, "payout_date": "2026-07-24"}


class TillHost:
    """What it knows and was asked. fails: statuses of the next answers, 0 drops the connection
    after the work is done; streams: whether it has events; expires_in: of its tokens."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, bytes] = {}  # by Idempotency-Key
        self.asked: list[tuple[str, str]] = []
        self.fails: list[int] = []
        self.streams = True
        self.expires_in = 3_600
        self.tokens = 0
        self.revoked: set[str] = set()
        self.done: list[tuple[str, dict[str, Any]]] = []  # what was done, each once
        self._hears: list[queue.Queue[bytes | None]] = []
        self._heard = threading.Condition()
        self._ids = itertools.count(1)
        self.url = ""

    def move(self, payment_id: str, state: str, *, told: bool = True, **more: Any) -> None:
        """Something has become of a payment. told: by events too."""
        payment = self.payments[payment_id]
        payment.update(state=state, version=payment["version"] + 1, **more)
        if told:
            for one in self._hears:
                one.put(_event(payment))

    def hang_up(self) -> None:
        """End the streams that are open."""
        for one in self._hears:
            one.put(None)

    def new(self, content: dict[str, Any]) -> dict[str, Any]:
        """A payment of a request."""
        payment = {"id": f"p{next(self._ids)}", "state": "CREATED", "version": 1, **content}
        self.payments[payment["id"]] = payment
        return payment

    def hear(self) -> queue.Queue[bytes | None]:
        """A stream begins."""
        one: queue.Queue[bytes | None] = queue.Queue()
        with self._heard:
            self._hears.append(one)
            self._heard.notify_all()
        return one

    def listened(self, streams: int = 1) -> bool:
        """Wait until so many streams have begun; False where they do not in five seconds."""
        with self._heard:
            return self._heard.wait_for(lambda: len(self._hears) >= streams, 5)


def _event(payment: dict[str, Any]) -> bytes:
    body = msgspec.json.encode(payment)
    return b"id: %s.%d\nevent: payment\ndata: %s\n\n" % (
        payment["id"].encode(), payment["version"], body)


class _Handler(BaseHTTPRequestHandler):
    host: ClassVar[TillHost]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """A test's output is its own."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", "0"))))

    def _answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        self.host.asked.append((self.command, self.path))
        if url.path == "/v1/oauth/token":
            return self._token(body)
        token = self.headers.get("authorization", "")
        if not token.startswith("Bearer t") or token in self.host.revoked:
            return self._problem(401, "Not identified", "a token is needed")
        fail = self.host.fails.pop(0) if self.host.fails else -1
        if fail > 0:
            return self._problem(fail, "Busy", "try again")
        found = self._done(url.path, body, dict(parse_qsl(url.query)))
        if fail == 0:
            self.close_connection = True
            return None
        return found()

    def _done(self, path: str, body: bytes, query: dict[str, str]) -> Any:
        """Do it; how it is answered."""
        key = self.headers.get("idempotency-key", "")
        if self.command == "POST":
            if key not in self.host.answers:
                said = self._write(path, msgspec.json.decode(body))
                if said is None:
                    return lambda: self._problem(409, "Decided already", "too late", "id")
                self.host.answers[key] = msgspec.json.encode(said)
            return lambda: self._send(201, self.host.answers[key])
        if path == "/v1/payments":
            page = {"data": list(self.host.payments.values())[:int(query.get("limit", "100"))],
                    "next": "c2" if "limit" in query else None}
            return lambda: self._send(200, msgspec.json.encode(page))
        if path.startswith("/v1/settlements"):
            whole = path.endswith("S-1")
            said = {"settlement": _SETTLEMENT} if whole else {"data": [_SETTLEMENT]}
            return lambda: self._send(200, msgspec.json.encode(said))
        found = _PAYMENT.fullmatch(path)
        payment = self.host.payments.get(found[1]) if found else None
        if found is None or payment is None:
            return lambda: self._problem(404, "Not found", "there is no such payment", "id")
        if found[2] == "/events":
            return lambda: self._stream(payment)
        if found[2] == "/qr.txt":
            return lambda: self._send(200, CODE.encode())
        return lambda: self._send(200, msgspec.json.encode(payment))

    def _write(self, path: str, content: dict[str, Any]) -> dict[str, Any] | None:
        if path == "/v1/payments":
            self.host.done.append((path, content))
            return dict(self.host.new(content))
        _, _, _, payment_id, action = path.split("/")
        payment = self.host.payments[payment_id]
        if action == "cancellation" and payment["state"] != "CREATED":
            return None
        self.host.done.append((path, content))
        minor = content.get("amount_minor", payment["amount_minor"])
        if action == "refunds":
            return {"id": "r1", "state": "CREATED", "amount_minor": minor, "currency": "EUR"}
        self.host.move(payment_id, _STATES[action])
        return {"id": payment_id, "state": _STATES[action], "amount_minor": minor,
                "currency": "EUR", "captured_minor": minor}

    def _token(self, body: bytes) -> None:
        right = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.headers.get("authorization") != f"Basic {right}" \
                or dict(parse_qsl(body.decode())) != {"grant_type": "client_credentials"}:
            return self._send(401, b'{"error":"invalid_client","error_description":"no"}')
        self.host.tokens += 1
        return self._send(200, msgspec.json.encode(
            {"access_token": f"t{self.host.tokens}", "token_type": "Bearer",
             "expires_in": self.host.expires_in, "scope": "payment"}))

    def _stream(self, payment: dict[str, Any]) -> None:
        if not self.host.streams:
            return self._problem(404, "Not found", "no events here")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        pieces = self.host.hear()
        self.wfile.write(b"retry: 10\n\n" + _event(payment))
        self.wfile.flush()
        self.close_connection = True
        while (piece := pieces.get(timeout=30)) is not None:
            self.wfile.write(piece)
            self.wfile.flush()
        return None

    def _problem(self, status: int, title: str, detail: str, where: str = "") -> None:
        self._send(status, msgspec.json.encode(
            {"title": title, "detail": detail, "where": where, "status": status}))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A till that has gone is no error."""


@contextmanager
def till_host() -> Iterator[TillHost]:
    """It listens."""
    host = TillHost()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"host": host}))
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        host.hang_up()
        server.shutdown()
        thread.join()
        server.server_close()

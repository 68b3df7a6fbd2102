"""Bytes of one peer to whole requests: HTTP/1.1's framing (RFC 9112; parsed in C) and its bounds.

Knows heads, bodies and which bytes are no request; must not know a socket, nor what a request
means. What could be read in two ways is not read: the peer hears a problem, and nothing after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import httptools
import structlog

from authhost import limits
from authhost.doors.call import Call, Endpoint, Handler
from authhost.doors.problems import ProblemError, failed

_log = structlog.get_logger()
# Sent twice, nobody could say which of them is meant: the next host may take the other.
_ONCE: Final = frozenset({"host", "idempotency-key", "authorization", "content-type"})

Route = Callable[[str, str], tuple[Endpoint, dict[str, str]]]


class Asked(NamedTuple):
    """A request that is whole: who answers it, and whether the connection ends after it."""

    handler: Handler
    call: Call
    last: bool


class Listener(Protocol):
    """Who hears what was read."""

    def asked(self, asked: Asked) -> None:
        """A whole request."""

    def waits(self) -> None:
        """The peer sends its body when it is told to (RFC 9110, 10.1.1)."""

    def refuse(self, problem: ProblemError, *, head: bool) -> None:
        """Nothing after this can be read. head: it asked for no body."""


class HttpReader:
    """One peer's bytes. began: when the request began that is not whole yet; 0: none has."""

    __slots__ = ("_body", "_certificate", "_endpoint", "_head_bytes", "_headers", "_listener",
                 "_moved", "_parser", "_path", "_query", "_refused", "_route", "_still_bytes",
                 "_url", "_version", "began")

    def __init__(self, listener: Listener, route: Route, certificate: str | None) -> None:
        self._listener = listener
        self._route = route
        self._certificate = certificate
        self._parser = httptools.HttpRequestParser(self)
        self._refused = False
        self._moved = False
        self._still_bytes = 0
        self.began = 0.0
        self._forget()

    def _forget(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._body: bytes | bytearray = b""
        self._path: dict[str, str] = {}
        self._query = b""
        self._version = ""
        self._endpoint: Endpoint | None = None

    def feed(self, data: bytes | memoryview) -> None:
        """Read on. What is found is told at once."""
        self._moved = False
        rest: bytes | memoryview | None = data
        while rest is not None and not self._refused:
            rest = self._parse(rest)
        if self.began and not self._moved:
            # The parser gathers a line until it ends: of one that never does, we hear nothing.
            self._still_bytes += len(data)
            if self._still_bytes > limits.HTTP_HEAD_BYTES:
                self._head_too_large()

    def _parse(self, data: bytes | memoryview) -> bytes | memoryview | None:
        """What is to be read again, if anything is."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._without_upgrade(data[upgrade.args[0]:])
        except httptools.HttpParserInvalidMethodError as error:
            self._refuse(ProblemError(501, "Not implemented", str(error)))
        except httptools.HttpParserCallbackError:
            _log.exception("request failed", door="http")
            self._refuse(failed())
        except httptools.HttpParserError as error:
            self._refuse(ProblemError(400, "Not HTTP", str(error)))
        return None

    def _without_upgrade(self, rest: bytes | memoryview) -> bytes | None:
        """The request as one that asks for no other protocol, for none is spoken here.

        That is what a server may do (RFC 9110, 7.8); the parser has stopped before its body.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refuse(ProblemError(501, "Not implemented", "this is no proxy"))
            return None
        version = self._parser.get_http_version()
        head = b"".join([
            b"%s %s HTTP/%s\r\n" % (method, self._url, version.encode()),
            *(f"{name}: {value}\r\n".encode("latin-1") for name, value in self._headers.items()
              if name != "upgrade"), b"\r\n"])
        self._parser = httptools.HttpRequestParser(self)
        self._forget()
        return head + rest

    # The parser's side.

    def on_message_begin(self) -> None:
        self.began = time.monotonic()
        self._go_on()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._weigh(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._weigh(len(name) + len(value) + 4)
        if self._version:
            return  # behind a body nobody may change what came before it (RFC 9110, 6.5.1)
        key = name.decode("latin-1").lower()
        said = value.decode("latin-1").rstrip(" \t")
        if key not in self._headers:
            self._headers[key] = said
        elif key in _ONCE:
            self._refuse(ProblemError(400, "Header twice", "which of them is meant?", key))
        else:
            self._headers[key] += f", {said}"

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers
        if self._refused or parser.should_upgrade():
            return
        self._go_on()
        self._version = parser.get_http_version()
        wrong = self._wrong_head() if self._version != "1.1" or "host" not in headers \
            or "transfer-encoding" in headers else None
        if wrong is not None:
            self._refuse(wrong)
            return
        self._find(parser.get_method().decode())
        if self._refused or self._endpoint is None:
            return
        length = headers.get("content-length")
        if length is not None and int(length) > self._endpoint.most_bytes:
            self._too_large(self._endpoint)
        elif "expect" in headers and headers["expect"].lower() == "100-continue" \
                and self._version == "1.1":
            self._listener.waits()

    def on_body(self, body: bytes) -> None:
        endpoint = self._endpoint
        if endpoint is None or self._refused:
            return
        self._go_on()
        if len(self._body) + len(body) > endpoint.most_bytes:
            self._too_large(endpoint)
        elif not self._body:
            self._body = body
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body

    def on_message_complete(self) -> None:
        endpoint = self._endpoint
        if self._refused or endpoint is None:
            return  # or it asked for another protocol, and will be read again
        parser = self._parser
        self.began = 0.0
        call = Call(parser.get_method().decode(), self._path, bytes(self._body),
                    headers=self._headers, query=self._query, certificate=self._certificate)
        last = self._version == "1.0" or not parser.should_keep_alive()
        self._forget()
        self._listener.asked(Asked(endpoint.handler, call, last))

    # What a head may say.

    def _wrong_head(self) -> ProblemError | None:
        """What is wrong with a head that is not as most are."""
        coding = self._headers.get("transfer-encoding")
        if self._version not in {"1.0", "1.1"}:
            return ProblemError(505, "HTTP version", "HTTP/1.1 is spoken here")
        if self._version == "1.1" and "host" not in self._headers:
            return ProblemError(400, "Not HTTP", "every request names its host", "host")
        if coding is not None and self._version == "1.0":
            return ProblemError(400, "Not HTTP", "HTTP/1.0 has no such framing",
                                "transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            return ProblemError(501, "Not implemented", "a body comes as it is, or chunked",
                                "transfer-encoding")
        return None

    def _find(self, method: str) -> None:
        """Who will answer."""
        path, _, query = self._url.partition(b"?")
        if path[:1] != b"/" or b"#" in self._url:
            try:
                url = httptools.parse_url(self._url)
            except httptools.HttpParserError:
                self._refuse(ProblemError(400, "Not HTTP", "the target is no path"))
                return
            path, query = url.path or b"/", url.query or b""
        self._query = query
        self._endpoint, self._path = self._route(method, path.decode("latin-1"))

    def _go_on(self) -> None:
        self._moved = True
        self._still_bytes = 0

    def _weigh(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.HTTP_HEAD_BYTES:
            self._head_too_large()

    def _head_too_large(self) -> None:
        self._refuse(ProblemError(431, "Head too large", "line and headers have at most "
                                  f"{limits.HTTP_HEAD_BYTES} bytes"))

    def _too_large(self, endpoint: Endpoint) -> None:
        self._refuse(ProblemError(413, "Too large",
                                  f"a body has at most {endpoint.most_bytes} bytes"))

    def _refuse(self, problem: ProblemError) -> None:
        if not self._refused:
            self._refused = True
            self._body = b""
            self._listener.refuse(problem, head=self._parser.get_method() == b"HEAD")

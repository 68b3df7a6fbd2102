"""POST to somebody else's server: only to addresses that were judged, bounded in time and bytes.

Knows sockets, names and TLS; must not know what is said. A name is asked for by us, all its
addresses are judged, and the connection goes to one of these: no second lookup may lead elsewhere
(DNS rebinding). TLS has the name, for SNI and for the certificate. Redirects are answers like
others; proxies of the environment, cookies and compression there are none.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Final

import httpcore
import msgspec

from authhost.bounded import Bounded
from authhost.webhooks import bounds
from authhost.webhooks.addresses import Target, Unwelcome, forbidden

LookUp = Callable[[str, int], Awaitable[list[str]]]
_MOST_DIGITS: Final = 6
# The pool calls back with a name alone, in the task of its request: whose it is comes beside it.
_whose: Final[ContextVar[str]] = ContextVar("whose", default="")


class Unreachable(Exception):
    """No answer; why, in words that may be shown to who named the URL."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """An answer. retry_after_s: as it asks, 0 where it does not."""

    status: int
    retry_after_s: int = 0


class Names:
    """Names to addresses, asked for in threads of their own: a slow server of names holds up no
    other part of the host."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(bounds.RESOLVING, "names")
        self._known: Bounded[str, tuple[float, list[str]]] = Bounded(bounds.NAMES)
        self._asked: Counter[str] = Counter()  # by whose they are

    async def look_up(self, host: str, port: int) -> list[str]:
        """All addresses of a name. OSError, TimeoutError."""
        whose = _whose.get()
        at, known = self._known.get(host, (0.0, []))
        if known and monotonic() - at < bounds.NAMES_S:
            return known
        if self._asked.total() >= bounds.RESOLVING \
                or (whose and self._asked[whose] >= bounds.RESOLVING_PER_MERCHANT):
            raise OSError("too many names are asked for")
        self._asked[whose] += 1
        asked = asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host, port)
        # The thread may stay longer than we wait: it counts until it is back.
        asked.add_done_callback(partial(self._back, whose))
        async with asyncio.timeout(bounds.LOOKUP_S):
            found = await asyncio.shield(asked)
        self._known.put(host, (monotonic(), found))
        return found

    def close(self) -> None:
        """Threads end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _back(self, whose: str, asked: asyncio.Future[list[str]]) -> None:
        self._asked[whose] -= 1
        if not self._asked[whose]:
            del self._asked[whose]
        if not asked.cancelled():
            asked.exception()  # whoever waited has gone: nobody else will look at it


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class _Judged(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses alone."""

    def __init__(self, look_up: LookUp, *, allow_private: bool) -> None:
        self._look_up = look_up
        self._allow_private = allow_private
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
            self, host: str, port: int, timeout: float | None = None,  # noqa: ASYNC109  # httpcore's own word
            local_address: str | None = None,
            socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await resolved(host, port, self._look_up, allow_private=self._allow_private)
        last: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses[:2]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address,
                                                     socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def resolved(host: str, port: int, look_up: LookUp, *,
                   allow_private: bool = False) -> list[str]:
    """The addresses of a host, each judged. Unwelcome where one of them is not to be called: a
    name that leads to us and elsewhere is no accident; Unreachable where none is known now."""
    # In the same words: else whoever names URLs could ask which names our own network has.
    why = "the name leads to no address that is called"
    try:
        addresses = await look_up(host, port)
    except (OSError, UnicodeError):
        raise Unreachable(why) from None
    if not addresses:
        raise Unreachable(why)
    if any(forbidden(address, allow_private=allow_private) for address in addresses):
        raise Unwelcome(why)
    return addresses


class Outgoing:
    """Connections of one host. tls: whom we trust, None: whom the system trusts; look_up: names to
    addresses, for tests."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, allow_private: bool = False,
                 look_up: LookUp | None = None) -> None:
        self.allow_private = allow_private
        self._names = Names()
        if tls is None:
            tls = ssl.create_default_context()
            tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._pool = httpcore.AsyncConnectionPool(
            tls, max_connections=bounds.CONNECTIONS, keepalive_expiry=bounds.IDLE_S,
            network_backend=_Judged(look_up or self._names.look_up, allow_private=allow_private))

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes,
                   answer_s: float = bounds.ANSWER_S, whose: str = "") -> Said:
        """One request, once. Unreachable: nobody knows whether it was read; Unwelcome: it was not
        sent. answer_s: for all of it; whose: the merchant that has named the URL, '' for none."""
        _whose.set(whose)
        try:
            async with asyncio.timeout(answer_s):
                return await self._post(target, headers, body)
        except TimeoutError:
            raise Unreachable(f"no answer within {answer_s:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException,
                httpcore.UnsupportedProtocol, ssl.SSLError, OSError) as error:
            raise Unreachable(_why(error)) from None

    async def close(self) -> None:
        """All connections."""
        await self._pool.aclose()
        self._names.close()

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Said:
        url = httpcore.URL(scheme=b"https" if target.tls else b"http", host=target.host.encode(),
                           port=target.port, target=target.path.encode())
        sent = [("Host", target.authority), ("Content-Length", str(len(body))), *headers.items()]
        timeouts = dict.fromkeys(("read", "write", "pool"), bounds.ANSWER_S) | {
            "connect": bounds.CONNECT_S}
        async with self._pool.stream("POST", url, headers=sent, content=body,
                                     extensions={"timeout": timeouts}) as response:
            size = 0
            # Read to its end, so that the connection can be used again; but no more than that.
            async for part in response.aiter_stream():
                size += len(part)
                if size > bounds.ANSWER_BYTES:
                    break
            return Said(response.status, _retry_after(response.headers))


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Seconds (RFC 9110, 10.2.3); its form as a date is not heeded."""
    text = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else 0


def _why(error: Exception) -> str:
    """What went wrong, without what the other side could have written into it."""
    if isinstance(error.__cause__ or error.__context__, ssl.SSLCertVerificationError):
        return "the certificate is not trusted, or has another name"
    return f"no connection: {type(error).__name__}"

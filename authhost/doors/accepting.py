"""The listening socket of a door that anybody may reach: places are given before TLS is spoken.

Knows sockets, addresses and TLS; must not know what is said. A handshake costs a place and work, so
whoever connects is counted from that moment on, all together and by address (of IPv6 by network:
who has one address has them all), until his connection is lost. Who comes from this machine is not
counted by address, for a proxy in front of the door may be there.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog

from authhost import limits

_log = structlog.get_logger()
_BACKLOG: Final = 1_024
_AT_ONCE: Final = 64
_HANDSHAKE_S: Final = 10
_REST_S: Final = 1.0  # where the machine has no sockets left
_NETWORK_BITS: Final = 64


class Acceptor:
    """Of one door. make: the protocol of who comes from there, which says `gone` of it at its end;
    taken: places, those of peers that are in a handshake among them."""

    def __init__(self, make: Callable[[str], asyncio.Protocol], tls: ssl.SSLContext | None) -> None:
        self._make = make
        self._tls = tls
        self.taken = 0
        self._places: Counter[str] = Counter()
        self._sockets: list[socket.socket] = []
        self._fresh: set[socket.socket] = set()  # accepted this moment
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept, on all addresses of the host; the port that was given."""
        loop = asyncio.get_running_loop()
        for family, kind, protocol, _, address in await loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            one = socket.socket(family, kind, protocol)
            self._sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(_BACKLOG)
            one.setblocking(False)
            loop.add_reader(one, self._accept, loop, one)
        given: int = self._sockets[0].getsockname()[1]
        return given

    def close(self) -> None:
        """Accept no more; handshakes that are not through are given up."""
        for listening in self._sockets:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        self._sockets.clear()
        for task in self._tasks:
            task.cancel()
        for peer in self._fresh:
            peer.close()

    def gone(self, address: str) -> None:
        """A place is free."""
        self.taken -= 1
        self._places[address] -= 1
        if not self._places[address]:
            del self._places[address]

    def _accept(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        """Somebody is there; those behind him have their turn after others of the loop's."""
        for _ in range(_AT_ONCE):
            try:
                peer, address = listening.accept()
            except (BlockingIOError, ConnectionError):
                return  # nobody more; or gone before his turn
            except OSError as error:
                _log.warning("nobody is accepted", why=str(error))
                loop.remove_reader(listening)
                loop.call_later(_REST_S, self._again, loop, listening)
                return
            self._take(peer, place_of(str(address[0])))

    def _again(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        if listening in self._sockets:
            loop.add_reader(listening, self._accept, loop, listening)

    def _take(self, peer: socket.socket, place: str) -> None:
        """A place, if there is one."""
        if self.taken >= limits.CONNECTIONS_PER_DOOR \
                or (place and self._places[place] >= limits.CONNECTIONS_PER_ADDRESS):
            peer.close()
            return
        peer.setblocking(False)
        self.taken += 1
        self._places[place] += 1
        self._fresh.add(peer)
        task = asyncio.create_task(self._let_in(peer, place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_in(self, peer: socket.socket, place: str) -> None:
        """Its handshake, if there is one."""
        loop = asyncio.get_running_loop()
        self._fresh.discard(peer)
        with suppress(OSError):  # gone meanwhile: the handshake finds it
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await loop.connect_accepted_socket(
                lambda: self._make(place), peer, ssl=self._tls,
                ssl_handshake_timeout=_HANDSHAKE_S if self._tls else None)
        except OSError:  # TLS's own are among them; the transport has closed its socket
            self.gone(place)


def place_of(address: str) -> str:
    """Whom an address counts for: itself, or its network; '' for this machine."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return ""
    if isinstance(found, IPv6Address):
        return str(IPv6Address(int(found) >> _NETWORK_BITS << _NETWORK_BITS))
    return str(found)

"""The connections to one bank: made when they are wanted, kept while they are used, bounded.

Knows addresses and TLS; must not know what is sent. The youngest is used first, so that those that
are not needed grow old and are closed before the bank would close them under a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from time import monotonic

from authhost.bank import bounds
from authhost.bank.banks import Place
from authhost.bank.link import BankAway, Link


class Links:
    """A pool. tls: our certificate and whom we trust, None where the place has no TLS."""

    def __init__(self, place: Place, tls: ssl.SSLContext | None) -> None:
        self._place = place
        self._tls = tls
        self._idle: list[Link] = []
        self._all: set[Link] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False
        self.freed = asyncio.Event()  # one more may be used

    @property
    def open(self) -> int:
        """Connections that stand."""
        return len(self._all)

    def idle(self) -> int:
        """Connections that can be used now; those that are too old are closed first."""
        oldest_s = monotonic() - bounds.IDLE_LINK_S
        while self._idle and self._idle[0].idle_since_s < oldest_s:
            self._idle[0].close("idle")
        return len(self._idle)

    async def ready(self) -> int:
        """Connections that can be used now: one is made where there is none and none is being
        made. BankAway where that fails."""
        if self.idle():
            return len(self._idle)
        if self._all or self._opening:
            return 0
        await self._open()
        return self.idle()

    def grow(self, wanted: int) -> None:
        """Make more beside what goes on, up to the bound; a failure shows when one is needed."""
        room = min(wanted, bounds.LINKS - len(self._all), bounds.OPENING) - len(self._opening)
        for _ in range(room):
            task = asyncio.get_running_loop().create_task(self._try_open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def take(self) -> Link:
        """One that is idle; there must be one."""
        return self._idle.pop()

    def give(self, link: Link) -> None:
        """It is idle again, unless it has gone."""
        if not link.closed:
            self._idle.append(link)
        self.freed.set()

    async def close(self) -> None:
        """Let all go."""
        self._closed = True
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for link in list(self._all):
            link.close()

    async def _try_open(self) -> None:
        with contextlib.suppress(BankAway):
            await self._open()

    async def _open(self) -> None:
        place, loop = self._place, asyncio.get_running_loop()
        try:
            if place.tls and self._tls is None:
                raise BankAway("this host has no certificate for banks")
            async with asyncio.timeout(bounds.CONNECT_TIMEOUT_S):
                _, link = await loop.create_connection(
                    lambda: Link(loop, self._gone), place.host, place.port,
                    ssl=self._tls if place.tls else None,
                    server_hostname=place.server_name if place.tls else None)
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            raise BankAway(str(error) or type(error).__name__) from None
        if self._closed or link.closed:
            link.close()
            raise BankAway("closed at once")
        self._all.add(link)
        self._idle.append(link)
        self.freed.set()

    def _gone(self, link: Link) -> None:
        self._all.discard(link)
        with contextlib.suppress(ValueError):
            self._idle.remove(link)
        self.freed.set()

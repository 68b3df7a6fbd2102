"""A host in this process on real servers, and requests that go into it below any door.

Knows bootstrap and the requests' own fields. A rig has an event loop of its own; the host moves on
while a test runs a coroutine on it. Each rig has a database of its own and account ids that no
other rig uses, for the Valkey is everybody's.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import msgspec

from authhost import keys
from authhost.bootstrap import Host, make_host
from authhost.counters import unpack_slots
from authhost.embedded import Servers
from authhost.hsm.address import HsmAddress
from authhost.journal.append import Posting
from authhost.journal.statements import statement
from authhost.model import Answer, Kind, Original, Request
from authhost.pan_index import PanIndex
from authhost.reservations import stateless
from authhost.rows import entry_of
from authhost.settings import HttpListen, IsoListen, Settings
from tests.support.databases import fresh
from tests.support.portfolio import (
    ACQUIRER,
    BASE,
    DAY,
    SAFE_ACCOUNT,
    SHOP_ACCOUNT,
    Card,
    Portfolio,
)

T = TypeVar("T")
LOCAL_DAY = "20260723"
WINDOWS = ("", "day", "week", "month", "quarter", "year", "total", "balance", "rolling", "odometer",
           "engine_hours")


class Rig:
    """One database, one host (more with `another`), one event loop."""

    def __init__(self, servers: Servers, database_url: str, **more: Any) -> None:
        self.servers = servers
        self.database_url = database_url
        hsm = (HsmAddress.parse(servers.hsm.url),)
        self.settings = Settings(**{"database_url": database_url, "redis_url": servers.valkey.url,
                                    "hsm": hsm, "plain_phones": True, **more})
        self._runner = asyncio.Runner()
        self.portfolio = Portfolio(self.sql, self.pan_hmac)
        self._stan = itertools.count(1)
        self.ports: dict[str, Any] = {}
        self._index: PanIndex | None = None
        self.host = self.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine to its end, the host beside it."""
        return self._runner.run(asyncio.wait_for(coroutine, 60))

    def start(self) -> Host:
        """One more host on the same servers."""
        host, self.ports = self.run(_start(self.settings))
        return host

    def pan_hmac(self, pan: str) -> bytes:
        """The keyed hash of a card number by the host's HSM; the host itself has not met it."""
        if self._index is None:
            self._index = self.run(PanIndex.make(self.host.hsm, self.host.keys))
        return self.run(self._index.of(pan))

    def restart(self) -> None:
        """The host anew, with nothing in its memory."""
        self.run(self.host.stop())
        self._index = None
        self.host = self.start()

    def close(self) -> None:
        """Stop the host."""
        self.run(self.host.stop())
        self._runner.close()

    def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """One statement as a stranger would run it."""
        return self.run(_sql(self.database_url, statement, *values))

    def redis(self, *parts: str | int) -> Any:
        """One command to the Valkey."""
        return self.run(_command(self.host, *parts))

    def card(self, **more: Any) -> Card:
        """A new card with an account of its own."""
        return self.portfolio.card(**more)

    def request(self, kind: Kind, card: Card | None = None, amount: int = 0, *, stan: str = "",
                terminal: str = "POS00001", **more: Any) -> Request:
        """A message as a door would make it."""
        stan = stan or f"{next(self._stan):06d}"
        ref = card.ref if card is not None else None
        content = f"{kind}{ref}{amount}{more.get('volume_ml')}{more.get('products')}"
        now_us = self.settings.clock.real_now_us()
        default: dict[str, Any] = {
            "key": keys.message_key(ACQUIRER, terminal, kind, LOCAL_DAY, stan),
            "fingerprint": hashlib.blake2b(content.encode(), digest_size=16).digest(),
            "door": "test", "currency": "EUR", "deadline_us": now_us + 8_000_000,
            "advice": kind in {Kind.COMPLETION, Kind.OFFLINE_SALE, Kind.REVERSAL, Kind.DEPOSIT},
            "expires_at_us": now_us + 3_600_000_000 if kind is Kind.PREAUTHORIZATION else 0,
        }
        return Request(kind=kind, card=ref, amount_minor=amount, terminal_id=terminal,
                       **{**default, **more})

    def about(self, kind: Kind, of: Request, amount: int = 0, card: Card | None = None,
              **more: Any) -> Request:
        """A completion or reversal of another message of the same terminal."""
        return self.request(kind, card, amount, original=Original((of.key,)), **more)

    def ask(self, request: Request, host: Host | None = None) -> Answer:
        """Send it, read the answer."""
        return self.run(ask(host or self.host, request))

    def sale(self, card: Card, amount: int, **more: Any) -> Answer:
        """A new sale."""
        return self.ask(self.request(Kind.SALE, card, amount, **more))

    def taken(self, account_id: int) -> tuple[int, int, int]:
        """(money, volume, count) that the journal says an account has taken, ever."""
        row = self.sql("SELECT coalesce(sum(money), 0)::bigint, coalesce(sum(volume), 0)::bigint, "
                       "coalesce(sum(count), 0)::bigint FROM journal WHERE account_id = $1",
                       account_id)[0]
        return tuple(row.values())

    def counted(self, card: Card, field: str = "a") -> dict[str, int] | None:
        """An account's counters as Valkey holds them: 'total:money' -> what stands in it."""
        packed = self.redis("HGET", f"{{{card.account_id}}}", field)
        return counters(packed) if packed is not None else None

    def journal(self, key: str) -> list[asyncpg.Record]:
        """The rows of one message."""
        return self.sql("SELECT * FROM journal WHERE key = $1 ORDER BY leg", key)

    def parked(self, key: str) -> list[asyncpg.Record]:
        """What was kept apart of a key."""
        return self.sql("SELECT * FROM parked WHERE key = $1", key)


async def ask(host: Host, request: Request) -> Answer:
    """Through the one story, with an answer that reads back as itself."""
    reply = await host.authorizer.authorize(request, msgspec.json.encode)
    return msgspec.json.decode(reply.body, type=Answer)


async def many(hosts: Sequence[Host],
               requests: Sequence[Request]) -> list[Answer | BaseException]:
    """What each request came to, an exception in its place; the hosts take turns."""
    return await asyncio.gather(*(ask(hosts[number % len(hosts)], request)
                                  for number, request in enumerate(requests)),
                                return_exceptions=True)


def approved(answers: Iterable[Answer | BaseException]) -> list[Answer]:
    """Those that were approved whole."""
    return [answer for answer in answers if not isinstance(answer, BaseException)
            and answer.action == "000"]


async def raw(host: Host, request: Request) -> bytes:
    """The bytes of the answer."""
    return (await host.authorizer.authorize(request, msgspec.json.encode)).body


def counters(packed: bytes) -> dict[str, int]:
    """Counters by kind of window and measure; buckets of a rolling one are summed."""
    found: dict[str, int] = {}
    for code, _, value in unpack_slots(packed):
        name = f"{WINDOWS[code // 4 % 16]}:{('', 'money', 'volume', 'count')[code % 4]}"
        found[name] = found.get(name, 0) + value
    return found


@contextmanager
def running(servers: Servers, *, iso: tuple[str, ...] = (), http: bool = False,
            **more: Any) -> Iterator[Rig]:
    """A rig on a new database, with these doors (profile:framing), with `tls` all of them."""
    tls = ":tls" if "tls" in more else ""
    listens = tuple(IsoListen.parse(f"{text}:127.0.0.1:0{tls}") for text in iso)
    door = HttpListen("127.0.0.1", 0, bool(tls)) if http else None
    with fresh(servers, "rig") as url:
        asyncio.run(_prepare(url))
        rig = Rig(servers, url, **{"iso": listens, "http": door, **more})
        try:
            for account_id in (SHOP_ACCOUNT, SAFE_ACCOUNT):
                # Every rig has them: what the Valkey knows is of another database, and its fence.
                rig.run(rig.host.accounts.forget(account_id))
            yield rig
        finally:
            rig.close()


def posting(rig: Rig, request: Request) -> Posting:
    """The row of an approved message that concerns no account."""
    terminal = rig.run(rig.host.views.terminal(request.terminal_id))
    outcome = stateless(request, "approved", "approved", rig.settings.clock)
    answer = Answer(action="000", reason="approved")
    entry = entry_of(request, terminal, None, outcome, answer, b"said")
    return Posting((entry,), request.deadline_us)


async def _start(settings: Settings) -> tuple[Host, dict[str, Any]]:
    host = await make_host(settings)
    return host, await host.start()


async def _sql(url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def _prepare(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT journal_month($1)", DAY)
        await connection.execute(statement("open_first_day"), DAY)
        await connection.execute(BASE)
    finally:
        await connection.close()


async def _command(host: Host, *parts: str | int) -> Any:
    return await host.state.call(*parts)

"""One or two hosts in this process, on real servers, and hands to stop them at a chosen moment.

What a run under load meets by chance is staged here, so that it happens every time. The terminals,
the record and the judge are those of the crash run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import hiredis

from authhost import limits
from authhost.bootstrap import Host, make_host
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from authhost.settings import IsoListen, Settings
from authhost.state.client import StateClient
from demo.insert import insert
from demo.parties import FleetCard
from tests.crash.journal import read_journal
from tests.crash.judge import judge
from tests.crash.load import Behaviour
from tests.crash.portfolio import crash_portfolio
from tests.crash.record import Record, Sent
from tests.crash.terminal import TerminalClient

LARGEST: Final = 60  # litres
FULL: Final = 5  # such sales fill the card of the role 'card'
_PATIENCE_S: Final = 0.4
_DOOR: Final = IsoListen("ifsf", "binary2", "127.0.0.1", 0, False)


class Place:
    """A host with the terminals that speak to it alone."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.behaviours: list[Behaviour] = []

    async def die(self) -> None:
        """As kill -9 would: nothing that waits is written, said or told any more."""
        host = self.host
        for lane in (host.append, host.settle):
            assert lane._task is not None, "started"
            lane._task.cancel()
            lane._idle.set()  # nothing is left to be waited for
            if lane._connection is not None:
                lane._connection.terminate()
        for door in host.iso_doors:
            for task in list(door.tasks):
                task.cancel()
            for connection in list(door.connections):
                connection.close()
        await host.state.close()


class Gate:
    """Holds a host's rows back: they are reserved, and not yet written."""

    def __init__(self, host: Host) -> None:
        self._lane = host.append
        self._opened = asyncio.Event()
        self._held = 0
        real = self._lane._work.run

        async def run(connection: asyncpg.Connection, items: Any) -> Any:
            self._held = 0 if self._opened.is_set() else len(items)
            await self._opened.wait()
            return await real(connection, items)

        self._lane._work.run = run  # type: ignore[method-assign]

    async def until_held(self, rows: int) -> None:
        """So many wait, in the batch at the gate and behind it."""
        async def there() -> int:
            return self._held + self._lane.depth >= rows

        await until(there)

    def open(self) -> None:
        """From now on rows pass."""
        self._opened.set()


class Scene:
    """The hosts, the card that everybody wants, and the record of what was said."""

    def __init__(self, database_url: str, redis_url: str, hsm_url: str, directory: Path) -> None:
        self.database_url = database_url
        self.now = datetime.now(UTC)
        self.portfolio = crash_portfolio(1)
        self.record = Record(directory / "record.log")
        self.places: list[Place] = []
        self._redis_url = redis_url
        self._hsm = (HsmAddress.parse(hsm_url),)

    def card(self, role: str = "card") -> FleetCard:
        """The first card with this limit."""
        return next(card for card in self.portfolio.cards if card.role == role)

    async def open(self, hosts: int) -> None:
        """Start the hosts; each has every terminal, but a number is used once."""
        async with hsm_session(self.database_url, self._hsm) as session:
            hashes = await (await session.pan_index()).of_all(
                card.card.pan for card in self.portfolio.cards)
        await insert(self.database_url, self.portfolio, self.now.date(), hashes.__getitem__)
        await self.empty_redis()
        for number in range(hosts):
            host = await make_host(Settings(database_url=self.database_url,
                                            redis_url=self._redis_url, hsm=self._hsm,
                                            iso=(_DOOR,)))
            place = Place(host)
            self.places.append(place)
            port = next(iter((await host.start()).values()))
            assert isinstance(port, int)
            place.behaviours += [
                Behaviour(TerminalClient(device, [port], self.record, Random(1), self.now),
                          {"wide": [self.card("wide")]})
                for device in self.portfolio.devices[number::hosts]]

    async def close(self) -> None:
        """Stop the hosts; one that has died stays so."""
        for place in self.places:
            for behaviour in place.behaviours:
                behaviour.client.close()
            await place.host.stop()
        self.record.close()

    async def empty_redis(self) -> None:
        """All states are gone, as after a restart."""
        client = StateClient(self._redis_url)
        try:
            await client.call("FLUSHALL")
        except hiredis.ReplyError as error:
            raise AssertionError(str(error)) from None
        finally:
            await client.close()

    # -- what terminals do

    def sale(self, role: str = "card", litres: int = LARGEST, place: int = 0, terminal: int = 0,
             kind: str = "sale") -> Sent:
        """A sale that is not sent yet."""
        return self.behaviours(place)[terminal]._request(kind, self.card(role), litres)

    def behaviours(self, place: int = 0) -> list[Behaviour]:
        """The terminals of a host."""
        return self.places[place].behaviours

    async def ask(self, message: Sent, place: int = 0, terminal: int = 0, *, once: bool = False,
                  patience_s: float = _PATIENCE_S) -> bool:
        """Send until answered, or once; True when an answer came."""
        client = self.behaviours(place)[terminal].client
        return await client.until_answered(message, most=message.transmissions + 1 if once else 0,
                                           patience_s=patience_s)

    async def fill(self, place: int = 0) -> list[Sent]:
        """Sales until the card is full to the last cent."""
        sales = [self.sale(place=place) for _ in range(FULL)]
        for sale in sales:
            await self.ask(sale, place)
        return sales

    async def give_back(self, original: Sent, place: int = 0, terminal: int = 0) -> None:
        """Reverse it, whole, until answered."""
        await self.behaviours(place)[terminal]._give_back(original)

    # -- what goes wrong

    @contextmanager
    def deadline_ms(self, short_ms: int) -> Iterator[None]:
        """What comes now has less time."""
        before = limits.DEADLINE_MS
        vars(limits)["DEADLINE_MS"] = short_ms  # final to everybody else
        try:
            yield
        finally:
            vars(limits)["DEADLINE_MS"] = before

    @asynccontextmanager
    async def blocked(self, statement: str, *args: object) -> AsyncIterator[None]:
        """A transaction of somebody else that holds a lock, and is rolled back at the end."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute("BEGIN")
            await connection.execute(statement, *args)
            yield
        finally:
            await connection.close()

    def blocked_journal(self) -> Any:
        """No row can be written."""
        return self.blocked("LOCK TABLE journal IN EXCLUSIVE MODE")

    async def until_someone_waits(self) -> None:
        """A lane's statement has reached PostgreSQL and stands there waiting for a lock."""
        waiting = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND application_name = 'authhost' AND wait_event_type = 'Lock'")
        await until(lambda: self.one(waiting))

    async def crash(self, place: int) -> None:
        """This host and PostgreSQL's side of it: what has not been committed never will be."""
        await self.places[place].die()
        await self.cut_lanes()

    async def cut_lanes(self) -> None:
        """PostgreSQL ends the lanes' connections, as it does when it goes down."""
        await self.one("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                       "WHERE datname = current_database() AND application_name = 'authhost'")

    def gate(self, place: int) -> Gate:
        """Rows of this host wait for the gate before they are written."""
        return Gate(self.places[place].host)

    def lose_next_result(self, place: int) -> None:
        """The next batch is committed, and its result is lost on the way back."""
        work = self.places[place].host.append._work
        real = work.run

        async def run(connection: asyncpg.Connection, items: Any) -> Any:
            await real(connection, items)
            work.run = real  # type: ignore[method-assign]
            raise asyncpg.ConnectionDoesNotExistError("lost on the way back")

        work.run = run  # type: ignore[method-assign]

    # -- what is seen afterwards

    async def one(self, statement: str, *args: object) -> int:
        """A number from the database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval(statement, *args))
        finally:
            await connection.close()

    async def violations(self) -> list[str]:
        """All that the judge of the crash run finds: 'lost ...', 'over_limit ...' and so on."""
        verdict = judge(self.record, await read_journal(self.database_url), self.portfolio)
        return [f"{name} {what}" for name in ("lost", "doubled", "over_limit", "flipped")
                for what in getattr(verdict, name)]


async def until(there: Callable[[], Awaitable[int]]) -> None:
    """Look again and again, for some seconds."""
    for _ in range(500):
        if await there():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come")


@asynccontextmanager
async def scene(database_url: str, redis_url: str, hsm_url: str, directory: Path,
                hosts: int = 1) -> AsyncIterator[Scene]:
    """A scene, set and cleared away."""
    made = Scene(database_url, redis_url, hsm_url, directory)
    try:
        await made.open(hosts)
        yield made
    finally:
        await made.close()

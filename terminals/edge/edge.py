"""The edge program: one terminal of a station, on line and off line, across any crash.

    async with Edge(config, clock=now) as edge:
        ticket = await edge.sell(sale, visit=visit)     # visit: a chip card in the reader
        print(await edge.receipt(ticket.row))

Knows how its parts are put together. Many may live in one event loop, each with a store of its own.
`start` gives back what was sent and never answered; then the forwarder and the errands run by
themselves until `stop`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from iso import Profile
from terminals.card_reader import Visit
from terminals.database import Database, StoreError, Worker
from terminals.edge.afterwards import Afterwards
from terminals.edge.asking import Asking
from terminals.edge.config import Config
from terminals.edge.forwarder import Forwarder
from terminals.edge.premises import LOG, Premises
from terminals.edge.receipt import receipt
from terminals.edge.rows import Row
from terminals.edge.selling import Selling
from terminals.edge.shelf import Shelf, Version
from terminals.edge.shifts import Line as TotalLine
from terminals.edge.shifts import Shift, totals
from terminals.edge.states import Kind, State, move
from terminals.edge.station import Station
from terminals.edge.station_door import StationDoor
from terminals.edge.store import Counts, Store
from terminals.edge.ticket import BadOrder, Ticket, is_settled, outcome_of
from terminals.line import Line
from terminals.pin_pad import EncipheredPin, PinPad
from terminals.pos import Pos, Timing
from terminals.premises import Clock, Contact, Pause, alive
from terminals.purchase import Sale
from terminals.record import Record
from terminals.settings import secret

_T = TypeVar("_T")


class Edge:
    """One terminal. clock: aware, else the machine's in the terminal's zone. pause: seconds of
    that clock. line: what may be cut. door: the JSON door, else as the settings say. chance: 0..1.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None,
                 pause: Pause = asyncio.sleep, line: Line | None = None,
                 door: StationDoor | None = None, record: Record | None = None,
                 timing: Timing | None = None,
                 chance: Callable[[], float] = random.random) -> None:
        self.config = config
        zone = ZoneInfo(config.terminal.time_zone)
        self.clock = clock or (lambda: datetime.now(zone))
        self._pause = pause
        self._line = line or Line()
        self._door = door
        self._record = record
        self._timing = timing or Timing(answer_timeout_s=config.host.answer_timeout_s)
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way: dict[str, asyncio.Task[Ticket]] = {}
        self._orders: set[asyncio.Task[Any]] = set()
        self._at: Premises | None = None

    async def __aenter__(self) -> Edge:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, background: bool = True) -> None:
        """Open the store, give back what was never answered, run. StoreError, ConfigError.

        background: False for one that is driven by hand with `forward` and `fetch_catalogue`.
        """
        config, worker = self.config, Worker()
        try:
            key = secret(config.store.key).encode()
            store = await worker.do(_opened, config, key)
        except BaseException:
            worker.close()
            raise
        pos = Pos(config.speaker, config.where(), now=self.clock, record=self._record,
                  keys=config.session_keys(), timing=self._timing, connect=self._line.connect)
        self._at = Premises(
            config=config, clock=self.clock, pause=self._pause, worker=worker, store=store,
            shelf=Shelf(store.database), pos=pos, contact=Contact(LOG))
        if self._door is None and config.station.url:
            self._door = StationDoor(config.station.url, config.terminal.id, line=self._line,
                                     tls=config.context())
        asking = Asking(self._at)
        self._forwarder = Forwarder(self._at, self._chance)
        self._selling = Selling(self._at, asking)
        self._afterwards = Afterwards(self._at, asking, self._forwarder)
        self._station = Station(self._at, self._door)
        await asking.recover()
        if background:
            self._tasks = [asyncio.create_task(alive(run, LOG))
                           for run in (self._forwarder.run, self._station.run)]

    async def stop(self) -> None:
        """End: orders under way are seen through first."""
        await asyncio.gather(*self._orders, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._at is not None:
            await self._at.pos.close()
            if self._door is not None:
                await self._door.close()
            await self._at.worker.do(self._at.store.database.close)
            self._at.worker.close()
            self._at = None

    async def sell(self, sale: Sale, *, visit: Visit | None = None,
                   pin: EncipheredPin | None = None, reference: str = "",
                   offline: bool = False) -> Ticket:
        """A sale, on line, or off line where the host is silent and the rules let it.

        reference: the till's own; asked twice, it is done once. offline: after a ticket that was
        refused for its PIN, with the PIN given again. BadOrder, CardProblem: nothing was done.
        """
        return await self._once(reference, lambda: self._selling.sell(
            sale, visit=visit, pin=pin, reference=reference, offline=offline))

    async def preauthorize(self, sale: Sale, *, visit: Visit | None = None,
                           pin: EncipheredPin | None = None, reference: str = "") -> Ticket:
        """Hold an amount before the fuel flows; 0: as much as the host lets."""
        return await self._once(reference, lambda: self._selling.preauthorize(
            sale, visit=visit, pin=pin, reference=reference))

    async def increment(self, hold: Row, amount_minor: int) -> Ticket:
        """So much more for an open hold."""
        return await self._order(self._afterwards.increment(hold, amount_minor))

    async def complete(self, hold: Row, sale: Sale) -> Ticket:
        """What was really sold of a hold; amount 0 lets it go. The hold's card is charged."""
        return await self._order(self._afterwards.complete(
            hold, sale, self._timing.answer_timeout_s))

    async def take_back(self, original: Row, sale: Sale) -> Ticket:
        """Goods of a sale come back; the sale's card is credited."""
        return await self._order(self._afterwards.take_back(original, sale))

    async def reverse(self, original: Row, amount_minor: int | None = None) -> Ticket:
        """Give back a message, or a part of it."""
        return await self._order(self._afterwards.reverse(
            original, amount_minor, self._timing.answer_timeout_s))

    async def find(self, sequence: str, local_date: str = "") -> Row | None:
        """A message by its number; local_date YYYYMMDD, or the latest."""
        return await self._parts.worker.do(self._parts.store.find, sequence, local_date)

    async def last(self, *kinds: Kind) -> Row | None:
        """The last message; of these kinds, where any are named."""
        return await self._parts.worker.do(self._parts.store.latest, kinds or tuple(Kind))

    async def receipt(self, row: Row, *, copy: bool = False) -> str:
        """What is printed of it, 40 columns."""
        shelf = self._parts.shelf
        return await self._parts.worker.do(lambda: receipt(
            row, self.config, shelf.products(), shelf.receipt_lines(), copy=copy))

    async def forward(self) -> bool:
        """Send what waits, now; False where the host is silent."""
        return await self._forwarder.drain()

    async def queue(self) -> list[Row]:
        """What waits for the host, and what is parked."""
        return await self._parts.worker.do(self._parts.store.listed, [State.STORED, State.PARKED])

    async def send_again(self, row: Row) -> Row:
        """A parked message goes into the queue again, where it stood."""
        if row.state is not State.PARKED:
            raise BadOrder(f"{row.sequence} is not parked")
        move(row.state, State.STORED)
        row = await self._parts.worker.do(self._parts.store.note, row, State.STORED, self.clock())
        self._parts.contact.work.set()
        return row

    async def fetch_catalogue(self, *, full: bool = False) -> str:
        """Get the catalogue now; why it was refused, or ''. StationAway."""
        return await self._station.fetch(full=full)

    async def catalogue(self) -> tuple[Version | None, dict[str, int], str]:
        """The version in force, the sizes of its sections, and why the last one was refused."""
        shelf = self._parts.shelf
        return await self._parts.worker.do(
            lambda: (shelf.version(), shelf.sizes(), shelf.refused()))

    async def heartbeat(self) -> None:
        """Tell the host how we are, now. StationAway."""
        await self._station.beat()

    async def open_shift(self) -> Shift:
        """The open shift, begun where none is."""
        return await self._parts.worker.do(self._parts.store.shifts.open, self.clock())

    async def close_shift(self) -> tuple[Shift, list[TotalLine]]:
        """Close the open shift; the host compares it when it has everything. BadOrder."""
        do, store = self._parts.worker.do, self._parts.store
        shift = await do(store.shifts.close, self.clock())
        if shift is None:
            raise BadOrder("no shift is open")
        rows = await do(store.of_shift, shift.number)
        return shift, totals(rows, await do(store.originals, rows))

    async def compare_shifts(self) -> list[tuple[Shift, str]]:
        """Have closed shifts compared now: each with balanced or differs. StationAway."""
        return [(shift, balance.state) for shift, balance in await self._station.compare()]

    async def counts(self) -> Counts:
        """What waits."""
        return await self._parts.worker.do(self._parts.store.counts)

    def encipher(self, pin: str, pan: str) -> EncipheredPin:
        """A PIN as it goes to the host. BadOrder where the terminal has no keys for it (yet)."""
        keys = self._parts.pos.keys
        if keys is None or not keys.ready:
            raise BadOrder("this terminal has no keys for a PIN")
        return PinPad(keys).encipher(pin, pan)

    @property
    def profile(self) -> Profile:
        """How this terminal speaks."""
        return self._parts.profile

    @property
    def online(self) -> bool | None:
        """Whether the host answers; None: not tried yet."""
        return self._parts.contact.up

    async def echo(self) -> bool:
        """Ask the host whether it is there."""
        return await self._parts.echo()

    @property
    def _parts(self) -> Premises:
        assert self._at is not None, "start() first"
        return self._at

    async def _once(self, reference: str, ask: Callable[[], Coroutine[Any, Any, Ticket]]) -> Ticket:
        """A till that asks twice hears once: while it is under way, and ever after."""
        if not reference:
            return await self._order(ask())
        if (task := self._under_way.get(reference)) is not None:
            return await asyncio.shield(task)
        store = self._parts.store

        async def run() -> Ticket:
            row = await self._parts.worker.do(store.by_reference, reference)
            if row is not None and is_settled(row):
                return Ticket(outcome=outcome_of(row), row=row)
            return await ask()

        task = self._under_way[reference] = asyncio.create_task(run())
        task.add_done_callback(lambda _: self._under_way.pop(reference, None))
        return await self._order(task)

    async def _order(self, order: Coroutine[Any, Any, _T] | asyncio.Task[_T]) -> _T:
        """Seen through to its end, whoever stops waiting for it."""
        task = order if isinstance(order, asyncio.Task) else asyncio.create_task(order)
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)
        return await asyncio.shield(task)


def _opened(config: Config, key: bytes) -> Store:
    """The store of these settings, or StoreError and nothing left open."""
    database = Database(config.store.path, "terminals.edge")
    try:
        return Store(database, key, most_waiting=config.store.most_waiting,
                     card_types=config.card_types)
    except ValueError as error:
        database.close()
        raise StoreError(f"{config.store.key}: {error}") from error
    except StoreError:
        database.close()
        raise

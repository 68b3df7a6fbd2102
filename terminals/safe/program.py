"""The program of a safe: takes notes with the host and without it, and tells of each once.

    async with SafeProgram(config) as safe:
        await safe.open_shift("ana")
        offer = await safe.offer(Slip(depositor="ana"))     # what lies in the machine's escrow
        row = await safe.confirm(offer)
        print(await safe.receipt(row))

Knows how its parts are put together. Many may live in one event loop, each with a store and a
machine of its own. `start` does what a crash has left undone; then the forwarder and the statuses
run by themselves until `stop`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from terminals.database import Database, StoreError, Worker
from terminals.line import Line as Wire
from terminals.premises import Clock, Contact, Pause, alive
from terminals.safe import bodies, ordering
from terminals.safe.config import SOFTWARE, Config
from terminals.safe.counted import Line, Slip, Total
from terminals.safe.depositing import Answer, BadOrder, Depositing, Offer
from terminals.safe.door import HostAway, SafeDoor
from terminals.safe.forwarder import Forwarder
from terminals.safe.machine import Machine, MachineInSoftware
from terminals.safe.premises import LOG, Premises
from terminals.safe.receipt import receipt
from terminals.safe.rows import Counts, Issued, New, Row, Shift, Stay
from terminals.safe.states import Kind, State, move
from terminals.safe.store import ROOM, Store


class SafeProgram:
    """One safe. clock: aware, else the machine's in the safe's zone. pause: seconds of that clock.

    machine: what counts, else the one in software. line: what may be cut. chance: 0..1.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None,
                 pause: Pause = asyncio.sleep, line: Wire | None = None,
                 machine: Machine | None = None, timeout_s: float = 10.0,
                 chance: Callable[[], float] = random.random) -> None:
        self.config = config
        zone = ZoneInfo(config.terminal.time_zone)
        self.clock = clock or (lambda: datetime.now(zone))
        self.machine = machine or MachineInSoftware(config.machine.file)
        self._pause = pause
        self._line = line
        self._timeout_s = timeout_s
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []
        self._at: Premises | None = None
        self._one = asyncio.Lock()  # one person stands before it
        self._in_service = True

    async def __aenter__(self) -> SafeProgram:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, background: bool = True) -> None:
        """Open the store, finish what was begun, run. StoreError, ConfigError.

        background: False for one that is driven by hand with `forward`.
        """
        config, worker = self.config, Worker()
        try:
            sign = ordering.signer(config.safe.order_key, config.terminal.id)
            tls = config.context()
            store = await worker.do(_opened, config)
        except BaseException:
            worker.close()
            raise
        door = SafeDoor(config.host.url, config.terminal.id, tls=tls, line=self._line,
                        timeout_s=self._timeout_s)
        self._at = Premises(config=config, clock=self.clock, pause=self._pause, worker=worker,
                            store=store, machine=self.machine, door=door, contact=Contact(LOG))
        self._forwarder = Forwarder(self._at, self._chance)
        self._depositing = Depositing(self._at, self._forwarder, sign)
        await self._depositing.recover()
        await self._sign_on()
        if background:
            self._tasks = [asyncio.create_task(alive(run, LOG))
                           for run in (self._forwarder.run, self._beat)]

    async def stop(self) -> None:
        """End. What waits, waits in the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._at is not None:
            await self._at.door.close()
            await self._at.worker.do(self._at.store.database.close)
            self._at.worker.close()
            self._at = None

    async def offer(self, slip: Slip) -> Offer:
        """Ask about what lies in the machine's escrow. BadOrder: it was handed back."""
        async with self._one:
            try:
                return await self._depositing.offer(slip)
            except BadOrder:
                if await self._parts.worker.do(self._parts.store.held) is None:
                    await self._depositing.turn_away()
                raise

    async def confirm(self, offer: Offer) -> Row:
        """Let the notes in. BadOrder: they may not."""
        if not offer.may_stack:
            raise BadOrder(f"the notes go back: {offer.reason}")
        async with self._one:
            return await self._depositing.confirm(offer.held)

    async def hand_back(self, offer: Offer) -> list[Row]:
        """Let them go back."""
        async with self._one:
            return await self._depositing.hand_back(offer.held)

    async def deposit(self, slip: Slip) -> tuple[Offer, Row | None]:
        """All of it: what lies in the escrow goes in where it may, else back."""
        offer = await self.offer(slip)
        if offer.may_stack:
            return offer, await self.confirm(offer)
        await self.hand_back(offer)
        return offer, None

    async def open_shift(self, who: str) -> tuple[Shift, Row]:
        """A shift begins. BadOrder: one is open."""
        async with self._one:
            store = self._parts.store
            if await self._parts.worker.do(store.shift) is not None:
                raise BadOrder("a shift is open")
            at = self.clock()
            number = await self._parts.worker.do(store.next_shift, at)
            opened = await self._parts.worker.do(store.open_shift, who, at, New(
                kind=Kind.SHIFT_OPEN, path="/shifts",
                body=lambda _: {"shift": number, "opened_by": who}))
        self._parts.contact.work.set()
        return opened

    async def close_shift(self, who: str) -> tuple[Row, list[Total]]:
        """It ends, with its own sums. BadOrder: none is open, or notes lie in the escrow."""
        async with self._one:
            store = self._parts.store
            shift = await self._parts.worker.do(store.shift)
            if shift is None:
                raise BadOrder("no shift is open")
            await self._demand_no_notes()
            totals = await self._parts.worker.do(store.totals, shift.first)
            row = await self._parts.worker.do(store.close_shift, shift, who, self.clock(), New(
                kind=Kind.SHIFT_CLOSE, path=f"/shifts/{shift.number}/close",
                body=lambda _: bodies.shift_close(who, totals)))
        self._parts.contact.work.set()
        return row, totals

    async def swap(self, into: str, *, courier: str = "", guard: str = "",
                   seal: str = "") -> tuple[Row, list[Line]]:
        """A courier takes the cassette and leaves another: what the one held. BadOrder."""
        async with self._one:
            store = self._parts.store
            await self._demand_no_notes()
            stay = await self._parts.worker.do(store.stay)
            inside = await self._parts.worker.do(store.inside)
            out = stay.cassette if stay is not None else ""
            if not out and not into:
                raise BadOrder("no cassette is inside, and none is put in")
            row = await self._parts.worker.do(store.swap, into, self.clock(), New(
                kind=Kind.SWAP, path="/swaps",
                body=lambda _: bodies.swap(out, into, courier, guard, seal, inside)))
            self.machine.empty()
        self._parts.contact.work.set()
        return row, inside

    async def end_of_day(self) -> tuple[Row, list[Total]]:
        """The sums since the last end of a day."""
        async with self._one:
            store = self._parts.store
            after = await self._parts.worker.do(store.day_after)
            totals = await self._parts.worker.do(store.totals, after)
            pieces = await self._parts.worker.do(store.pieces, after)
            row = await self._parts.worker.do(store.end_day, self.clock(), New(
                kind=Kind.END_OF_DAY, path="/end-of-day",
                body=lambda _: bodies.end_of_day(totals, pieces)))
        self._parts.contact.work.set()
        return row, totals

    async def status(self) -> Row:
        """Tell how we are; where one waits still, it is that one."""
        parts = self._parts
        last = await self._parts.worker.do(parts.store.latest, Kind.STATUS)
        if last is not None and last.state is State.STORED:
            return last
        counts, stay = await self.counts(), await self.stay()
        inside = await self._parts.worker.do(parts.store.inside, suspects=True)
        oldest = counts.oldest_unsent_at
        age_s = int((self.clock() - oldest).total_seconds()) if oldest is not None else 0
        return await parts.put(New(kind=Kind.STATUS, path="/status", body=lambda _: {
            "fill": bodies.fill(stay.cassette if stay is not None else "", inside),
            "software": SOFTWARE, "unsent": counts.unsent,
            "oldest_unsent_at": oldest.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds")
            if oldest is not None else None, "link_age_s": max(age_s, 0)}))

    async def alarm(self, code: str, severity: str, text: str) -> Row:
        """Something is wrong, or has happened. severity: info, warning, alarm."""
        return await self._parts.put(New(kind=Kind.ALARM, path="/alarms",
                                         body=lambda _: bodies.alarm(code, severity, text)))

    async def sign_off(self) -> Row:
        """The safe goes out of service: it says nothing more by itself."""
        self._in_service = False
        return await self._parts.put(New(kind=Kind.SIGN_OFF, path="/sign-off",
                                         body=lambda _: {}))

    async def forward(self) -> bool:
        """Send what waits, now; False where the host is silent or busy."""
        return await self._forwarder.drain()

    async def told(self, row: Row, within_s: float) -> Row:
        """The message as it stands when the host has it, or after so long (real seconds)."""
        return await self._forwarder.taken(row, within_s)

    async def send_again(self, row: Row) -> Row:
        """A parked message waits again. BadOrder: it is not parked."""
        if row.state is not State.PARKED:
            raise BadOrder(f"{row.sequence} is not parked")
        move(row.state, State.STORED)
        row = await self._parts.worker.do(self._parts.store.note, row, State.STORED, self.clock())
        self._parts.contact.work.set()
        return row

    async def find(self, sequence: int) -> Row | None:
        """A message by its number."""
        return await self._parts.worker.do(self._parts.store.find, sequence)

    async def last_deposit(self) -> Row | None:
        """The last deposit."""
        return await self._parts.worker.do(self._parts.store.latest, Kind.DEPOSIT)

    async def queue(self) -> list[Row]:
        """What waits for the host, and what is parked."""
        return await self._parts.worker.do(self._parts.store.listed)

    async def counts(self) -> Counts:
        """How much waits."""
        return await self._parts.worker.do(self._parts.store.counts)

    async def shift(self) -> Shift | None:
        """The open one."""
        return await self._parts.worker.do(self._parts.store.shift)

    async def stay(self) -> Stay | None:
        """The cassette inside."""
        return await self._parts.worker.do(self._parts.store.stay)

    async def inside(self) -> list[Line]:
        """What the cassette holds by value, suspects too."""
        return await self._parts.worker.do(self._parts.store.inside, suspects=True)

    async def issued(self, row: Row) -> Issued | None:
        """What the host calls its own document of a deposit; None where it cannot say now."""
        if row.state is not State.FORWARDED:
            return None
        try:
            async with asyncio.timeout(self.config.host.answer_timeout_s):
                return await self._parts.door.receipt(row.sequence)
        except (HostAway, TimeoutError):
            return None

    async def receipt(self, row: Row, *, copy: bool = False) -> str:
        """What is printed of a deposit, 40 columns."""
        return receipt(row, self.config, issued=await self.issued(row), copy=copy)

    @property
    def online(self) -> bool | None:
        """Whether the host answers; None: not tried yet."""
        return self._parts.contact.up

    @property
    def _parts(self) -> Premises:
        assert self._at is not None, "start() first"
        return self._at

    async def _sign_on(self) -> None:
        """Each start is told; where the last one waits still, once is enough."""
        store = self._parts.store
        last = await self._parts.worker.do(store.latest, Kind.SIGN_ON)
        if last is not None and last.state is State.STORED:
            return
        stay = await self._parts.worker.do(store.stay)
        inside = await self._parts.worker.do(store.inside)
        await self._parts.put(New(kind=Kind.SIGN_ON, path="/sign-on", body=lambda _: bodies.sign_on(
            SOFTWARE, self.config.terminal.model, stay.cassette if stay is not None else "",
            inside)))

    async def _demand_no_notes(self) -> None:
        if await self._parts.worker.do(self._parts.store.held) is not None or self.machine.held():
            raise BadOrder("notes lie in the escrow")

    async def _beat(self) -> None:
        """A status now and then; and what is over long ago is forgotten."""
        while True:
            await self._pause(self.config.safe.status_s)
            if self._in_service:
                await self.status()
            before = self.clock() - timedelta(days=self.config.store.keep_days)
            await self._parts.worker.do(self._parts.store.prune, before)


def answered(offer: Offer) -> str:
    """The host's word to an offer, for people."""
    words = {Answer.APPROVED: "APPROVED", Answer.REFUSED: "REFUSED", Answer.SILENT: "NO ANSWER",
             Answer.NOT_ASKED: "ACCEPTED"}
    why = offer.reason if offer.answer is not Answer.APPROVED else ""
    return words[offer.answer] + (f": {why}" if why else "")


def _opened(config: Config) -> Store:
    """The store of these settings, or StoreError and nothing left open."""
    database = Database(config.store.path, ROOM)
    try:
        mine = database.meta("terminal")
        if mine and mine != config.terminal.id:
            raise StoreError(f"{config.store.path} is the store of {mine}")
        database.set_meta("terminal", config.terminal.id)
    except BaseException:
        database.close()
        raise
    return Store(database, most_waiting=config.store.most_waiting)

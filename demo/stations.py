"""The day of three stations that run the edge program, each with a profile of its own: sales with
the host, two hours of one of them without it, and shifts that are compared.

Knows cashiers, a cut line and an office; must not know how the edge keeps a message. What was not
sold off line, and why, is known beforehand.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.pricing.prices import Prices
from authhost.station.building import Building
from chip.reader import InProcessReader
from demo.basket import item
from demo.bureau import OFFLINE, Held, Issued
from demo.controls import CODES, DIESEL, OFFLINE_CARDS, PETROL, SHOP
from demo.edge_books import Books
from demo.edges import STORE, Site, make_edge
from demo.insert import statement
from demo.keyloader import Equipment
from demo.office import Office
from demo.parties import Device, FleetCard
from demo.search import Spoken
from demo.tally import Tally
from terminals.card_reader import CardReader
from terminals.card_reader import Visit as AtReader
from terminals.edge import premises
from terminals.edge.edge import Edge
from terminals.edge.ticket import BadOrder, Outcome, Ticket
from terminals.line import Line
from terminals.purchase import Card, Item, Sale

CUT_AT_S: Final = 13 * 3_600
CUT_FOR_S: Final = 2 * 3_600
_NOON_S: Final = 14.5 * 3_600  # the early shift's end, at stations that are not cut off
_ROUNDS: Final = tuple(hour * 3_600.0 for hour in (6, 8, 10.5, 16.5, 18, 20))
_RENEW_S: Final = 1_800
_FLOOR_MINOR: Final = 12_000
# Of a catalogue, in hours, and percent of the floor: everywhere, and at the second terminal.
_AGES: Final = [[12, 100], [24, 70]]
_SHORT_AGES: Final = [[2, 100], [4, 70]]
_AUSTRIA: Final = "040"
_CODES: Final = {(one.profile, one.product): one.code for one in CODES}
_PATIENCE_S, _LOOK_S = 15.0, 0.05  # real
_CHIP: Final = Card("", "")  # the chip's own comes in its place

Until = Callable[[float], Awaitable[None]]


class StationDay:
    """devices: those that run the edge program; cards: of fleets whose cards have no chip."""

    def __init__(self, site: Site, devices: list[Device], equipment: dict[str, Equipment],
                 issued: Issued, cards: list[FleetCard], *, clock: Clock, until: Until,
                 now: Callable[[], datetime], tally: Tally, spoken: Spoken, books: Books,
                 database_url: str) -> None:
        self._site, self._devices, self._equipment = site, devices, equipment
        self._issued, self._cards = issued, cards
        self._clock, self._until, self._now = clock, until, now
        self._tally, self._spoken, self._books = tally, spoken, books
        self._database_url = database_url
        self._held = {card.role: held for card, held in zip(
            OFFLINE_CARDS, issued.cards[OFFLINE], strict=True)}
        self._turns = {role: asyncio.Lock() for role in self._held}
        self._lines: dict[str, Line] = {}
        self.edges: dict[str, Edge] = {}

    async def prepare(self, office: Office) -> None:
        """What the office lets each station do, what it lets each card do, and who is lost."""
        for device in self._firsts():
            await office.post("/station-permits", {
                "site_id": device.site_id, "offline_permitted": True, "floor_minor": _FLOOR_MINOR,
                "currency": "EUR", "ages": _AGES, "profile": device.edge,
                "receipt": ["Gute Fahrt!"]})
        for device in self._devices:
            if device not in self._firsts():
                await office.post("/station-permits", {
                    "terminal_id": device.terminal_id, "ages": _SHORT_AGES})
        for card in OFFLINE_CARDS:
            await office.patch(f"/cards/{self._held[card.role].card_id}", card.row())
        await self._block(office, "lost", "lost")

    async def run(self, office: Office) -> None:
        """The whole day, to the last shift."""
        with self._log():
            await self._play(office)

    @contextmanager
    def _log(self) -> Iterator[None]:
        """What the programs say of their day goes into a file."""
        self._site.folder.mkdir(parents=True)
        log = premises.LOG
        handler = logging.FileHandler(self._site.folder / "edges.log", encoding="utf-8")
        log.addHandler(handler)
        log.propagate, before = False, log.propagate
        try:
            yield
        finally:
            log.propagate = before
            log.removeHandler(handler)
            handler.close()

    async def _play(self, office: Office) -> None:
        async with self._pool() as pool:
            building = Building(pool, self._clock, Prices(pool, self._clock))
            await building.build()
            renewing = asyncio.create_task(self._renew(building))
            try:
                await self._open()
                async with asyncio.TaskGroup() as working:
                    for device in self._firsts()[:-1]:
                        working.create_task(self._two_shifts(device))
                    working.create_task(self._cut_off(office, building))
                await self._close()
            finally:
                renewing.cancel()
                for edge in self.edges.values():
                    await edge.stop()
            self._books.posted = await pool.fetch(statement("edge_offline"), list(self.edges))
            self._books.shifts = dict(await pool.fetchrow(statement("shifts")) or {})
        for device in self._devices:
            self._books.read(device.terminal_id,
                             self._site.folder / device.terminal_id / STORE, self._tally)

    def _firsts(self) -> list[Device]:
        """The first terminal of each station."""
        return [device for device in self._devices if device.terminal_id.endswith("01")]

    @asynccontextmanager
    async def _pool(self) -> AsyncIterator[asyncpg.Pool]:
        async with asyncpg.create_pool(self._database_url, min_size=1, max_size=2) as pool:
            yield pool

    async def _renew(self, building: Building) -> None:
        """The host looks every half minute whether a catalogue has changed; that is a day here."""
        while True:
            await asyncio.sleep(_RENEW_S / self._site.rate)
            await building.build()

    async def _open(self) -> None:
        for device in self._devices:
            line = self._lines.setdefault(device.merchant_id, Line())
            edge = self.edges[device.terminal_id] = make_edge(
                self._site, device, self._equipment[device.terminal_id], line, self._now,
                forgetful=not device.terminal_id.endswith("01"))
            await edge.start()
        for terminal_id, edge in self.edges.items():
            await self._come_true(f"{terminal_id} gets no catalogue", partial(_has, edge))
            await self._come_true(f"{terminal_id} finds no host", partial(_online, edge))

    async def _two_shifts(self, device: Device) -> None:
        """A station that has its host all day; the early shift ends at noon."""
        early = [at_s for at_s in _ROUNDS if at_s < _NOON_S]
        await self._rounds(device, early)
        await self._until(_NOON_S)
        await self.edges[device.terminal_id].close_shift()
        await self._rounds(device, _ROUNDS[len(early):])

    async def _cut_off(self, office: Office, building: Building) -> None:
        """The other station: its early shift ends when it has its host again."""
        first, second = (one for one in self._devices
                         if one.merchant_id == self._devices[-1].merchant_id)
        early = [at_s for at_s in _ROUNDS if at_s < CUT_AT_S]
        self._done(second, "sale", await self.edges[second.terminal_id].sell(_sale(
            self._cards[-1].card, self._item(second, DIESEL, 30))))
        await self._rounds(first, early)
        await self._without_host(first, second, office, building)
        await self.edges[first.terminal_id].close_shift()
        await self._rounds(first, _ROUNDS[len(early):])

    async def _rounds(self, device: Device, moments: Sequence[float]) -> None:
        for number, at_s in enumerate(moments):
            await self._until(at_s)
            card = self._cards[number % len(self._cards)].card
            try:
                await self._round(device, self.edges[device.terminal_id], card)
            except BadOrder as error:  # what it is about was not approved: told already
                self._tally.surprises.append(f"{device.terminal_id}: {error}")

    async def _round(self, device: Device, edge: Edge, card: Card) -> None:
        """Bought, held, raised, completed, returned, reversed; and bought with a chip."""
        fuel, shop = self._item(device, DIESEL, 30), self._item(device, SHOP, 1)
        self._done(device, "sale", await edge.sell(_sale(card, fuel, shop)))
        sold = self._done(device, "sale", await edge.sell(_sale(card, fuel)))
        self._done(device, "return", await edge.take_back(
            _row(sold), _sale(card, self._item(device, DIESEL, 10))))
        hold = self._done(device, "hold", await edge.preauthorize(Sale(card, 6_000, "EUR")))
        self._done(device, "increment", await edge.increment(_row(hold), 2_000))
        self._done(device, "completion", await edge.complete(
            _row(hold), _sale(card, self._item(device, PETROL, 45))), Outcome.FORWARDED)
        sold = self._done(device, "sale", await edge.sell(_sale(card, fuel)))
        self._done(device, "reversal", await edge.reverse(_row(sold)), Outcome.FORWARDED)
        role = f"good{self._firsts().index(device)}"
        async with self._turns[role], self._at_reader(device, role) as reader:
            await asyncio.to_thread(reader.pin_at_pad, self._held[role].pin)
            self._done(device, "chip", await edge.sell(_sale(_CHIP, fuel), visit=reader))

    async def _without_host(self, first: Device, second: Device, office: Office,
                            building: Building) -> None:
        """Two hours: what goes, what does not and why; and a sale that is lost on its way."""
        edge, line = self.edges[first.terminal_id], self._lines[first.merchant_id]
        await self._until(CUT_AT_S)
        await building.build()
        if refused := await edge.fetch_catalogue():
            self._tally.surprises.append(f"a catalogue was refused: {refused}")
        await line.cut()
        began = self._now()
        for one in (first, second):
            if await self.edges[one.terminal_id].echo():
                self._tally.surprises.append("the host answers over a line that is cut")
        await self._block(office, "late", "fleet")
        await self._offline(first)
        # What the second terminal knows is from the small hours.
        await self._refused(second, "good4", "catalogue_age", _sale(
            _CHIP, self._item(second, DIESEL, 20)))
        await self._until(_since_midnight(began) + CUT_FOR_S)
        self._books.waiting = (await edge.counts()).unsent
        self._books.cut_s = round((self._now() - began).total_seconds())
        line.mend()
        await self._come_true("what was sold off line is not forwarded", partial(_drained, edge))

    async def _offline(self, device: Device) -> None:
        """Two hours at the counter: what is sold without the host, and what is not and why."""
        def of(product: str, quantity: int) -> Sale:
            return _sale(_CHIP, self._item(device, product, quantity))

        unknown = _sale(_CHIP, msgspec.structs.replace(self._item(device, DIESEL, 20),
                                                       product="777"))
        async with asyncio.TaskGroup() as counter:
            for role, sale in (("good0", of(DIESEL, 40)), ("good1", of(PETROL, 30)),
                               ("good3", of(DIESEL, 35)), ("limited", of(DIESEL, 45)),
                               ("late", of(DIESEL, 20))):
                counter.create_task(self._sold(device, role, sale))
            for role, reason, sale, pin in (
                    ("lost", "blocked", of(DIESEL, 20), True),
                    ("unlisted", "not_listed", of(DIESEL, 20), True),
                    ("small", "above_maximum", of(DIESEL, 30), True),
                    ("weak", "above_limit", of(DIESEL, 30), True),
                    ("good2", "above_floor", of(DIESEL, 90), True),
                    ("diesel_only", "product", of(PETROL, 20), True),
                    ("good5", "unknown_product", unknown, True),
                    ("good6", "pin", of(DIESEL, 20), False)):
                counter.create_task(self._refused(device, role, reason, sale, pin=pin))
            counter.create_task(self._without_chip(device))
        for role, flag in (("limited", "limit:card:day:money"), ("late", "card_blocked")):
            self._tally.flagged(self._held[role].card_id, flag)
        self._plant(device, await self._sold(device, "good4", of(DIESEL, 25)))

    async def _without_chip(self, device: Device) -> None:
        ticket = await self.edges[device.terminal_id].sell(_sale(
            self._cards[0].card, self._item(device, DIESEL, 20)))
        self._objected("no_chip", ticket)

    def _plant(self, device: Device, ticket: Ticket) -> None:
        """A fault: the terminal takes for forwarded what the host never heard of."""
        sequence = _row(ticket).sequence
        path = self._site.folder / device.terminal_id / STORE
        with sqlite3.connect(path) as store:
            store.execute(statement("edge_plant"), {"sequence": sequence})
        store.close()
        self._books.planted = (device.terminal_id, sequence)

    async def _sold(self, device: Device, role: str, sale: Sale) -> Ticket:
        async with self._turns[role], self._at_reader(device, role) as reader:
            await asyncio.to_thread(reader.pin_at_pad, self._held[role].pin)
            ticket = await self.edges[device.terminal_id].sell(sale, visit=reader)
        if ticket.outcome is not Outcome.OFFLINE:
            self._tally.surprises.append(f"off line, {role}: {ticket.told()}")
        self._books.sold += 1
        return ticket

    async def _refused(self, device: Device, role: str, reason: str, sale: Sale, *,
                       pin: bool = True) -> None:
        async with self._turns[role], self._at_reader(device, role) as reader:
            if pin:
                await asyncio.to_thread(reader.pin_at_pad, self._held[role].pin)
            self._objected(reason, await self.edges[device.terminal_id].sell(sale, visit=reader))

    def _objected(self, reason: str, ticket: Ticket) -> None:
        self._books.refused[reason] += 1
        if ticket.outcome is not Outcome.REFUSED or reason not in ticket.objections:
            self._tally.surprises.append(f"off line, {reason}: {ticket.told()}")

    async def _close(self) -> None:
        """The late shifts end, and every shift is compared until it balances."""
        for terminal_id, edge in self.edges.items():
            await self._come_true(f"{terminal_id} still keeps something",
                                  partial(_drained, edge))
            await edge.open_shift()
            await edge.close_shift()
        async with self._pool() as pool:
            wanted = 2 * len(self._firsts()) + len(self._devices) - len(self._firsts())

            async def balanced() -> bool:
                row = await pool.fetchrow(statement("shifts"))
                return row is not None and bool(row["balanced"] == wanted)

            await self._come_true("not all shifts balance", balanced)

    async def _come_true(self, otherwise: str, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for it, a while of ours."""
        until = time.monotonic() + _PATIENCE_S
        while not await holds():
            if time.monotonic() > until:
                self._tally.surprises.append(otherwise)
                return
            await asyncio.sleep(_LOOK_S)

    async def _block(self, office: Office, role: str, reason: str) -> None:
        await office.post(f"/cards/{self._held[role].card_id}/blocking", {"reason": reason})

    def _done(self, device: Device, story: str, ticket: Ticket,
              outcome: Outcome = Outcome.APPROVED) -> Ticket:
        if ticket.outcome is not outcome:
            self._tally.surprises.append(f"{device.terminal_id} {story}: {ticket.told()}")
        return ticket

    def _item(self, device: Device, product: str, quantity: int) -> Item:
        """By the station's own code, where its profile has one."""
        return msgspec.structs.replace(item(product, Decimal(quantity)), product=_CODES.get(
            (device.edge, product), product))

    @asynccontextmanager
    async def _at_reader(self, device: Device, role: str) -> AsyncIterator[AtReader]:
        held: Held = self._held[role]
        assert held.chip is not None, "a chip"
        reader = CardReader(InProcessReader(held.chip),
                            self._issued.credentials[device.terminal_id], self._issued.issuers,
                            now=self._now, country=_AUSTRIA)
        visiting = reader.visit()
        visit = await asyncio.to_thread(visiting.__enter__)
        try:
            self._spoken.numbers.add(visit.card.pan)
            yield visit
        finally:
            visiting.__exit__(None, None, None)


def _since_midnight(moment: datetime) -> float:
    """Seconds."""
    return (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()


def _sale(card: Card, *items: Item) -> Sale:
    return Sale(card, sum(one.amount_minor for one in items), "EUR", items)


def _row(ticket: Ticket) -> Any:
    assert ticket.row is not None, "it was asked or stored"
    return ticket.row


async def _has(edge: Edge) -> bool:
    version, _, _ = await edge.catalogue()
    return version is not None


async def _online(edge: Edge) -> bool:
    return edge.online is True


async def _drained(edge: Edge) -> bool:
    return (await edge.counts()).unsent == 0

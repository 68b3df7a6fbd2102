"""The simulated business day: every visit at its moment, over the real wires.

Knows the plan, the clock and how many may be busy at once; the stories are in fuel.py, safes.py,
phones.py and others. Business time comes from the same simulated clock as the host's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from authhost.admin.access import Role
from authhost.clock import Clock
from demo import office as desk
from demo.agreed import CONTRACTS, SOURCE, VAT, WHOLESALE
from demo.bureau import Issued
from demo.cash import CashDay, CashSite
from demo.cash_books import CashBooks
from demo.chips import ChipDay
from demo.edge_books import Books
from demo.edges import Site
from demo.forecourt import Forecourt
from demo.fuel import UNKNOWN_TERMINAL, FuelDay
from demo.handset import Astray
from demo.holds import HoldDay
from demo.keyloader import Equipment
from demo.office import Office, OfficeError
from demo.parties import Device, Portfolio
from demo.phone_books import PhoneBooks
from demo.phone_day import PhoneRoom, PhoneSite
from demo.plan import Story, Visit
from demo.portfolio import BUSINESS_DATE, PROMPT_BANK, STATION_ACQUIRER
from demo.purchases import PurchaseDay
from demo.safes import SafeDay
from demo.search import Spoken
from demo.stations import StationDay
from demo.stripes import StripeDay
from demo.tally import Tally
from terminals import pki
from terminals.bank.server import BankServer
from terminals.json_door import JsonDoor, NoAnswer, Problem
from terminals.link import Address
from terminals.pos import Pos, Timing, Unanswered
from terminals.purchase import Terminal
from terminals.record import Record
from terminals.store import OfflineStore

ZONE: Final = ZoneInfo("Europe/Vienna")
MIDNIGHT: Final = datetime(BUSINESS_DATE.year, BUSINESS_DATE.month, BUSINESS_DATE.day, tzinfo=ZONE)
RATE: Final = 3_800  # times real time: a day in not quite 23 seconds
_SLOWEST: Final = 400
_WORKSHOPS_S: Final = 6.0  # what comes before the day takes no longer where the rate is good
_LAST_MOMENT: Final = MIDNIGHT + timedelta(hours=23, minutes=59)
_BUSY: Final = 40  # visits with a message under way
_AT_EDGES: Final = 6  # cards without a chip, at terminals with the edge program
_LOOKS, _LOOK_PAUSE_S = 20, 0.25  # the feed tells a row a second after it was recorded


def rate_of(workshops_s: float) -> int:
    """How fast the day goes on this machine, by how long the workshops took (seconds): a day that
    the machine cannot keep up with would end after its own midnight."""
    if workshops_s <= _WORKSHOPS_S:
        return RATE
    return max(_SLOWEST, int(RATE * _WORKSHOPS_S / workshops_s))


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Where the host listens. authority: its PKI, for mutual TLS at all doors."""

    iso_ports: Mapping[str, int]  # by profile
    http_port: int
    public_port: int  # of the door for shops and phones
    authority: pki.Authority
    database_url: str  # for the operator's commands


class Prepared(msgspec.Struct, frozen=True):
    """What came out of the workshops before the day: terminals' keys by id, and cards."""

    equipment: Mapping[str, Equipment]
    issued: Issued
    signers: Mapping[str, str]  # of catalogues: points by number, hexadecimal


class Day:
    """One run of the plan. record: what all terminals together sent and got; spoken: in secret."""

    def __init__(self, portfolio: Portfolio, prepared: Prepared, host: Host, clock: Clock,
                 tally: Tally, folder: Path, banks: Mapping[str, BankServer]) -> None:
        self.record = Record(folder / "terminals.jsonl")
        self.books = Books()
        self.cash = CashBooks()
        self.phones = PhoneBooks()
        self._folder = folder / "edges"
        self._cash_folder = folder / "safes"
        self._phone_folder = folder / "phones"
        self.spoken = Spoken()
        self.spoken.numbers |= {card.card.pan for card in portfolio.cards}
        self.metrics = ""  # of the host, when all terminals had closed
        self.exceptions: list[dict[str, Any]] = []  # the office's feed at the end
        self.consumptions: list[dict[str, Any]] = []  # of vehicles
        self._portfolio = portfolio
        self._prepared = prepared
        self._host = host
        self._clock = clock
        self._tally = tally
        self.banks = banks
        self._busy = asyncio.Semaphore(_BUSY)

    async def run(self, visits: Sequence[Visit], progress: Callable[[], None]) -> None:
        """Play all visits, then close every terminal's day. progress: called once a visit."""
        async with AsyncExitStack() as stack:
            stack.callback(self.record.close)
            terminals = self._terminals(stack)
            stations = self._portfolio.working_pos()
            forecourt = Forecourt(stations, terminals, self._prepared.equipment, self._tally,
                                  self._until)
            fuel = FuelDay(self._portfolio, forecourt, self._tally)
            cash = self.cash_day = self._cash_day(stack)
            await stack.enter_async_context(cash.open())
            safes = SafeDay(cash.safes, self._tally)
            office, vault = await self._office(stack), await self._vault(stack)
            room = self.phone_room = self._phone_room()
            purchases = PurchaseDay(self._portfolio, forecourt, office, self._tally)
            holds = HoldDay(self._portfolio, forecourt, self._tally)
            async with asyncio.TaskGroup() as opening:
                for device in stations:
                    opening.create_task(forecourt.open(device))
                opened = opening.create_task(room.open(stack, office, await self._bank(stack)))
            phones = opened.result()
            stories = {"fuel": fuel.stories(), "card": fuel.card_stories(),
                       **self._proved(forecourt),
                       "control": purchases.stories(), "hold": holds.stories(),
                       "safe": safes.stories(), "phone": phones.stories()}

            async def one(visit: Visit) -> None:
                async with self._busy:
                    try:
                        await stories[visit.place][visit.story](Random(visit.seed), visit)
                    except NoAnswer as silence:
                        self._tally.lost.append(f"{visit.story}: {silence}")
                    except (Problem, Unanswered, OfficeError, Astray) as fault:
                        self._tally.surprises.append(f"{visit.story}: {fault}")
                progress()

            stations_day = self._station_day()
            await stations_day.prepare(office)
            async with asyncio.TaskGroup() as visiting:
                visiting.create_task(stations_day.run(office))
                visiting.create_task(cash.run(office, vault))
                for visit in visits:
                    await asyncio.sleep(self._seconds_until(visit.at_s))
                    visiting.create_task(one(visit))
            async with asyncio.TaskGroup() as closing:
                for device in stations:
                    closing.create_task(forecourt.close(device))
                closing.create_task(cash.close())
            cash.read()
            await room.read()
            await self._looked_up(office, purchases.filled)
            scraper = self._door(stack, "prometheus")
            self.metrics = (await scraper.get("/metrics")).decode()

    def local_now(self) -> datetime:
        """The terminals' clock. A slow machine's day still ends on its own date."""
        return min(max(self._clock.now().astimezone(ZONE), MIDNIGHT), _LAST_MOMENT)

    def _running_now(self) -> datetime:
        """The clock of programs that have errands at every hour: it never stands still."""
        return max(self._clock.now().astimezone(ZONE), MIDNIGHT)

    def _seconds_until(self, at_s: float) -> float:
        """Real seconds until a moment of the business day; 0 when it is past."""
        passed_us = self._clock.now_us() - int(MIDNIGHT.timestamp()) * 1_000_000
        return max(0.0, (at_s * 1_000_000 - passed_us) / self._clock.rate / 1_000_000)

    async def _until(self, at_s: float) -> None:
        """Wait within a story; somebody else may be busy meanwhile."""
        self._busy.release()
        await asyncio.sleep(self._seconds_until(at_s))
        await self._busy.acquire()

    def _proved(self, forecourt: Forecourt) -> dict[str, dict[str, Story]]:
        """The stories with cards that have PINs and chips; what is secret of them is noted."""
        issued = self._prepared.issued
        for held in (held for cards in issued.cards.values() for held in cards):
            self.spoken.hold(held.pin, held.card.track_2 if held.card is not None else "")
            if held.card is not None:
                self.spoken.numbers.add(held.card.pan)
        stripes = StripeDay(forecourt, self._tally, self.spoken, self._host.database_url,
                            issued.cards["STRIPE"], issued.cards["OFFSET"])
        chips = ChipDay(forecourt, self._tally, self.spoken, issued, self.local_now)
        return {"pin": stripes.stories(), "chip": chips.stories()}

    async def _office(self, stack: AsyncExitStack) -> Office:
        """An administrator, who has entered what the fleets and the chain have agreed on."""
        office = Office(f"https://127.0.0.1:{self._host.http_port}", self._identity(desk.NAME),
                        await desk.let_in(self._host.database_url))
        stack.push_async_callback(office.close)
        await office.import_prices(WHOLESALE, SOURCE, str(ZONE))
        await office.post("/prices/vat-rates", VAT)
        for contract in CONTRACTS:
            await office.post("/prices/contracts", contract)
        return office

    async def _vault(self, stack: AsyncExitStack) -> Office:
        """A second administrator, who decides what the first one proposes."""
        vault = Office(f"https://127.0.0.1:{self._host.http_port}", self._identity(desk.SECOND),
                       await desk.let_in(self._host.database_url, desk.SECOND))
        stack.push_async_callback(vault.close)
        return vault

    async def _bank(self, stack: AsyncExitStack) -> Office:
        """A bank's own desk, where it tells of credits."""
        desk_ = Office(f"https://127.0.0.1:{self._host.http_port}", self._identity(PROMPT_BANK),
                       await desk.let_in(self._host.database_url, PROMPT_BANK, Role.BANK,
                                         PROMPT_BANK))
        stack.push_async_callback(desk_.close)
        return desk_

    async def _looked_up(self, office: Office, vehicles: Sequence[int]) -> None:
        """What the office sees at night: each exception that must be there, and consumption."""
        for _ in range(_LOOKS):
            self.exceptions = await office.exceptions()
            missing = self._not_told()
            if not missing:
                break
            await asyncio.sleep(_LOOK_PAUSE_S)
        self._tally.surprises += [f"the exceptions feed has no {one}" for one in missing]
        for vehicle in vehicles:
            found = await office.get(f"/vehicles/{vehicle}/consumption")
            self.consumptions.append(found)

    def _not_told(self) -> list[str]:
        told: dict[int, set[str]] = {}
        for row in self.exceptions:
            told.setdefault(row["card_id"], set()).update(one["flag"] for one in row["flags"])
        return [f"{flag} of card {card_id}" for card_id, flags in self._tally.flags.items()
                for flag in sorted(flags - told.get(card_id, set()))]

    def _station_day(self) -> StationDay:
        host = self._host
        return StationDay(
            Site(folder=self._folder, iso_ports=host.iso_ports, http_port=host.http_port,
                 authority=host.authority, signers=self._prepared.signers, zone=str(ZONE),
                 rate=self._clock.rate),
            self._portfolio.edges(), dict(self._prepared.equipment), self._prepared.issued,
            self._portfolio.cards_of("ordinary")[:_AT_EDGES], clock=self._clock,
            until=self._moment, now=self._running_now, tally=self._tally, spoken=self.spoken,
            books=self.books, database_url=host.database_url)

    async def _moment(self, at_s: float) -> None:
        """Wait for a moment of the business day."""
        await asyncio.sleep(self._seconds_until(at_s))

    def _terminals(self, stack: AsyncExitStack) -> dict[str, Pos]:
        stranger = Device(terminal_id=UNKNOWN_TERMINAL, kind="pos",
                          acquirer_id=STATION_ACQUIRER,
                          merchant_id="STATION99")
        terminals = {}
        for device in (*self._portfolio.devices_of("pos"), stranger):
            address = Address(host="127.0.0.1", port=self._host.iso_ports["ifsf"],
                              tls=self._identity(device.terminal_id))
            terminal = Terminal(device.terminal_id, device.merchant_id, device.acquirer_id,
                                device.outdoor)
            equipment = self._prepared.equipment.get(device.terminal_id)
            pos = Pos(terminal, address, now=self.local_now, record=self.record,
                      store=OfflineStore(), timing=Timing(answer_timeout_s=9.0),
                      keys=equipment.keys if equipment is not None else None)
            stack.push_async_callback(pos.close)
            terminals[device.terminal_id] = pos
        return terminals

    def _cash_day(self, stack: AsyncExitStack) -> CashDay:
        host = self._host
        return CashDay(
            CashSite(folder=self._cash_folder, http_port=host.http_port, authority=host.authority,
                     zone=str(ZONE), rate=RATE),
            self._portfolio, self.banks, until=self._moment, now=self.local_now,
            tally=self._tally, books=self.cash, doors=lambda name: self._door(stack, name))

    def _phone_room(self) -> PhoneRoom:
        return PhoneRoom(
            PhoneSite(url=f"https://127.0.0.1:{self._host.public_port}", home=self._phone_folder,
                      authority=self._host.authority.certificate_path,
                      tls=self._public_identity, now=self._running_now),
            self._portfolio, self.banks, self._tally, self.phones, self.spoken)

    def _door(self, stack: AsyncExitStack, name: str) -> JsonDoor:
        door = JsonDoor(f"https://127.0.0.1:{self._host.http_port}", tls=self._identity(name),
                        record=self.record)
        stack.push_async_callback(door.close)
        return door

    def _public_identity(self, name: str) -> ssl.SSLContext:
        """At the public door; '': of nobody."""
        authority = self._host.authority
        return self._identity(name) if name else pki.client_context(authority.certificate_path,
                                                                    None)

    def _identity(self, name: str) -> ssl.SSLContext:
        authority = self._host.authority
        return pki.client_context(authority.certificate_path, authority.client(name))

"""The simulated business day: every visit at its moment, over the real wires.

Knows the plan, the clock and how many may be busy at once; the stories are in fuel.py, safes.py
and phones.py. Business time comes from the same simulated clock as the host's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from authhost.clock import Clock
from demo.bureau import Issued
from demo.chips import ChipDay
from demo.forecourt import Forecourt
from demo.fuel import UNKNOWN_TERMINAL, FuelDay
from demo.keyloader import Equipment
from demo.parties import Device, Portfolio
from demo.phones import PhoneDay
from demo.plan import Story, Visit
from demo.portfolio import BUSINESS_DATE, STATION_ACQUIRER
from demo.safes import SafeDay
from demo.search import Spoken
from demo.stripes import StripeDay
from demo.tally import Tally
from terminals import pki
from terminals.json_door import JsonDoor, NoAnswer, Problem
from terminals.link import Address
from terminals.merchant import Till
from terminals.phone import Phone
from terminals.pos import Pos, Timing, Unanswered
from terminals.purchase import Terminal
from terminals.record import Record
from terminals.safe import Safe
from terminals.store import OfflineStore

ZONE: Final = ZoneInfo("Europe/Vienna")
MIDNIGHT: Final = datetime(BUSINESS_DATE.year, BUSINESS_DATE.month, BUSINESS_DATE.day, tzinfo=ZONE)
RATE: Final = 3_800  # times real time: a day in not quite 23 seconds
_LAST_MOMENT: Final = MIDNIGHT + timedelta(hours=23, minutes=59)
_BUSY: Final = 40  # visits with a message under way


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Where the host listens. authority: its PKI, for mutual TLS at both doors."""

    iso_port: int
    http_port: int
    authority: pki.Authority
    database_url: str  # for the operator's commands


class Prepared(msgspec.Struct, frozen=True):
    """What came out of the workshops before the day: terminals' keys by id, and cards."""

    equipment: Mapping[str, Equipment]
    issued: Issued


class Day:
    """One run of the plan. record: what all terminals together sent and got; spoken: in secret."""

    def __init__(self, portfolio: Portfolio, prepared: Prepared, host: Host, clock: Clock,
                 tally: Tally, record_path: Path | None = None) -> None:
        self.record = Record(record_path)
        self.spoken = Spoken()
        self.spoken.numbers |= {card.card.pan for card in portfolio.cards}
        self.metrics = ""  # of the host, when all terminals had closed
        self._portfolio = portfolio
        self._prepared = prepared
        self._host = host
        self._clock = clock
        self._tally = tally
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
            safes = SafeDay(self._safes(stack), self._tally)
            phones = PhoneDay(self._tills(stack), self._phones(stack), self._tally)
            async with asyncio.TaskGroup() as opening:
                for device in stations:
                    opening.create_task(forecourt.open(device))
            stories = {"fuel": fuel.stories(), "card": fuel.card_stories(),
                       **self._proved(forecourt),
                       "safe": safes.stories(), "phone": phones.stories()}

            async def one(visit: Visit) -> None:
                async with self._busy:
                    try:
                        await stories[visit.place][visit.story](Random(visit.seed), visit)
                    except NoAnswer as silence:
                        self._tally.lost.append(f"{visit.story}: {silence}")
                    except (Problem, Unanswered) as fault:
                        self._tally.surprises.append(f"{visit.story}: {fault}")
                progress()

            async with asyncio.TaskGroup() as visiting:
                for visit in visits:
                    await asyncio.sleep(self._seconds_until(visit.at_s))
                    visiting.create_task(one(visit))
            async with asyncio.TaskGroup() as closing:
                for device in stations:
                    closing.create_task(forecourt.close(device))
            scraper = self._door(stack, "prometheus")
            self.metrics = (await scraper.get("/metrics")).decode()

    def local_now(self) -> datetime:
        """The terminals' clock. A slow machine's day still ends on its own date."""
        return min(max(self._clock.now().astimezone(ZONE), MIDNIGHT), _LAST_MOMENT)

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

    def _terminals(self, stack: AsyncExitStack) -> dict[str, Pos]:
        stranger = Device(terminal_id=UNKNOWN_TERMINAL, kind="pos",
                          acquirer_id=STATION_ACQUIRER,
                          merchant_id="STATION99")
        terminals = {}
        for device in (*self._portfolio.devices_of("pos"), stranger):
            address = Address(host="127.0.0.1", port=self._host.iso_port,
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

    def _safes(self, stack: AsyncExitStack) -> list[Safe]:
        return [Safe(device.terminal_id, self._door(stack, device.terminal_id),
                     now=self.local_now, currency=device.currency)
                for device in self._portfolio.devices_of("safe")]

    def _tills(self, stack: AsyncExitStack) -> list[Till]:
        return [Till(device.terminal_id, self._door(stack, device.terminal_id))
                for device in self._portfolio.devices_of("till")]

    def _phones(self, stack: AsyncExitStack) -> list[Phone]:
        return [Phone(payer.phone, payer.private_key, self._door(stack, payer.phone))
                for payer in self._portfolio.payers]

    def _door(self, stack: AsyncExitStack, name: str) -> JsonDoor:
        door = JsonDoor(f"https://127.0.0.1:{self._host.http_port}", tls=self._identity(name),
                        record=self.record)
        stack.push_async_callback(door.close)
        return door

    def _identity(self, name: str) -> ssl.SSLContext:
        authority = self._host.authority
        return pki.client_context(authority.certificate_path, authority.client(name))

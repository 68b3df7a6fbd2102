"""The cash cycle's day: twenty safes, two banks, a courier and a cash centre, and what goes wrong.

One bank is down for an hour, one safe's line is out for two, one cassette is short by a note and in
one a note is counterfeit. Both are cassettes of clients who have a credit in that night's files:
what is taken off them is taken off that. Knows shop keepers, guards and clerks; must not know how
the host keeps a credit. Two clerks decide a case: the office proposes, the vault decides.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from demo.cash_books import CashBooks, bank_books
from demo.office import Office, OfficeError
from demo.paper import printed
from demo.parties import Portfolio, SmartSafe
from demo.portfolio import COURIER, DEPOSITORS
from demo.safes import Equipped, put_in
from demo.tally import Tally
from terminals import pki
from terminals.bank.conduct import Conduct
from terminals.bank.desk import bring
from terminals.bank.server import BankServer, real_now_us
from terminals.json_door import JsonDoor
from terminals.line import Line as Wire
from terminals.safe.config import Config, HostSettings, MachineSettings, Place, Rules, StoreSettings
from terminals.safe.counted import GENUINE, Count, Line, Piece, Slip
from terminals.safe.door import SafeDoor
from terminals.safe.machine import MachineInSoftware
from terminals.safe.machine import lines as held
from terminals.safe.one_message import Safe
from terminals.safe.premises import LOG
from terminals.safe.program import SafeProgram
from terminals.safe.rows import Row
from terminals.safe.states import State
from terminals.safe.store import local
from terminals.settings import TlsSettings

STORE: Final = "safe.db"
DOWN_BANK: Final = "BANK2"
DOWN_AT_S, DOWN_FOR_S = 10 * 3_600, 3_600
CUT_SAFE: Final = "S0002"
CUT_AT_S, CUT_FOR_S = 13 * 3_600, 2 * 3_600
_CUT_DEPOSITS: Final = 3  # beside those of the day's visits
SHORT_SAFE, FALSE_SAFE = "S0004", "S0006"
_WHILE_DOWN: Final = 3  # deposits at the safe whose cassette will be short, beside the visits'
_SWAP_AT_S: Final = 17.5 * 3_600
_COUNT_AT_S: Final = 19.5 * 3_600
_STATUS_S: Final = 12 * 3_600
_LEAST_PAUSE_S: Final = 0.02  # real: a business minute is less than that
_PATIENCE_S, _LOOK_S = 15.0, 0.05  # real
_SERIAL: Final = "X01234567890"

Until = Callable[[float], Awaitable[None]]


class CashSite(msgspec.Struct, frozen=True, kw_only=True):
    """Where safes stand: folder, host, authority, and how fast the day goes."""

    folder: Path
    http_port: int
    authority: pki.Authority
    zone: str
    rate: int


class CashDay:
    """banks: those that listen, by their ids. vault: the second clerk."""

    def __init__(self, site: CashSite, portfolio: Portfolio, banks: Mapping[str, BankServer], *,
                 until: Until, now: Callable[[], datetime], tally: Tally, books: CashBooks,
                 doors: Callable[[str], JsonDoor]) -> None:
        self._site = site
        self._portfolio = portfolio
        self._banks = banks
        self._until = until
        self._now = now
        self._tally = tally
        self._books = books
        self._doors = doors
        self._wires: dict[str, Wire] = {}
        self._cut: tuple[str, str] = ("", "")
        self._late: Row | None = None
        self._shifts: dict[str, int] = {}
        self.safes: dict[str, Equipped] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Every safe signs on, gets its cassette and opens a shift; and all stop at the end."""
        self._site.folder.mkdir(parents=True)
        with self._log():
            async with asyncio.TaskGroup() as opening:
                for safe in self._portfolio.safes:
                    opening.create_task(self._open_one(safe))
            try:
                yield
            finally:
                for equipped in self.safes.values():
                    await equipped.program.stop()
                    await equipped.door.close()

    async def run(self, office: Office, vault: Office) -> None:
        """What happens to the banks, the line and the cassettes, each at its moment."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bank_down(office))
            group.create_task(self._line_cut())
            group.create_task(self._cassettes(office, vault))

    async def close(self) -> None:
        """Every safe's day ends: totals that the host has too, and nothing waits any more."""
        async with asyncio.TaskGroup() as closing:
            for terminal_id, safe in self.safes.items():
                closing.create_task(self._close_one(terminal_id, safe))
        await self._print()

    async def _print(self) -> None:
        """The receipt of the last deposit that was put in while the line was out."""
        config = self.safes[CUT_SAFE].program.config
        tls = config.context()
        assert self._late is not None, "a safe without a line takes notes"
        assert tls is not None, "safes come over mutual TLS"
        self._books.receipt = await printed(config.host.url, CUT_SAFE, tls, self._late.sequence)

    def read(self) -> None:
        """The safes' own records into the books."""
        for safe in self._portfolio.safes:
            cut = self._cut if safe.terminal_id == CUT_SAFE else ("", "")
            self._books.read(safe.terminal_id, self._folder(safe) / STORE, self._tally, cut)

    async def _open_one(self, safe: SmartSafe) -> None:
        equipped = self._equipped(safe)
        program = equipped.program
        await program.start()
        self.safes[safe.terminal_id] = equipped
        await program.swap(safe.cassettes[0], courier=COURIER, guard="Eder", seal="0")
        await program.open_shift(DEPOSITORS[0])

    def _equipped(self, safe: SmartSafe) -> Equipped:
        folder, site = self._folder(safe), self._site
        folder.mkdir(parents=True)
        identity = site.authority.client(safe.terminal_id)
        url = f"https://127.0.0.1:{site.http_port}"
        config = Config(
            terminal=Place(id=safe.terminal_id, model="TS-3", name=f"Tresor {safe.terminal_id}",
                           currencies=(safe.currency,), time_zone=site.zone),
            host=HostSettings(url=url, answer_timeout_s=8.0),
            store=StoreSettings(path=folder / STORE),
            machine=MachineSettings(file=folder / "machine.json"),
            safe=Rules(status_s=_STATUS_S, note_capacity=safe.note_capacity,
                       coin_capacity=safe.coin_capacity),
            tls=TlsSettings(authority=site.authority.certificate_path,
                            certificate=identity.certificate, key=identity.key))
        machine, wire = MachineInSoftware(config.machine.file), Wire()
        self._wires[safe.terminal_id] = wire

        async def pause(seconds: float) -> None:
            await asyncio.sleep(max(seconds / site.rate, _LEAST_PAUSE_S))

        return Equipped(
            SafeProgram(config, clock=self._now, pause=pause, line=wire, machine=machine), machine,
            SafeDoor(url, safe.terminal_id, tls=config.context(), line=wire),
            Safe(safe.terminal_id, self._doors(safe.terminal_id), now=self._now,
                 currency=safe.currency))

    async def _bank_down(self, office: Office) -> None:
        """A bank says that it will be away, and is; what comes meanwhile goes by night."""
        await self._until(DOWN_AT_S)
        await office.patch(f"/banks/{DOWN_BANK}", {"status": "down"})
        await self._banks[DOWN_BANK].behave(Conduct(down=True))
        for number in range(1, _WHILE_DOWN + 1):
            await self._until(DOWN_AT_S + number * DOWN_FOR_S / (_WHILE_DOWN + 1))
            await self._put_in(SHORT_SAFE, Piece(10_000, number, "note", GENUINE))
        await self._until(DOWN_AT_S + DOWN_FOR_S)
        await self._banks[DOWN_BANK].behave(Conduct())
        await office.patch(f"/banks/{DOWN_BANK}", {"status": "active"})
        self._books.down, self._books.down_minutes = DOWN_BANK, DOWN_FOR_S // 60

    async def _line_cut(self) -> None:
        program, wire = self.safes[CUT_SAFE].program, self._wires[CUT_SAFE]
        await self._until(CUT_AT_S)
        await wire.cut()
        begun = local(self._now())
        for number in range(1, _CUT_DEPOSITS + 1):
            await self._until(CUT_AT_S + number * CUT_FOR_S / (_CUT_DEPOSITS + 1))
            self._late = await self._put_in(CUT_SAFE, Piece(5_000, number, "note", GENUINE))
        await self._until(CUT_AT_S + CUT_FOR_S)
        self._books.waited = (await program.counts()).unsent
        self._cut = (begun, local(self._now()))
        wire.mend()
        self._books.cut_minutes = CUT_FOR_S // 60

    async def _put_in(self, terminal_id: str, piece: Piece) -> Row | None:
        safe = self.safes[terminal_id]
        offer, row = await put_in(safe, Count(currency=safe.currency, pieces=(piece,)),
                                  Slip(depositor=DEPOSITORS[1]))
        if row is None:
            self._tally.surprises.append(f"{terminal_id}: notes were refused: {offer.reason}")
        return row

    async def _cassettes(self, office: Office, vault: Office) -> None:
        """Two cassettes go to the cash centre; one is short, in the other is a false note."""
        await self._until(_SWAP_AT_S)
        taken = {terminal_id: await self._swapped(terminal_id)
                 for terminal_id in (SHORT_SAFE, FALSE_SAFE)}
        await self._until(_COUNT_AT_S)
        cassette, pieces = taken[SHORT_SAFE]
        short = _less_one(pieces)
        await office.post("/counts", {
            "cassette": cassette, "reference": f"CC-{cassette[-6:]}", "pieces": short,
            "counterfeits": [], "counted_at": self._now().isoformat()})
        value = _smallest(pieces)
        self._books.expected["difference"] = -value
        cassette, pieces = taken[FALSE_SAFE]
        value = _smallest(pieces)
        await office.post("/counts", {
            "cassette": cassette, "reference": f"CC-{cassette[-6:]}", "pieces": _less_one(pieces),
            "counterfeits": [{"currency": pieces[0].currency, "value_minor": value,
                              "serial": _SERIAL}], "counted_at": self._now().isoformat()})
        self._books.expected["counterfeit"] = -value
        self._books.counts = 2
        for kind in ("difference", "counterfeit"):
            await self._decided(office, vault, kind)

    async def _swapped(self, terminal_id: str) -> tuple[str, list[Line]]:
        """The cassette that left, and what really lies in it."""
        safe = self.safes[terminal_id]
        cassettes = next(one.cassettes for one in self._portfolio.safes
                         if one.terminal_id == terminal_id)
        async with safe.turn:
            row, _ = await safe.program.swap(cassettes[1], courier=COURIER, guard="Eder",
                                             seal="4711")
        await safe.program.told(row, _PATIENCE_S)
        self._books.swaps += 1
        return cassettes[0], held(safe.machine.drawers.taken_out[-1])

    async def _decided(self, office: Office, vault: Office, kind: str) -> None:
        """One proposes what the difference is, another decides; then it is booked."""
        case = await self._case(office, kind, "open")
        proposed = await office.post(f"/cases/{case['case_id']}/proposal", {
            "proposal": "adjust", "why": "counted twice"})
        await vault.post(f"/cases/{case['case_id']}/decision", {
            "approve": True, "proposal": "adjust", "amount_minor": proposed["proposed_minor"],
            "why": "seen"})
        await self._case(office, kind, "closed")

    async def _case(self, office: Office, kind: str, state: str) -> dict[str, Any]:
        """The case of this kind, as soon as it is so. OfficeError."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            found = await office.get(f"/cases?kind={kind}&state={state}")
            if found["data"]:
                case: dict[str, Any] = found["data"][0]
                return case
            if time.monotonic() > deadline:
                raise OfficeError(f"no case {kind} is {state}")
            await asyncio.sleep(_LOOK_S)

    async def _close_one(self, terminal_id: str, safe: Equipped) -> None:
        day, _ = await safe.program.end_of_day()
        shift, _ = await safe.program.close_shift(DEPOSITORS[0])
        last = await safe.program.sign_off()
        for row in (day, shift, last):
            told = await safe.program.told(row, _PATIENCE_S)
            if told.state is not State.FORWARDED:
                self._tally.lost.append(f"{terminal_id} {row.kind} {row.sequence}")
            elif row is not last:
                answer = msgspec.json.decode(told.answer)
                if answer["state"] != "balanced":
                    self._books.differing.append(f"{terminal_id} {row.kind}: {answer}")
                elif row is shift:
                    self._books.balanced += 1

    def settle(self, files: Path) -> None:
        """An operator brings the night's files to the banks, and reads their books."""
        for bank_id, bank in self._banks.items():
            for path in sorted(files.rglob(f"deposits-*-{bank_id}.xml")):
                told = bring(bank.books, path.read_bytes(), real_now_us)
                if told.status != 200:
                    self._tally.surprises.append(f"{path.name}: {told.body.decode()}")
        self._books.payments = bank_books(self._banks)

    def _folder(self, safe: SmartSafe) -> Path:
        return self._site.folder / safe.terminal_id

    @contextmanager
    def _log(self) -> Iterator[None]:
        """What the programs say of their day goes into a file."""
        handler = logging.FileHandler(self._site.folder / "safes.log", encoding="utf-8")
        LOG.addHandler(handler)
        LOG.propagate, before = False, LOG.propagate
        try:
            yield
        finally:
            LOG.propagate = before
            LOG.removeHandler(handler)
            handler.close()


def _smallest(pieces: list[Line]) -> int:
    """Of the notes."""
    return min(line.value_minor for line in pieces if line.kind == "note")


def _less_one(pieces: list[Line]) -> list[dict[str, Any]]:
    """The cash centre's pieces: one note of the smallest value is missing."""
    value = _smallest(pieces)
    counted = [msgspec.structs.replace(line, count=line.count - (
        line.kind == "note" and line.value_minor == value)) for line in pieces]
    return [msgspec.to_builtins(line) for line in counted if line.count]

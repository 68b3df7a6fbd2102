"""Terminals of a station before the real host over mutual TLS, and people in its offices.

Knows the rig, certificates, the edge program and the admin API; a test plays what happens. Business
time begins on the chip cards' own day. A terminal's codes of products are the profile's.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet

from authhost.admin.keyring import Keyring
from authhost.clock import Clock
from authhost.embedded import Servers
from authhost.settings import TlsFiles
from authhost.station.permits import Permit
from chip.reader import InProcessReader
from chip.records import Contents, Identity
from terminals.card_reader import CardReader
from terminals.edge.config import Config, HostSettings, Place, StationSettings, StoreSettings
from terminals.edge.edge import Edge
from terminals.edge.station_door import StationDoor
from terminals.edge.ticket import Ticket
from terminals.line import Line
from terminals.pki import Authority, client_context
from terminals.pos import Timing
from terminals.purchase import Sale
from terminals.settings import TlsSettings
from tests.e2e.workshop import Workshop
from tests.support.cards import CONTENTS, PIN, Issuer
from tests.support.edge_sale import sale
from tests.support.office import Office, Person
from tests.support.portfolio import ACQUIRER, Card
from tests.support.rig import Rig, running

BEGAN = datetime(2026, 7, 29, 10, 15, tzinfo=UTC)
GOODS = (Path(__file__).parent / "forecourt_goods.sql").read_text()
CHIP_CARD = (Path(__file__).parent / "forecourt_chip.sql").read_text()
_numbers = itertools.count(1)


class ChipCard:
    """A card of the portfolio with its twin in plastic. row: as the host knows it."""

    def __init__(self, row: Card, serial: str, reader: CardReader) -> None:
        self.row, self.serial, self.reader = row, serial, reader


class Terminal:
    """One edge, driven by hand. line: the way to the host, both doors."""

    def __init__(self, forecourt: Forecourt, terminal_id: str, folder: Path, **more: Any) -> None:
        self.rig, self.id, self._folder = forecourt.rig, terminal_id, folder
        self.line = Line()
        self.config = forecourt.settings(terminal_id, folder, **more)
        self.door: StationDoor | None = None
        self.edge = Edge(self.config, clock=forecourt.now, line=self.line, chance=lambda: 0.0,
                         timing=Timing(answer_timeout_s=3, request_repeats=0))
        self.rig.run(self.edge.start(background=False))

    def close(self) -> None:
        """Stop it."""
        self.rig.run(self.edge.stop())

    def sell(self, card: ChipCard, amount: int = 4_135, product: str = "001", *,
             whole: Sale | None = None, **more: Any) -> Ticket:
        """With the chip and its PIN, on line where the line is. whole: more than one product."""
        async def run() -> Ticket:
            with card.reader.visit() as visit:
                visit.pin_at_pad(PIN)
                return await self.edge.sell(whole or sale(amount, product, **more), visit=visit)

        return self.rig.run(run())

    def told(self, order: Coroutine[Any, Any, Ticket]) -> Ticket:
        """An order that is stored first, forwarded while it waits for its answer."""
        async def run() -> Ticket:
            task = asyncio.ensure_future(order)
            while not task.done():
                await self.edge.forward()
                await asyncio.sleep(0.01)
            return await task

        return self.rig.run(run())

    def cut(self) -> None:
        """The line is out, and the terminal knows it."""
        self.rig.run(self.line.cut())
        assert not self.rig.run(self.edge.echo())

    def mend(self) -> None:
        """It is back, and what waited is told."""
        self.line.mend()
        assert self.rig.run(self.edge.echo())
        assert self.rig.run(self.edge.forward())

    def fetch(self) -> str:
        """The catalogue; why it was refused."""
        return self.rig.run(self.edge.fetch_catalogue())

    def beat(self) -> None:
        """A heartbeat."""
        self.rig.run(self.edge.heartbeat())

    def shift(self) -> list[str]:
        """Close the shift and have it compared: what became of all that are closed."""
        self.rig.run(self.edge.close_shift())
        return self.compared()

    def compared(self) -> list[str]:
        """What becomes of the shifts that are closed."""
        return [state for _, state in self.rig.run(self.edge.compare_shifts())]

    def lose(self, sequence: str) -> None:
        """It believes that the host has it, and the host has never heard of it."""
        with closing(sqlite3.connect(self._folder / "edge.db")) as store, store:
            changed = store.execute("UPDATE message SET state = 'forwarded' WHERE sequence = ?",
                                    (sequence,)).rowcount
        assert changed == 1


class Forecourt:
    """One host with TLS at both doors."""

    def __init__(self, rig: Rig, authority: Authority) -> None:
        self.rig, self.authority = rig, authority
        self.workshop = Workshop(rig)
        self.issuer = Issuer()
        self.workshop.key("program/CHIP/mk_ac", "E0", "X", "A", value=self.issuer.ac)
        rig.sql("INSERT INTO program (program_id, pin_required, scheme, chip_required)"
                " VALUES ('CHIP', true, 'fleet', true)")
        rig.run(rig.host._pool.execute(GOODS))
        self.office = Office(rig, Keyring(rig.host._pool))
        self.office.url = f"https://127.0.0.1:{rig.ports['http']}"
        self.permit(site_id="S1")
        self.points = {str(key.number): key.point.hex() for key in self._keys()}

    def now(self) -> datetime:
        """The host's business time; so is a terminal's clock."""
        return self.rig.settings.clock.now()

    def permit(self, **where: str) -> None:
        """Off-line sales, for a full day of a catalogue."""
        self.rig.run(self.rig.host.stations.permit(Permit(
            offline_permitted=True, floor_minor=20_000, currency="EUR", ages=((24, 100),),
            profile="ifsf", receipt=("Thank you",), **where), "test"))

    def build(self) -> None:
        """What has changed is in the next catalogue."""
        self.rig.run(self.rig.host.stations.building.build())

    def person(self, role: str, **more: Any) -> Person:
        """Somebody in an office, with a token and a certificate."""
        name = f"{role}-{next(_numbers)}"
        _, token = self.office.access(role, name, certificate=name, **more)
        return Person(self.office, token, self._context(name))

    def door(self, terminal_id: str) -> StationDoor:
        """A terminal's own at the host."""
        return StationDoor(self.office.url, terminal_id, tls=self._context(terminal_id))

    def chip(self, *, most: int = 14_000, vehicle: Any = None, **more: Any) -> ChipCard:
        """A chip card that may buy off line for so much."""
        row = self.rig.card(expiry="2912", vehicle=vehicle, **more)
        serial = f"{0xB0000000 + row.card_id:016X}"
        self.rig.run(self.rig.host._pool.execute(CHIP_CARD, row.card_id, serial,
                                                 most))
        self.rig.sql("UPDATE account SET offline = true WHERE account_id = $1", row.account_id)
        self.rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", row.account_id)
        identity = Identity(pan=row.pan, expiry=date(2029, 12, 31), psn="01", service_code="520")
        rules = msgspec.structs.replace(CONTENTS.rules, products=None)
        plastic = self.issuer.issued(Contents(identity, CONTENTS.holder, rules),
                                     serial=bytes.fromhex(serial))
        return ChipCard(row, serial, CardReader(
            InProcessReader(plastic), self.issuer.terminal("T0101"), self.issuer.trusted,
            now=self.now))

    @contextmanager
    def terminal(self, folder: Path, *, site: str = "S1", **more: Any) -> Iterator[Terminal]:
        """A new terminal of a site, with its certificate, its catalogue and a store in folder."""
        terminal_id = f"E{next(_numbers):07d}"
        self.rig.sql("INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)"
                     " VALUES ($1, 'pos', $2, 'STATION', $3)", terminal_id, ACQUIRER, site)
        self.rig.sql("UPDATE rules SET version = version + 1")
        self.build()
        made = Terminal(self, terminal_id, folder, **more)
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def again(self, terminal: Terminal, folder: Path) -> Iterator[Terminal]:
        """The same terminal with a store of its own: it knows nothing of the first one."""
        made = Terminal(self, terminal.id, folder)
        try:
            yield made
        finally:
            made.close()

    def settings(self, terminal_id: str, folder: Path, **more: Any) -> Config:
        """As an edge.toml has them."""
        folder.mkdir(exist_ok=True)
        key = folder / "store.key"
        key.touch(mode=0o600)
        key.write_bytes(Fernet.generate_key())
        client = self.authority.client(terminal_id)
        return Config(**{
            "terminal": Place(id=terminal_id, merchant="STATION", acquirer=ACQUIRER),
            "host": HostSettings(host="127.0.0.1", port=self.rig.ports["ifsf:0"]),
            "station": StationSettings(url=self.office.url),
            "tls": TlsSettings(authority=self.authority.certificate_path,
                               certificate=client.certificate, key=client.key),
            "store": StoreSettings(path=folder / "edge.db", key=key),
            "catalogue_keys": self.points, "card_types": {"70": "CHIP"}, **more})

    def _keys(self) -> Any:
        self.rig.run(self.rig.host.stations.signer.ensure(self.now()))
        return self.rig.run(self.rig.host.stations.signer.public())

    def _context(self, name: str) -> Any:
        return client_context(self.authority.certificate_path, self.authority.client(name))


@contextmanager
def forecourt(servers: Servers, folder: Path) -> Iterator[Forecourt]:
    """A forecourt on a database of its own."""
    authority = Authority.create(folder / "pki")
    server = authority.server()
    files = TlsFiles(authority.certificate_path, server.certificate, server.key)
    clock = Clock(Clock.real_now_us(), round(BEGAN.timestamp() * 1_000_000))
    with running(servers, iso=("ifsf:binary2",), http=True, tls=files, clock=clock) as rig:
        yield Forecourt(rig, authority)

"""A station before a host: routes on a real socket, cards with chips, messages in the journal.

Knows the rig; puts the rooms of authhost/station together as a host does, on its pool and HSM.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from authhost.clock import Clock
from authhost.doors.http import HttpDoor
from authhost.doors.http_server import HttpServer
from authhost.doors.station import StationRoutes
from authhost.hsm_keys import HsmKeys
from authhost.keys import message_key
from authhost.model import Kind
from authhost.states import State
from authhost.station.parked import Parked, Posted
from authhost.station.permits import Permit
from authhost.station.stations import Stations
from authhost.translate.json_door import JsonTranslator
from tests.support.portfolio import ACQUIRER, DAY, Card
from tests.support.rig import Rig

HERE = Path(__file__).parent
BOOKED = (HERE / "station_booked.sql").read_text()
RESET = (HERE / "station_reset.sql").read_text()
_ids = itertools.count(1_000_000, 16)
_serials = itertools.count(0xA0000000)


class Price(msgspec.Struct, frozen=True):
    """What a fleet pays."""

    account_id: int
    product: str
    unit_price: str
    valid_until: datetime | None = None
    currency: str = "EUR"
    contract: str = "C"
    version: int = 1
    valid_from: datetime = datetime(2026, 1, 1, tzinfo=UTC)


class Prices:
    """List prices that a test sets, by site; '' is everywhere."""

    def __init__(self) -> None:
        self.by_site: dict[str, list[Price]] = {}

    async def list_for(self, account_ids, site_id, at):
        """Those of the site and those of everywhere, while they hold."""
        return [price for price in self.by_site.get(site_id, []) + self.by_site.get("", [])
                if price.account_id in account_ids
                and (price.valid_until is None or price.valid_until > at)]


class Post:
    """Posts a parked row as a test says: an outcome, or an exception."""

    def __init__(self) -> None:
        self.said: Posted | Exception = Posted(True, "approved")
        self.asked: list[Parked] = []

    async def __call__(self, row: Parked) -> Posted:
        self.asked.append(row)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Scene:
    """One rig's stations, served."""

    def __init__(self, rig: Rig, clock: Clock | None = None) -> None:
        self.rig = rig
        self.prices = Prices()
        self.post = Post()
        self.clock = clock or rig.settings.clock
        self.pool = rig.run(_pool(rig.database_url))
        self.stations = self.another()
        self._door = rig.run(self._serve())

    def another(self, clock: Clock | None = None) -> Stations:
        """Another host's stations on the same servers, perhaps at another time."""
        return Stations(pool=self.pool, clock=clock or self.clock, hsm=self.rig.host.hsm,
                        keys=self.rig.host.keys, prices=self.prices, post=self.post)

    async def _serve(self) -> tuple[HttpServer, str]:
        host = self.rig.host
        door = HttpDoor(
            translator=JsonTranslator(host.pan_index.fingerprint_key), pan_index=host.pan_index,
            authorizer=host.authorizer, clock=self.clock, metrics=host.metrics, load=host.load,
            hold_us=1, ready=host.ready, more=StationRoutes(self.stations).endpoints())
        server = HttpServer(door.endpoints, "127.0.0.1", 0, None)
        return server, f"http://127.0.0.1:{await server.listen()}"

    def reset(self) -> None:
        """As it was before a test: another one has been here."""
        self.rig.run(self.pool.execute(RESET))
        self.prices.by_site = {}
        self.post.asked.clear()
        self.post.said = Posted(True, "approved")
        self.rig.run(self._begin_anew())

    async def _begin_anew(self) -> None:
        """The rooms anew behind the same door: nothing is remembered of another test."""
        self.stations.__init__(pool=self.pool, clock=self.clock, hsm=self.rig.host.hsm,
                               keys=HsmKeys(self.pool), prices=self.prices, post=self.post)

    def close(self) -> None:
        """Stop the door and let go of the pool."""
        self.rig.run(self._door[0].close())
        self.rig.run(self.pool.close())

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request over the socket."""
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(base_url=self._door[1], trust_env=False) as client:
                return await client.request(method, f"/v1/stations/{path}", json=body, timeout=20)

        return self.rig.run(send())

    def permit(self, **rule: Any) -> None:
        """An administrator's word."""
        self.rig.run(self.stations.permit(Permit(**rule), "root"))

    def build(self) -> int:
        """The newest version after a build."""
        return self.rig.run(self.stations.building.build()).version

    def chip(self, *, account: int = 0, most: int = 10_000, offline: bool = True,
             **more: Any) -> tuple[Card, str]:
        """A chip card that may buy off line, and its serial number."""
        card = self.rig.card(account=account, **more)
        serial = f"{next(_serials):016X}"
        sql = self.rig.sql
        sql("UPDATE account SET offline = $2 WHERE account_id = $1", card.account_id, offline)
        sql("UPDATE card SET offline_max_minor = $2 WHERE card_id = $1", card.card_id, most)
        sql("INSERT INTO program (program_id) VALUES ('FLEET') ON CONFLICT DO NOTHING")
        sql("INSERT INTO issue_batch (batch_id, program_id, medium, digest, who) VALUES"
            " ('B', 'FLEET', 'chip', sha256('x'), 'me') ON CONFLICT DO NOTHING")
        sql("INSERT INTO issue_line (batch_id, line, state, attempt, card_id, card_serial)"
            " VALUES ('B', $1, 'active', 1, $2, $3)", card.card_id, card.card_id, serial)
        self.touch(card.account_id)
        return card, serial

    def touch(self, account_id: int) -> None:
        """What every change of master data does."""
        self.rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", account_id)

    def catalogue(self, terminal_id: str = "POS00001", have: int = 0) -> dict[str, Any]:
        """A catalogue whose signature is good, read."""
        answer = self.ask("GET", f"{terminal_id}/catalogue?have={have}")
        assert answer.status_code == 200, answer.text
        said = answer.json()
        content = base64.b64decode(said["content"])
        self.check(said["key"], content, base64.b64decode(said["signature"]))
        return json.loads(content)

    def check(self, number: int, content: bytes, signature: bytes) -> None:
        """As a terminal does: the signature is this key's, over these bytes."""
        point = self.rig.sql("SELECT public_key FROM catalogue_key WHERE number = $1",
                             number)[0]["public_key"]
        assert len(signature) == 64
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes(point)).verify(
            encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                 int.from_bytes(signature[32:], "big")),
            content, ec.ECDSA(hashes.SHA256()))

    def book(self, kind: Kind, sequence: str, amount: int, *, day: str = "20260723",
             state: int | None = None, products: str = "", posted: int | None = None,
             original: str = "", card: Card | None = None, terminal: str = "POS00001",
             legs: Any = (),
             business_date: date = DAY) -> str:
        """A message in the journal, its key. legs: (money, volume, products) where not one."""
        sign = -1 if kind in {Kind.REVERSAL, Kind.RETURN} else 1
        if state is None:
            state = State.GIVEN if kind is Kind.RETURN else State.TAKEN
        if not legs:
            volume = sum(int(part.split(":")[2]) for part in products.split(";") if part)
            legs = [(sign * amount, volume, products)]
        key = message_key(ACQUIRER, terminal, kind, day, sequence)
        self.rig.sql(BOOKED, business_date, next(_ids), key, kind.value, state, terminal,
                     card.card_id if card else None, amount,
                     sign * amount if posted is None else posted, original,
                     *map(list, zip(*legs, strict=True)))
        return key


@contextmanager
def scene(rig: Rig, clock: Clock | None = None) -> Iterator[Scene]:
    """A scene to its end."""
    made = Scene(rig, clock)
    try:
        yield made
    finally:
        made.close()


async def _pool(url: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(url, min_size=1, max_size=4)

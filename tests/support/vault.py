"""A safe on a real host, from its deposits to the count of its cassette, below any door.

Knows the rows of safes and custody; deposits go through the host's one story, what is booked
through its journal. Each vault has accounts, a safe and cassettes of its own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from authhost.admin.access import Actor
from authhost.admin.keyring import Keyring
from authhost.bookings import Bookings
from authhost.custody.cases import Decision, Proposed
from authhost.custody.counting import Count
from authhost.custody.counts import Taken
from authhost.custody.custody import Custody
from authhost.doors.admission import Admission
from authhost.doors.custody import CustodyRoutes
from authhost.model import Kind
from authhost.safes.sscc import made
from tests.support.doors import listening
from tests.support.office import Office
from tests.support.rig import Rig

SQL = Path(__file__).parent
ANNA = Actor("anna", "administrator", 1)
BEN = Actor("ben", "administrator", 2)
_numbers = itertools.count(1)
Pieces = tuple[tuple[int, int], ...]  # (value in minor units, how many notes)


def sql(name: str) -> str:
    """The text of tests/support/<name>.sql."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


class Port:
    """The lead's port over the host's journal. dies: it books, and then is gone, this many times;
    away: it is not there, this many times."""

    def __init__(self, rig: Rig) -> None:
        host = rig.host
        self._bookings = Bookings(host.views, host.accounts, host.append, rig.settings.clock,
                                  host.pan_index.fingerprint_key)
        self.calls: list[tuple[Any, ...]] = []
        self.dies = 0
        self.away: list[Exception] = []

    async def __call__(self, kind: Kind, account_id: int, amount_minor: int, currency: str,
                       key_reference: str, detail: dict[str, Any], who: str) -> str:
        self.calls.append((kind, account_id, amount_minor, key_reference))
        if self.away:
            raise self.away.pop()
        key, _ = await self._bookings.book(
            kind, account_id, amount_minor, currency, key_reference, {**detail, "by": who},
            terminal_id=detail.get("terminal_id", ""))
        if self.dies:
            self.dies -= 1
            raise Dead
        return key


class Dead(BaseException):
    """The process has ended here, as far as its tables can tell."""


class Vault:
    """One safe. accounts: its clients, the first is the safe's own."""

    def __init__(self, rig: Rig, clients: int = 1, *, rule: str = "night", tolerance: int = 0,
                 bank: str = "B1") -> None:
        self.rig = rig
        self.port = Port(rig)
        self.custody = Custody(rig.host._pool, rig.settings.clock, self.port)
        self.accounts = [rig.portfolio.account("safe_client") for _ in range(clients)]
        self.account = self.accounts[0]
        self.terminal = f"V{next(_numbers):07d}"
        rig.sql(sql("vault"), self.terminal, self.accounts, rule, tolerance, bank)
        self.cassette = ""
        self.stay = 0
        self.swap()

    def swap(self) -> int:
        """The cassette goes out and a new one in; the stay that ended."""
        ended, cassette = self.stay, made("3400", next(_numbers))
        now = datetime.now(UTC)
        self.rig.sql(sql("vault_swap"), self.terminal, cassette, now)
        self.stay = self.rig.sql("INSERT INTO cassette_stay (cassette_id, terminal_id, opened_at)"
                                 " VALUES ($1, $2, $3) RETURNING stay_id", cassette,
                                 self.terminal, now)[0]["stay_id"]
        self.cassette = cassette
        return ended

    def deposit(self, pieces: Pieces, account: int = 0, *, amount: int | None = None,
                cassette: str = "", flags: tuple[str, ...] = (), **detail: Any) -> str:
        """A confirmed deposit; its key."""
        said = {"kind": "cash", "cassette": cassette or self.cassette, "denominations": [
            {"value_minor": value, "kind": "note", "count": count} for value, count in pieces],
            **detail}
        total = sum(value * count for value, count in pieces) if amount is None else amount
        request = self.rig.request(
            Kind.DEPOSIT, amount=total, terminal=self.terminal, flags=flags,
            account_id=account or self.account, detail=json.dumps(said))
        answer = self.rig.ask(request)
        assert answer.action == "000", answer
        return request.key

    def counted(self, cassette: str, pieces: Pieces, *, reference: str = "",
                fakes: tuple[tuple[int, str], ...] = (), items: tuple[dict[str, Any], ...] = (),
                actor: Actor = ANNA, at: datetime | None = None) -> Taken:
        """A count of a cassette, told."""
        count = msgspec.convert({
            "cassette": cassette, "reference": reference or f"C{next(_numbers)}",
            "counted_at": at or datetime.now(UTC) + timedelta(seconds=1),
            "pieces": [{"currency": "EUR", "value_minor": value, "count": count}
                       for value, count in pieces],
            "counterfeits": [{"currency": "EUR", "value_minor": value, "serial": serial}
                             for value, serial in fakes], "items": list(items)}, Count)
        return self.rig.run(self.custody.counts.take(actor, count))

    def settle(self) -> int:
        """The sweep."""
        return self.rig.run(self.custody.settle_open())

    def cases(self, state: str = "") -> list[dict[str, Any]]:
        """This safe's cases."""
        return self.rig.run(self.custody.cases.listed(
            ANNA, state=state, kind="", terminal_id=self.terminal, after=0, most=100))

    def decided(self, case_id: int, proposal: str, *shares: tuple[int, int]) -> dict[str, Any]:
        """Proposed by Anna, approved by Ben."""
        seen = self.propose(case_id, proposal, *shares)
        return self.decide(case_id, proposal, seen["proposed_minor"])

    def propose(self, case_id: int, proposal: str, *shares: tuple[int, int]) -> dict[str, Any]:
        """Anna proposes."""
        wanted = msgspec.convert({"proposal": proposal, "why": "seen", "shares": [
            {"account_id": account, "amount_minor": amount} for account, amount in shares]},
            Proposed)
        return self.rig.run(self.custody.cases.propose(ANNA, case_id, wanted))

    def decide(self, case_id: int, proposal: str, amount: int = 0, *, actor: Actor = BEN,
               approve: bool = True) -> dict[str, Any]:
        """Somebody decides, Ben where nobody is named."""
        decision = msgspec.convert({"approve": approve, "proposal": proposal,
                                    "amount_minor": amount, "why": "so it is"}, Decision)
        return self.rig.run(self.custody.cases.decide(actor, case_id, decision))

    def state(self, key: str) -> str:
        """state/credit of a deposit."""
        row = self.rig.sql("SELECT state, credit FROM deposit WHERE key = $1", key)[0]
        return f"{row['state']}/{row['credit']}"

    def stay_state(self, stay: int) -> str:
        """How a stay is."""
        return str(self.rig.sql("SELECT state FROM cassette_stay WHERE stay_id = $1",
                                stay)[0]["state"])

    def booked(self, account: int = 0, kind: str = "adjustment") -> list[int]:
        """What the journal has booked on an account: posted, or freed of the balance."""
        column = "posted_minor" if kind == "adjustment" else "-money"
        return [row["amount"] for row in self.rig.sql(
            f"SELECT {column} AS amount FROM journal WHERE account_id = $1 AND kind = $2"
            " ORDER BY id", account or self.account, kind)]

    def exposure(self, account: int = 0) -> int:
        """What is credited and not counted yet, by the journal."""
        return self.rig.taken(account or self.account)[0]


@contextmanager
def desk(rig: Rig, custody: Custody) -> Iterator[Office]:
    """The people's door of a custody over real HTTP."""
    host = rig.host
    office = Office(rig, Keyring(host._pool))
    routes = CustodyRoutes(custody, Admission(office.keyring, host.pan_index.fingerprint_key))
    with listening(rig, routes.endpoints()) as office.url:
        yield office

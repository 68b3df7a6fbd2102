"""A safe shared by two clients, a bank each, and who works for them: all over mutual TLS.

Knows the people's door, by which every party is entered, and what a safe's program is set up with;
a story is the test's.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from authhost.admin.keyring import Keyring
from authhost.embedded import Servers
from authhost.operator import Operator
from authhost.safes.sscc import made
from authhost.settings import TlsFiles
from terminals.bank.server import BankServer
from terminals.line import Line
from terminals.pki import Authority, client_context, server_context
from terminals.safe.config import Config, HostSettings, MachineSettings, Place, StoreSettings
from terminals.safe.counted import GENUINE, Count, Piece, Slip
from terminals.safe.machine import MachineInSoftware
from terminals.safe.program import SafeProgram
from terminals.safe.rows import Row
from terminals.settings import TlsSettings
from tests.support.office import Office
from tests.support.rig import Rig, running

SAFE = "S0900"
CASSETTES = [made("3760000", number) for number in (1, 2)]
# By the name that the safe knows the client under: account, IBAN, bank.
CLIENTS = {"": (990_001, "AT611904300234573201", "FIRST"),
           "B": (990_002, "DE89370400440532013000", "SECOND")}
_DEBTOR = {"name": "Operator", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP",
           "address": {"town": "Paris", "country": "FR"}}
_ADDRESS = {"street": "Ring", "number": "1", "postcode": "4020", "town": "Linz", "country": "AT"}
_CREDITS = "SELECT sequence, credit, state FROM deposit ORDER BY sequence"


class Clerk:
    """Somebody with a token and a certificate."""

    def __init__(self, yard: Yard, name: str, role: str, **scope: Any) -> None:
        token = yard.office.access(role, name, certificate=name, **scope)[1]
        self._yard, self._context = yard, yard.context(name)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._number = 0

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request, each with an Idempotency-Key of its own."""
        self._number += 1
        headers = {**self._headers, "If-Match": "*", "Idempotency-Key": f"c{self._number}"}
        async with httpx.AsyncClient(base_url=self._yard.url, verify=self._context,
                                     trust_env=False, timeout=20) as client:
            return await client.request(method, path, json=body, headers=headers)

    async def done(self, method: str, path: str, body: Any = None) -> Any:
        """One that is agreed to; what is said."""
        answer = await self.ask(method, f"/v1/admin{path}", body)
        assert answer.is_success, answer.text
        return answer.json()


class Yard:
    """banks: by their ids. wire: the safe's line, which may be cut."""

    def __init__(self, rig: Rig, authority: Authority, folder: Path) -> None:
        self.rig, self.authority, self.folder = rig, authority, folder
        self.url = f"https://127.0.0.1:{rig.ports['http']}"
        self.office = Office(rig, Keyring(rig.host._pool))
        tls = server_context(authority.certificate_path, authority.server())
        self.banks = {bank: BankServer(folder / f"{bank}.sqlite", tls)
                      for _, _, bank in CLIENTS.values()}
        for bank in self.banks.values():
            rig.run(bank.open())
        self.wire = Line()
        self.machine = MachineInSoftware(folder / "machine.json")
        self.anna = Clerk(self, "anna", "administrator")
        self.ben = Clerk(self, "ben", "administrator")
        rig.run(self._entered())
        self.second = Clerk(self, "second-bank", "bank", bank_id="SECOND")
        self.courier = Clerk(self, "van", "courier", courier_id="VAN")

    def context(self, name: str) -> ssl.SSLContext:
        """Who somebody is, to the host and to banks."""
        return client_context(self.authority.certificate_path, self.authority.client(name))

    def safe(self) -> SafeProgram:
        """The safe's own program."""
        identity = self.authority.client(SAFE)
        return SafeProgram(Config(
            terminal=Place(id=SAFE, name="Market Hall", time_zone="Europe/Vienna"),
            host=HostSettings(url=self.url), store=StoreSettings(path=self.folder / "safe.db"),
            machine=MachineSettings(file=self.folder / "machine.json"),
            tls=TlsSettings(authority=self.authority.certificate_path,
                            certificate=identity.certificate, key=identity.key)),
            machine=self.machine, line=self.wire)

    async def put_in(self, safe: SafeProgram, value_minor: int, count: int, client: str = "",
                     ) -> Row:
        """So many notes; the deposit as it stands when the host has it, or the line is out."""
        notes = Piece(value_minor, count, "note", GENUINE)
        self.machine.insert(Count(currency="EUR", pieces=(notes,)))
        _, row = await safe.deposit(Slip(depositor="ana", client=client, reference=f"RF{client}"))
        assert row is not None, "it was refused"
        return await safe.told(row, 5) if self.wire.up else row

    async def imported(self, bank: str, content: bytes) -> int:
        """The operator brings a bank its file; the status of the answer."""
        async with httpx.AsyncClient(verify=self.context("operator"), trust_env=False) as client:
            return (await client.post(f"{self.banks[bank].url}/files", content=content)).status_code

    def paid(self, bank: str) -> list[tuple[str, int]]:
        """What a bank's own books say that it has paid: over which way, and how much."""
        return [(payment.source, payment.amount_minor)
                for payment in self.banks[bank].payments() if payment.paid]

    async def until(self, *credits_: str) -> list[asyncpg.Record]:
        """Wait for the deposits' credits to be these; all deposits."""
        rows: list[asyncpg.Record] = await self.wait(
            self.deposits, lambda rows: tuple(row["credit"] for row in rows) == credits_)
        return rows

    async def deposits(self) -> list[asyncpg.Record]:
        """As the host has them, by the safe's own numbers."""
        found: list[asyncpg.Record] = await self.rig.host._pool.fetch(_CREDITS)
        return found

    async def wait(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        """What is seen, when it is good."""
        seen: Any = None
        try:
            async with asyncio.timeout(8):
                while True:
                    seen = await look()
                    if good(seen):
                        return seen
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(seen) from None

    async def _entered(self) -> None:
        """All parties, as an administrator enters them."""
        put = self.anna.done
        for _, _, bank in CLIENTS.values():
            await put("POST", "/banks", {
                "bank_id": bank, "name": bank, "endpoint": self.banks[bank].url, "answer_s": 3,
                "rails": [{"currency": "EUR", "rail": "instant", "debtor": _DEBTOR}]})
        await put("POST", "/couriers", {"courier_id": "VAN", "name": "Cash in Transit"})
        await put("POST", "/merchants", {"merchant_id": "HALL", "name": "Market Hall"})
        await put("POST", "/terminals", {"terminal_id": SAFE, "kind": "safe",
                                         "acquirer_id": "900001", "merchant_id": "HALL"})
        await put("POST", "/safes", {"terminal_id": SAFE, "currencies": ["EUR"],
                                     "courier_id": "VAN", "time_zone": "Europe/Vienna"})
        for cassette in CASSETTES:
            await put("POST", "/cassettes", {"cassette_id": cassette})
        for reference, (account, iban, bank) in CLIENTS.items():
            await put("POST", "/accounts", {
                "account_id": account, "kind": "safe_client", "name": f"Baker {reference}",
                "currency": "EUR", "iban": iban, "bank_id": bank, "credit_rule": "instant",
                "credit_line": 2_000_000, "address": _ADDRESS,
                "contact": {"name": "Kim", "phone": "+43 1"}})
            await put("PUT", f"/safes/{SAFE}/clients/{account}", {"reference": reference})
            await put("POST", "/depositors", {"account_id": account, "code": "ana", "name": "Ana"})


@contextmanager
def yard(servers: Servers, folder: Path) -> Iterator[Yard]:
    """All of it, on a database of its own."""
    authority = Authority.create(folder / "pki")
    server, host = authority.server(), authority.client("authhost")
    with running(
            servers, http=True, tls=TlsFiles(authority.certificate_path, server.certificate,
                                             server.key),
            bank_tls=TlsFiles(authority.certificate_path, host.certificate, host.key),
            operator=Operator(name="Operator")) as rig:
        made_yard = Yard(rig, authority, folder)
        try:
            yield made_yard
        finally:
            for bank in made_yard.banks.values():
                rig.run(bank.close())


def says(row: Row) -> dict[str, Any]:
    """What the host said to a message."""
    answer: dict[str, Any] = json.loads(row.answer)
    return answer

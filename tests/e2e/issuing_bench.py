"""A bureau for tests: an HSM process that prints, a print shop, a chip factory, a fleet.

Knows the clear masters of the chips, which it brought into the HSM by a key ceremony: so it can
make blank cards, and stand for a terminal before a finished one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from authhost.embedded import HsmSim, Servers
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from chip import curve
from chip.certificates import Role
from chip.dialogue import Credential, Dialogue
from chip.memory import CardFile
from chip.reader import InProcessReader
from chip.virtual import Card, TransportKeys
from hsm_sim import console
from issuing.chip_hsm import ChipHsm
from issuing.keys import certify, issuer_keys, make_keys, put_transport_key
from issuing.viewer import open_mailer
from tests.support.databases import fresh

T = TypeVar("T")
TODAY: Final = date(2026, 7, 23)
TRANSPORT: Final = bytes(range(16))
ZPK: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PROGRAM: Final = "FLEET"
PEOPLE: Final = {"ana": "first passphrase", "ben": "second passphrase"}
PARTIES: Final = """
INSERT INTO account (account_id, kind, name, currency) VALUES
    (4001, 'fleet', 'Hauliers', 'EUR'), (4002, 'merchant', 'Shop', 'EUR');
INSERT INTO account (account_id, kind, name, currency, status) VALUES
    (4003, 'fleet', 'Gone', 'EUR', 'blocked');
INSERT INTO fence (account_id) VALUES (4001), (4002), (4003);
INSERT INTO vehicle VALUES (11, 4001, 'M-AB 123'), (12, 4003, 'M-XX 1');
INSERT INTO driver VALUES (21, 4001, 'Ana Perez');
INSERT INTO program (program_id, pin_method, pin_required, cvv, scheme) VALUES
    ('FLEET', 'pvv', true, true, 'fleet');
"""


CLEAN: Final = """
TRUNCATE issue_batch, issue_line, issue_spoiled, card, card_order;
DELETE FROM hsm_key WHERE version > 1;
DELETE FROM issuer_key WHERE number > 1;
UPDATE program SET pin_method = 'pvv'
"""


class Bureau:
    """One HSM process and one print shop for a module of tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.shop_key = folder / "printer.pem"
        self.hsm = HsmSim(folder, ("--mailer-cert", str(self._certificate()),
                                   "--mailer-spool", str(self.spool)))
        self.hsm.run()
        self._console = folder / "hsm" / console.SOCKET
        for name, passphrase in PEOPLE.items():
            self.ask(console.AddCustodian(name, passphrase))
        self.transport = self.form_key("E5", "A", "X", TRANSPORT)
        self.zpk = self.form_key("P0", "T", "B", ZPK)

    def close(self) -> None:
        """Stop the HSM."""
        self.hsm.stop()

    def ask(self, request: console.Request) -> dict[str, object]:
        """The HSM's console, which has to agree."""
        reply = console.ask(self._console, request)
        assert reply is not None, "it runs"
        assert reply["ok"], reply
        return reply

    def authorise(self) -> None:
        """Both custodians let mailers be printed."""
        for name, passphrase in PEOPLE.items():
            self.ask(console.Authorise("mailer", 60, name, passphrase))

    def forbid(self) -> None:
        """No more mailers."""
        self.ask(console.Close("mailer"))

    def form_key(self, usage: str, algorithm: str, mode: str, value: bytes) -> tuple[str, str]:
        """A key of a known value under the LMK, and its check value: two components."""
        first = os.urandom(len(value))
        second = bytes(a ^ b for a, b in zip(first, value, strict=True))
        parts = tuple(console.Part(name, passphrase, part.hex(), part.hex()) for
                      (name, passphrase), part in zip(PEOPLE.items(), (first, second), strict=True))
        reply = self.ask(console.FormKey(usage, algorithm, mode, "N", parts))
        return str(reply["key"]), str(reply["check_value"])

    def mailer(self, reference: str) -> str:
        """The PIN in a mailer."""
        text = open_mailer(self.spool / f"{reference}.p7m", self.shop_key)
        return next(line for line in text.splitlines() if line.startswith("PIN")) \
            .removeprefix("PIN").replace(" ", "")

    def _certificate(self) -> Path:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "print shop")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())).public_bytes(Encoding.PEM)
        path = self.folder / "printer-certificate.pem"
        path.write_bytes(certificate)
        self.shop_key.write_bytes(certificate + key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return path


class Fleet:
    """A database with a fleet and the keys of its program, and a box of blank chips."""

    def __init__(self, bureau: Bureau, database_url: str, folder: Path) -> None:
        self.bureau = bureau
        self.database_url = database_url
        self.folder = folder
        self.box = folder / "box"
        self.box.mkdir()
        self.key = os.urandom(32)
        (self.box / "key").write_bytes(self.key)
        self._made = 0
        self.run(self._prepare())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One coroutine, within a minute."""
        return asyncio.run(asyncio.wait_for(coroutine, 60))

    def sql(self, statement: str, *args: object) -> list[asyncpg.Record]:
        """Rows of the database."""
        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetch(statement, *args)
            finally:
                await connection.close()
        return self.run(ask())

    def clean(self) -> None:
        """As it was made: no batch, no card, no further key, an empty box."""
        for path in (*self.box.glob("*.card"), *self.bureau.spool.iterdir()):
            path.unlink()
        for statement in CLEAN.split(";"):
            self.sql(statement)

    def session(self) -> Any:
        """HSM and stored keys."""
        return hsm_session(self.database_url, [HsmAddress.parse(self.bureau.hsm.url)])

    def blanks(self, number: int, master: bytes = TRANSPORT) -> list[Path]:
        """Chips as the factory delivers them, into the box."""
        paths = []
        for _ in range(number):
            self._made += 1
            serial = os.urandom(8)
            paths.append(self.box / f"{self._made:04d}.card")
            Card.blank(serial, TransportKeys.of(master, serial), CardFile(paths[-1], self.key))
        return paths

    def state(self, path: Path) -> Any:
        """What a chip has in its memory; no terminal sees it."""
        return CardFile(path, self.key).load()

    def batch(self, rows: Sequence[str], name: str = "B1") -> Path:
        """A batch file."""
        path = self.folder / f"{name}.csv"
        path.write_text("account,vehicle,driver,expiry,holder,address,limits,products,prompts,"
                        "offline_limit,offline_count,pin_required\n" + "\n".join(rows) + "\n",
                        encoding="utf-8")
        return path

    def terminal(self, path: Path) -> Dialogue:
        """A terminal before a finished card, proved to each other off line."""
        issuer, credential = self.run(self._credential())
        reader = InProcessReader(Card(CardFile(path, self.key)))
        reader.connect()
        dialogue = Dialogue(reader)
        dialogue.select()
        dialogue.authenticate_terminal(credential, issuer, TODAY)
        return dialogue

    async def _credential(self) -> tuple[dict[int, bytes], Credential]:
        key = curve.new_key()
        connection = await asyncpg.connect(self.database_url)
        try:
            async with self.session() as session:
                issuer = await issuer_keys(session.keys, connection)
                certificate = await certify(
                    ChipHsm(session.hsm), issuer, Role.TERMINAL, b"POS00001", curve.point(key),
                    TODAY, TODAY + timedelta(days=30))
        finally:
            await connection.close()
        return issuer.points, Credential(key, (certificate,))

    async def _prepare(self) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(PARTIES)
            async with self.session() as session:
                await put_transport_key(session.keys, *self.bureau.transport)
                await make_keys(session.hsm, session.keys, connection, PROGRAM)
                for name, usage in (("pvk", "V2"), ("cvk", "C0")):
                    await session.keys.ensure(session.hsm, f"program/{PROGRAM}/{name}", usage,
                                              "T2", "C")
        finally:
            await connection.close()


@contextmanager
def issuing_fleet(servers: Servers, folder: Path) -> Iterator[Fleet]:
    """A bureau and a fleet in a database of their own, for a module of tests."""
    with fresh(servers, "issuing") as url, contextlib.closing(Bureau(folder)) as bureau:
        bureau.authorise()
        yield Fleet(bureau, url, folder)


def row(number: int, more: str = "") -> str:
    """A line of a batch."""
    return (f"4001,11,21,3012,Driver {number},Road {number}|28001 Madrid,day:money:50000,"
            f"010 021,14,2000,3,yes{more}")


def command(fleet: Fleet, batch: Path, *more: str) -> list[str]:
    """The arguments of `issue`."""
    return ["issue", "--database-url", fleet.database_url, "--hsm", fleet.bureau.hsm.url,
            "--batch", str(batch), "--program", PROGRAM, "--iin", "704001",
            "--today", TODAY.isoformat(), *more]

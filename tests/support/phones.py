"""A desk of phones on a rig, with its doors on a real socket, and phones with keys on disk.

Knows how the rooms are put together; what a test wants wrong, it makes wrong itself.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from authhost.admin.access import operator
from authhost.admin.keyring import Keyring
from authhost.certificates.authority import FileAuthority
from authhost.clock import Clock
from authhost.doors.admission import Admission
from authhost.doors.http import HttpDoor
from authhost.doors.http_server import HttpServer
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.merchant_people import LoginRoutes
from authhost.doors.phone_enrolment import PhoneRoutes
from authhost.doors.phone_payments import PhonePaymentRoutes
from authhost.doors.streams import piece
from authhost.merchants.callers import Callers
from authhost.merchants.logins import Logins
from authhost.merchants.sessions import Sessions
from authhost.payments.hub import Hub
from authhost.phones.desk import Phones, Proof
from authhost.phones.issuing import Enrolled
from authhost.translate.json_door import JsonTranslator
from authhost.webhooks.addresses import objection
from terminals.phone.door import Door
from terminals.phone.keystore import Keystore
from terminals.phone.program import Phone
from tests.support.payments import Shop, Signer
from tests.support.rig import Rig

BOSS = operator("operator")
SECRET = b"s" * 32
PIN = "2468"
QUICK = 2  # of scrypt: a test tries many PINs
_numbers = itertools.count(41_000_001)


class Bureau:
    """One desk and what hangs on it. shop: its payments believe the desk's authority."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        self.rig = rig
        self.directory = directory
        passphrase = directory / "passphrase"
        passphrase.write_text("a passphrase that is long enough\n")
        passphrase.chmod(0o600)
        self.authority: Any = FileAuthority.create(directory / "ca", passphrase, "phones",
                                                   datetime.now(UTC))
        self.shop = Shop(rig, self.authority)
        self.pool: asyncpg.Pool = rig.host._pool
        self.phones = self.later(timedelta(0))
        self.keyring = Keyring(self.pool)
        self.url = ""
        self.doors: list[Door] = []

    def later(self, by: timedelta) -> Phones:
        """The desk as it will be, on the same tables."""
        clock = Clock(0, round(by.total_seconds() * 1_000_000))
        return Phones(self.pool, self.authority, clock, SECRET,
                      objection=partial(objection, allow_private=False))

    def payer(self, limits: Any = ()) -> str:
        """A new payer with an account; no phone is enrolled."""
        number = f"+386{next(_numbers)}"
        account_id = self.rig.portfolio.account("payer", limits)
        self.rig.run(self.phones.add_payer(BOSS, number, account_id, "Ana"))
        return number

    def code(self, number: str) -> str:
        """A new code to enrol."""
        return self.rig.run(self.phones.open_code(BOSS, number))

    def enrol(self, number: str, key: Any, phones: Phones | None = None) -> Enrolled:
        """A certificate of a key."""
        code = self.code(number)
        return self.rig.run((phones or self.phones).enrol(number, code, request_of(key, number)))

    def signer(self, limits: Any = ()) -> Signer:
        """A payer with an enrolled phone, its key in the test's hands."""
        number, key = self.payer(limits), new_key()
        return self.signs(number, key, self.enrol(number, key))

    def signs(self, number: str, key: Any, made: Enrolled) -> Signer:
        """The phone of a certificate."""
        return Signer(number, self.account(number), key,
                      x509.load_pem_x509_certificate(made.certificate.encode()))

    def account(self, number: str) -> int:
        """Whose fence it is."""
        return int(self.rig.sql("SELECT account_id FROM payer WHERE phone = $1", number)[0][0])

    def fence(self, number: str) -> int:
        """Where it stands."""
        return int(self.rig.sql("SELECT fence FROM fence WHERE account_id = $1",
                                self.account(number))[0][0])

    def kept(self, number: str) -> list[asyncpg.Record]:
        """The certificates of a payer, oldest first."""
        return self.rig.sql("SELECT * FROM payer_certificate WHERE phone = $1 ORDER BY issued_at",
                            number)

    def audited(self, subject: str) -> list[tuple[str, str]]:
        """(who, what) of the audit trail."""
        return [(row["who"], row["what"]) for row in self.rig.sql(
            "SELECT who, what FROM audit WHERE subject = $1 ORDER BY id", subject)]

    def phone(self, number: str) -> Phone:
        """The program of a phone; its keys in a directory of its own."""
        keystore = Keystore(self.directory / number, cost=QUICK)
        self.doors.append(Door(self.url, repeats=1, pause_s=0.01))
        return Phone(number, keystore, self.doors[-1], pause_s=0.02)

    def send(self, method: str, path: str, body: Any = None, token: str = "") -> httpx.Response:
        """One request to the doors."""
        async def work() -> httpx.Response:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                if method == "POST":
                    headers["Idempotency-Key"] = f"p{next(_numbers)}"
                content = {"content": body} if isinstance(body, bytes) else {"json": body}
                return await client.request(method, path, headers=headers, **content)

        return self.rig.run(work())


@contextmanager
def opened(rig: Rig, directory: Path) -> Iterator[Bureau]:
    """A bureau whose doors are open."""
    bureau = Bureau(rig, directory)
    host, settings, pool = rig.host, rig.settings, bureau.pool
    hub = Hub(pool=pool, clock=settings.clock, state=host.state, state_url=settings.redis_url,
              host="test", piece=piece, channel=f"phones:{id(bureau)}")
    bureau.shop.payments._tell = hub.tell
    callers = Callers(pool, settings.clock)
    logins = Logins(pool, bureau.shop.payments.parties, settings.clock, SECRET)
    routes = PhoneRoutes(bureau.phones, Admission(bureau.keyring, SECRET),
                         bureau.keyring.refusals, "SI")
    more = [*routes.endpoints(), *routes.office_endpoints(),
            *PhonePaymentRoutes(bureau.shop.payments, hub, plain=True).endpoints(),
            *LoginRoutes(logins, Sessions(pool, settings.clock, callers),
                         MerchantDoor(callers), "SI", plain=True).endpoints()]
    door = HttpDoor(translator=JsonTranslator(host.pan_index.fingerprint_key),
                    pan_index=host.pan_index, authorizer=host.authorizer, clock=settings.clock,
                    metrics=host.metrics, load=host.load, hold_us=1, ready=host.ready, more=more)
    server = HttpServer(door.endpoints, "127.0.0.1", 0, None, None)

    async def start() -> int:
        hub.start()
        return await server.listen()

    bureau.url = f"http://127.0.0.1:{rig.run(start())}"
    try:
        yield bureau
    finally:
        for one in bureau.doors:
            rig.run(one.close())
        rig.run(server.close())
        rig.run(hub.close())
        bureau.shop.close()
        rig.run(bureau.keyring.refusals.close())


def new_key() -> ec.EllipticCurvePrivateKey:
    """As a phone makes one."""
    return ec.generate_private_key(ec.SECP256R1())


def csr(key: Any, *names: str, hashed: Any = None) -> x509.CertificateSigningRequest:
    """A request for a subject of these common names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    hashed = hashes.SHA256() if hashed is None else hashed
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashed or None)


def request_of(key: Any, *names: str, hashed: Any = None) -> str:
    """The same, PEM."""
    return csr(key, *names, hashed=hashed).public_bytes(Encoding.PEM).decode()


def unproved(number: str, key: Any = None) -> str:
    """A request that is not signed by its own key: one bit of its signature is another."""
    der = csr(key or new_key(), number).public_bytes(Encoding.DER)
    text = base64.encodebytes(der[:-1] + bytes([der[-1] ^ 1])).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def proof(key: Any, serial: str, text_at: Callable[[str], bytes], *,
          at: datetime | None = None) -> Proof:
    """A phone's signature; text_at: what it signs at an instant."""
    signed_at = (at or datetime.now(UTC)).isoformat(timespec="seconds")
    raw = key.sign(text_at(signed_at), ec.ECDSA(hashes.SHA256()))
    return Proof(serial, signed_at, base64.b64encode(raw).decode())

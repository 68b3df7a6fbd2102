"""A merchant, payers with phones that sign, and a bank that says what it is told to.

Knows rows of master data and the payments of a rig's host; a phone here has its key in memory.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from authhost.codes import approval_code
from authhost.journal.lane import Lane
from authhost.payments.archive import Archive
from authhost.payments.counting import Counting
from authhost.payments.model import Asked, Caller, NewPayment, Payment
from authhost.payments.parties import Parties, Payer
from authhost.payments.ports import Debit, Told
from authhost.payments.signing import Shown, Word, text_of
from authhost.payments.story import Payments
from authhost.payments.writer import Writer
from authhost.payments.writing import payments_append
from authhost.reservations import Reservations
from tests.support.rig import Rig

CALLER = Caller("SHOP", "till-1", frozenset({"payment", "refund", "report"}))
_numbers = itertools.count(40_000_001)


class Root:
    """An authority of phones' certificates."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Phones")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256()))

    def issue(self, phone: str, public: ec.EllipticCurvePublicKey, *,
              days: tuple[int, int] = (-1, 365), commits: bool = True) -> x509.Certificate:
        """A certificate of a phone, in force between two days from now."""
        now = datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, phone)])
        return (
            x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.KeyUsage(
                digital_signature=True, content_commitment=commits, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
                encipher_only=False, decipher_only=False), critical=True)
            .sign(self.key, hashes.SHA256()))


class Signer:
    """A payer's phone."""

    def __init__(self, number: str, account_id: int, key: ec.EllipticCurvePrivateKey,
                 certificate: x509.Certificate) -> None:
        self.number = number
        self.account_id = account_id
        self.key = key
        self.certificate = certificate

    @property
    def serial(self) -> str:
        """As the host names it."""
        return f"{self.certificate.serial_number:x}"

    def word(self, shown: Shown, decision: Any = "approve", *, at: datetime | None = None,
             otherwise: dict[str, str] | None = None) -> Word:
        """Signed. otherwise: what the word says and was not signed."""
        word = Word(decision=decision, phone=self.number, serial=self.serial, signature="",
                    signed_at=(at or datetime.now(UTC)).isoformat(timespec="seconds"))
        raw = self.key.sign(text_of(shown, word), ec.ECDSA(hashes.SHA256()))
        return msgspec.structs.replace(
            word, **({"signature": base64.b64encode(raw).decode()} | (otherwise or {})))


class Bank:
    """Says what it is told to, of those that it is asked for. refuses: why no debit can go."""

    def __init__(self) -> None:
        self.refuses = ""
        self.debits: list[Debit] = []

    def place(self, payer: Payer, asked: Asked) -> tuple[str, str, int]:
        """All go at once, unless none can."""
        return "sent", self.refuses, 2_000_000_000_000_000

    def debit(self, debit: Debit) -> None:
        """Its row stands."""
        self.debits.append(debit)


class Shop:
    """Payments on a rig: SHOP asks, payers answer."""

    def __init__(self, rig: Rig, root: Root | None = None) -> None:
        self.rig = rig
        self.root = root or Root()
        self.bank = Bank()
        self.told: list[Told] = []
        host, settings = rig.host, rig.settings
        self.work = payments_append()
        self._lane = Lane(settings.database_url, self.work, 512,
                          settings.clock.real_now_us)
        self.writer = Writer(self._lane, settings.clock, approval_code)
        self._keys = itertools.count(1)

        async def start() -> Payments:
            self._lane.start()
            pool = host.reads._pool
            return Payments(
                parties=Parties(pool, [self.root.certificate]),
                counting=Counting(host.views, host.accounts,
                                  Reservations(host.views, host.accounts, settings.clock)),
                writer=self.writer, archive=Archive(pool), clock=settings.clock,
                secret=b"0" * 32, banks=self.bank, tell=self.told.append)

        self.payments = rig.run(start())

    def close(self) -> None:
        """Stop writing."""
        self.rig.run(self._lane.close())

    def phone(self, limits: Any = (), *, bank: str = "", **certificate: Any) -> Signer:
        """A new payer with an account and an enrolled phone."""
        number = f"+386{next(_numbers)}"
        account_id = self.rig.portfolio.account("payer", limits)
        if bank:
            self.rig.sql("UPDATE account SET bank_id = $2 WHERE account_id = $1", account_id, bank)
        self.rig.sql("INSERT INTO payer (phone, account_id) VALUES ($1, $2)", number, account_id)
        key = ec.generate_private_key(ec.SECP256R1())
        return self.enrol(number, account_id, key, self.root.issue(number, key.public_key(),
                                                                   **certificate))

    def enrol(self, number: str, account_id: int, key: ec.EllipticCurvePrivateKey,
              certificate: x509.Certificate) -> Signer:
        """A certificate of a payer, as the desk would write it down."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
        self.rig.sql(
            "INSERT INTO payer_certificate (serial, phone, key_digest, certificate, not_before,"
            " not_after) VALUES ($1, $2, $3, $4, $5, $6)", f"{certificate.serial_number:x}", number,
            digest.finalize(), certificate.public_bytes(serialization.Encoding.DER),
            certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        self.rig.sql("UPDATE fence SET fence = fence + 1 WHERE account_id = $1", account_id)
        return Signer(number, account_id, key, certificate)

    def ask(self, signer: Signer | None = None, amount: int = 1_250, *, key: str = "",
            **more: Any) -> Asked:
        """A payment request that waits."""
        new = NewPayment(**{
            "kind": "phone", "payer_phone": signer.number if signer else None,
            "amount_minor": amount, "currency": "EUR", "purpose": "Roses", "reference": "R-1",
            "expires_in_s": 180, **more})
        body = self.rig.run(self.payments.ask(CALLER, new, key or f"key-{next(self._keys)}"))
        return self.rig.run(self.payments.asked(msgspec.json.decode(body)["id"]))

    def say(self, asked: Asked, word: Word) -> dict[str, Any]:
        """A payer's word, and what it came to."""
        said: dict[str, Any] = msgspec.json.decode(
            self.rig.run(self.payments.word(asked.payment_id, word)))
        return said

    def now(self, asked: Asked) -> Payment:
        """A payment as the database has it."""
        found = self.rig.run(self.payments.archive.payment(asked.payment_id))
        assert found is not None, asked.payment_id
        return found

    def changes(self, asked: Asked) -> list[tuple[str, str, str]]:
        """(event, before, after) of all that became of it."""
        return [(row["event"], row["before"], row["after"]) for row in self.rig.sql(
            "SELECT event, before, after FROM payment_change WHERE payment_id = $1 "
            "ORDER BY version", asked.payment_id)]


async def together(*works: Any) -> list[Any]:
    """All at once; an exception in its place."""
    return await asyncio.gather(*works, return_exceptions=True)

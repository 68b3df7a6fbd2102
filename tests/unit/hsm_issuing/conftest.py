"""An HSM in the test's own process with a printer, and the print shop's key."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hsm_sim.authority import Authority
from hsm_sim.dispatch import Dispatcher
from hsm_sim.keys import Key
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.printer import Printer
from hsm_sim.settings import Settings
from hsm_sim.unit import Unit


class Bench:
    """The HSM, asked without a socket, and its spool."""

    def __init__(self, printer: Printer | None) -> None:
        self.audit: list[str] = []
        self.authority = Authority(lambda: 0.0)
        self.unit = Unit(
            key_block_lmk=KeyBlockLmk("00", os.urandom(32)), variant_lmk=None,
            settings=Settings(), authority=self.authority,
            audit=lambda event, /, **facts: self.audit.append(f"{event} {facts}"),
            random=os.urandom, printer=printer)
        self._dispatcher = Dispatcher(self.unit)

    def answers(self, command: bytes) -> list[bytes]:
        """All answers to a command, from their letters on."""
        data, answers = self._dispatcher.answer(b"HEAD" + command), []
        while data:
            length = int.from_bytes(data[:2], "big")
            answers.append(data[6:2 + length])
            data = data[2 + length:]
        return answers

    def ask(self, command: bytes) -> bytes:
        """The one answer, from its error code on."""
        answer, = self.answers(command)
        return answer[2:]

    def good(self, command: bytes) -> bytes:
        """What follows 00."""
        answer = self.ask(command)
        assert answer[:2] == b"00", answer[:2]
        return answer[2:]

    def key(self, usage: str, value: bytes, mode: str = "X", algorithm: str = "A") -> bytes:
        """A key of a known value under the LMK."""
        return self.unit.seal(Key(usage, algorithm, mode, "N", value), b"S")

    def authorise(self, activity: str) -> None:
        """Two custodians agree."""
        self.authority.authorise(activity, "ana", 5)
        self.authority.authorise(activity, "ben", 5)


class Shop:
    """A print shop: its key and certificate in one file, and the spool that it empties."""

    def __init__(self, folder: Path) -> None:
        self.key_file = folder / "printer.pem"
        self.certificate_file = folder / "printer-certificate.pem"
        self.spool = folder / "spool"
        self.spool.mkdir()
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "print shop")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())).public_bytes(Encoding.PEM)
        self.certificate_file.write_bytes(certificate)
        self.key_file.write_bytes(certificate + key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One print shop: its key takes a moment to make."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def bench(shop: Shop) -> Bench:
    """An HSM that prints."""
    return Bench(Printer(shop.certificate_file, shop.spool))


@pytest.fixture
def bench_without_printer() -> Bench:
    """An HSM that cannot."""
    return Bench(None)

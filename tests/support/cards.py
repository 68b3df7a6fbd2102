"""An issuer with its masters, terminals and cards for tests: every key is at hand here.

What the HSM does in earnest (proofs, key cryptograms, PIN blocks) is done here in the clear.
"""

from __future__ import annotations

import os
from datetime import date

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from chip import curve, issuer, keys
from chip.apdu import Command, Status
from chip.certificates import Certificate
from chip.dialogue import Credential, Dialogue
from chip.memory import Memory, Volatile
from chip.reader import InProcessReader
from chip.records import Contents, Holder, Identity, Rules
from chip.virtual import Card, TransportKeys

TODAY = date(2026, 7, 29)
CARD_UNTIL = date(2030, 6, 30)
PIN = "4711"
SERIAL = bytes.fromhex("0102030405060708")
CONTENTS = Contents(
    Identity(pan="7013370000000000017", expiry=date(2029, 12, 31), psn="01", service_code="520"),
    Holder(name="Prevozi d.o.o.", vehicle_number="0042", vehicle_name="LJ AB-123",
           driver_number="0007", driver_name="Novak Žan"),
    Rules(offline_limit_minor=15000, currency="978", products=("001", "002", "022"), prompts="4",
          pin_required=True))


class LocalSigner(msgspec.Struct, frozen=True):
    """An issuer key in memory."""

    number: int
    key: ec.EllipticCurvePrivateKey

    @property
    def point(self) -> bytes:
        """Its public half."""
        return curve.point(self.key)

    def sign(self, message: bytes) -> bytes:
        """As an HSM would."""
        return curve.sign(self.key, message)


class Issuer:
    """One issuer: masters and a signing key."""

    def __init__(self, number: int = 1) -> None:
        self.transport, self.auth, self.pin, self.ac = (os.urandom(16) for _ in range(4))
        self.signer = LocalSigner(number, curve.new_key())

    @property
    def trusted(self) -> dict[int, bytes]:
        """What a terminal of this issuer trusts."""
        return {self.signer.number: self.signer.point}

    def terminal(self, terminal_id: str = "T0101", valid_from: date = TODAY,
                 valid_until: date = date(2026, 12, 31)) -> Credential:
        """A terminal's key and certificate."""
        key = curve.new_key()
        return Credential(key, (issuer.terminal_certificate(
            self.signer, terminal_id, curve.point(key), valid_from, valid_until),))

    def blank(self, serial: bytes = SERIAL, memory: Memory | None = None) -> Card:
        """A card from the factory."""
        return Card.blank(serial, TransportKeys.of(self.transport, serial), memory or Volatile())

    def pin_block(self, serial: bytes, pan: str, pin: str) -> bytes:
        """ISO 9564-1 format 4 under the card's key 30."""
        key = keys.diversified(self.pin, keys.PIN_LOADING, serial)
        plain = bytes.fromhex(f"4{len(pin):x}{pin}".ljust(16, "a")) + os.urandom(8)
        field = bytes.fromhex(f"{max(len(pan) - 12, 0)}{pan.rjust(12, '0')}".ljust(32, "0"))
        mixed = bytes(a ^ b for a, b in zip(keys.encipher(key, plain), field, strict=True))
        return keys.encipher(key, mixed)

    def loaded_key(self, serial: bytes, contents: Contents, ref: int) -> bytes:
        """What PUT KEY carries for one target."""
        key = {
            keys.AUTHENTICATION: keys.diversified(self.auth, ref, serial),
            keys.PIN_LOADING: keys.diversified(self.pin, ref, serial),
            keys.CRYPTOGRAM: self.cryptogram_key(contents),
        }[ref]
        return keys.loaded(keys.loading_key(self.transport, ref, serial), key)

    def cryptogram_key(self, contents: Contents) -> bytes:
        """Key 40 of the card with these contents."""
        return keys.cryptogram_key(self.ac, contents.identity.pan, contents.identity.psn)

    def factory_session(self, reader: InProcessReader) -> Dialogue:
        """Connected, selected, mutually authenticated."""
        reader.connect()
        dialogue = Dialogue(reader)
        public = dialogue.select()
        dialogue.authenticate_issuer(
            keys.TRANSPORT, keys.diversified(self.transport, keys.TRANSPORT, public.serial))
        return dialogue

    def issuer_session(self, reader: InProcessReader) -> Dialogue:
        """The same with an active card."""
        reader.connect()
        dialogue = Dialogue(reader)
        public = dialogue.select()
        dialogue.authenticate_issuer(
            keys.AUTHENTICATION, keys.diversified(self.auth, keys.AUTHENTICATION, public.serial))
        return dialogue

    def personalization(self, serial: bytes, contents: Contents, pin: str,
                        point: bytes) -> list[Command]:
        """All that is written after the card made its pair, ACTIVATE last."""
        certificate = issuer.card_certificate(self.signer, serial, point, TODAY, CARD_UNTIL)
        return [
            *issuer.write_records(contents),
            issuer.put_issuer_key(self.signer.number, self.signer.point),
            issuer.put_today(TODAY), issuer.put_pin_tries(3), issuer.put_certificate(certificate),
            *(issuer.put_key(ref, 1, self.loaded_key(serial, contents, ref))
              for ref in keys.LOADED),
            issuer.load_pin(self.pin_block(serial, contents.identity.pan, pin)),
            issuer.ACTIVATE,
        ]

    def personalize(self, reader: InProcessReader, contents: Contents = CONTENTS,
                    pin: str = PIN, serial: bytes = SERIAL) -> None:
        """A blank card in the reader becomes an active one."""
        dialogue = self.factory_session(reader)
        made = dialogue.exchange(issuer.GENERATE_KEY_PAIR)
        assert made.sw == Status.DONE
        for command in self.personalization(serial, contents, pin,
                                            issuer.public_key(made.data)):
            answer = dialogue.exchange(command)
            assert answer.sw == Status.DONE, (command, answer)
        reader.disconnect()

    def issued(self, contents: Contents = CONTENTS, *, memory: Memory | None = None,
               pin: str = PIN, serial: bytes = SERIAL) -> Card:
        """An active card."""
        card = self.blank(serial, memory)
        self.personalize(InProcessReader(card), contents, pin, serial)
        return card

    def terminal_session(self, reader: InProcessReader,
                         credential: Credential | None = None) -> Dialogue:
        """Connected, selected, mutually authenticated."""
        reader.connect()
        dialogue = Dialogue(reader)
        dialogue.select()
        dialogue.authenticate_terminal(credential or self.terminal(), self.trusted, TODAY)
        return dialogue


def certificate_of(card: Card) -> Certificate:
    """Of an active card."""
    reader = InProcessReader(card)
    reader.connect()
    dialogue = Dialogue(reader)
    dialogue.select()
    raw = dialogue.public(0x7F21)
    reader.disconnect()
    return Certificate.parse(raw)

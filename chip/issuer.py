"""The issuing side: certificates, and the commands of a personalization as plain values.

PURE. Knows no key of the issuer: who signs, and who computes proofs and PIN blocks, is outside (an
HSM). The commands go through `secure.Channel` once `authenticate` was answered.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol

import msgspec

from chip import bcd, keys, tlv
from chip import certificates as cvc
from chip.apdu import ALL, Command
from chip.certificates import Certificate, Role
from chip.commands.selling import RECORD_P2
from chip.commands.writing import (
    ISSUER_KEY,
    NEW_PIN,
    PIN_TRIES,
    POINT,
    PUBLIC_KEY,
    TODAY,
    UNBLOCK,
    UNBLOCK_WITH_PIN,
)
from chip.processor import AID
from chip.records import RULES, Contents, Rules

SELECT: Final = Command(0x00, 0xA4, 0x04, 0x00, AID, ALL)
GET_CHALLENGE: Final = Command(0x00, 0x84, 0x00, 0x00, le=16)
GENERATE_KEY_PAIR: Final = Command(0x00, 0x46, 0x00, 0x00, le=ALL)
ACTIVATE: Final = Command(0x00, 0x44, 0x00, 0x00)
BLOCK: Final = Command(0x80, 0x1E, 0x00, 0x00)


class Signer(Protocol):
    """The issuer's key, wherever it is."""

    @property
    def number(self) -> int:
        """By which cards and terminals know it."""
        ...

    def sign(self, message: bytes) -> bytes:
        """ECDSA P-256 with SHA-256, r ‖ s."""
        ...


def card_certificate(signer: Signer, serial: bytes, point: bytes, valid_from: date,
                     valid_until: date) -> Certificate:
    """Of a card that made its pair."""
    return _signed(signer, Certificate(
        issuer_key=signer.number, role=Role.CARD, holder=serial, public_key=point,
        valid_from=valid_from, valid_until=valid_until))


def terminal_certificate(signer: Signer, terminal_id: str, point: bytes, valid_from: date,
                         valid_until: date) -> Certificate:
    """Of a terminal, id as in field 41. Short lives: a card cannot look at a revocation list."""
    holder = terminal_id.encode("ascii").ljust(cvc.HOLDER)
    if len(holder) != cvc.HOLDER:
        raise ValueError(f"a terminal's id has at most {cvc.HOLDER} characters")
    return _signed(signer, Certificate(
        issuer_key=signer.number, role=Role.TERMINAL, holder=holder, public_key=point,
        valid_from=valid_from, valid_until=valid_until))


def authenticate(ref: int, own_random: bytes, proof: bytes) -> Command:
    """Opens a factory (10) or issuer (20) session. proof: 16 bytes, `keys.terminal_proof`."""
    return Command(0x00, 0x82, 0x00, ref, own_random + proof, ALL)


def write_records(contents: Contents) -> list[Command]:
    """All three."""
    return [Command(0x00, 0xDC, number, RECORD_P2, record)
            for number, record in enumerate(contents.encode(), 1)]


def write_rules(rules: Rules) -> Command:
    """Record 3: the only one that an issuer session may write."""
    return Command(0x00, 0xDC, RULES, RECORD_P2, rules.encode())


def public_key(answer: bytes) -> bytes:
    """The point in the answer to GENERATE_KEY_PAIR; TlvError."""
    return tlv.only(tlv.only(answer, PUBLIC_KEY), POINT)


def put_certificate(certificate: Certificate) -> Command:
    """After its issuer key."""
    return _put(cvc.TAG, certificate.encode())


def put_issuer_key(number: int, point: bytes) -> Command:
    """A key that signs terminals' certificates, and the card's own."""
    return _put(ISSUER_KEY, number.to_bytes(2, "big") + point)


def remove_issuer_key(number: int) -> Command:
    """One that no terminal's certificate shall be good under any more."""
    return _put(ISSUER_KEY, number.to_bytes(2, "big"))


def put_today(day: date) -> Command:
    """The card's idea of the date."""
    return _put(TODAY, bcd.pack_date(day))


def put_pin_tries(number: int) -> Command:
    """1 to 15."""
    return _put(PIN_TRIES, bytes([number]))


def put_key(ref: int, version: int, cryptogram: bytes) -> Command:
    """cryptogram: `keys.loaded`, 21 bytes. version: 1 to 255, that of key 40 is the DKI."""
    assert ref in keys.LOADED
    return Command(0x80, 0xD8, version, ref, cryptogram, ALL)


def load_pin(block: bytes) -> Command:
    """block: ISO 9564-1 format 4 under key 30 and the card's number."""
    return Command(0x00, 0x24, NEW_PIN >> 8, NEW_PIN & 0xFF, block)


def unblock(block: bytes | None = None) -> Command:
    """All tries again; with a block, for a new PIN."""
    p1p2 = UNBLOCK if block is None else UNBLOCK_WITH_PIN
    return Command(0x00, 0x2C, p1p2 >> 8, p1p2 & 0xFF, block or b"")


def _put(tag: int, value: bytes) -> Command:
    return Command(0x00, 0xDA, tag >> 8, tag & 0xFF, value)


def _signed(signer: Signer, certificate: Certificate) -> Certificate:
    return msgspec.structs.replace(certificate, signature=signer.sign(certificate.body))

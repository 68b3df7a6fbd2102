"""A terminal's or an issuer's conversation with the card in a reader, SELECT to last answer.

Knows the application's commands and which problem a status word is; decides nothing about a sale.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from chip import apdu, curve, keys, records, secure, tlv
from chip import certificates as cvc
from chip.apdu import ALL, Command, Response, Status
from chip.certificates import Certificate, CertificateError, Role
from chip.commands.access import ISSUER_KEYS, LIFE_CYCLE, SERIAL, TRIES
from chip.commands.selling import RECORD_P2, pin_block
from chip.cryptogram import Cryptogram, Kind, Transaction
from chip.errors import (
    BlockedCard,
    CardFault,
    CopiedCard,
    ExpiredCard,
    ForeignCard,
    InactiveCard,
    TerminalRefused,
    WrongCard,
)
from chip.exchange import Exchange
from chip.issuer import GET_CHALLENGE, SELECT, authenticate
from chip.memory import LifeCycle
from chip.processor import CHALLENGE
from chip.reader import Entry, PinPrompt, Reader
from chip.secure import Channel, SecureError, SessionKeys

_NOT_OURS: Final = (Status.NO_APPLICATION, Status.INSTRUCTION, Status.CLASS)


class Public(msgspec.Struct, frozen=True):
    """What a card tells anybody."""

    serial: bytes
    life_cycle: LifeCycle


class Credential(msgspec.Struct, frozen=True):
    """What a terminal proves itself with: its key, and a certificate by each issuer key."""

    key: ec.EllipticCurvePrivateKey
    certificates: tuple[Certificate, ...]

    def __repr__(self) -> str:
        return f"Credential({[one.holder for one in self.certificates]})"


class PinStatus(StrEnum):
    """What became of one entry of a PIN."""

    VERIFIED = "verified"
    WRONG = "wrong"
    BLOCKED = "blocked"  # no tries left; wrong now, or before
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    MISMATCH = "mismatch"
    LENGTH = "length"


class PinOutcome(msgspec.Struct, frozen=True):
    """tries_left: None where the card was not asked, or the PIN is verified."""

    status: PinStatus
    tries_left: int | None = None


_ENTRIES: Final = {Entry.TIMEOUT: PinStatus.TIMEOUT, Entry.CANCELLED: PinStatus.CANCELLED,
                   Entry.MISMATCH: PinStatus.MISMATCH, Entry.LENGTH: PinStatus.LENGTH}


class Dialogue:
    """One card, from `select` on. random: for challenges."""

    def __init__(self, reader: Reader, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._reader = reader
        self._random = random
        self._session: tuple[Channel, SessionKeys] | None = None
        self._serial = b""

    def select(self) -> Public:
        """WrongCard, or who it is."""
        self._session = None
        response = self._send(SELECT)
        if response.sw in _NOT_OURS:
            raise WrongCard
        if response.sw not in (Status.DONE, Status.BLOCKED_FILE):
            raise CardFault("SELECT", response.sw)
        public = Public(self.public(SERIAL), _life_cycle(self.public(LIFE_CYCLE)))
        self._serial = public.serial
        return public

    def public(self, tag: int) -> bytes:
        """The value of one public object."""
        data = self._good(Command(0x80, 0xCA, tag >> 8, tag & 0xFF, le=ALL), "GET DATA")
        try:
            return data if tag == cvc.TAG else tlv.only(data, tag)
        except tlv.TlvError as error:
            raise CardFault(f"GET DATA: {error}") from None

    def tries_left(self) -> int:
        """PIN tries."""
        return int.from_bytes(self.public(TRIES), "big")

    def authenticate_terminal(self, credential: Credential, issuer_keys: dict[int, bytes],
                              today: date) -> None:
        """Both ends prove themselves, off line; then everything is under session keys.

        ForeignCard, ExpiredCard, CopiedCard, TerminalRefused. issuer_keys: points by number.
        """
        certificate = self._card_certificate(issuer_keys, today)
        own = self._own_certificate(credential)
        response = self._send(Command(0x00, 0x2A, 0x00, 0xBE, own.encode()))
        if response.sw != Status.DONE:
            raise TerminalRefused(f"certificate, status {response.sw:04X}")
        fresh = curve.new_key()
        exchange = Exchange(self._challenge(), self._random(CHALLENGE), curve.point(fresh),
                            self._serial, own.holder)
        proof = curve.sign(credential.key, exchange.terminal_signs())
        response = self._send(Command(0x00, 0x82, 0x00, keys.OWN_PAIR, exchange.terminal_point
                                      + exchange.terminal_random + proof, ALL))
        if response.sw == Status.NOT_PROVED:
            raise TerminalRefused("signature")
        if response.sw != Status.DONE:
            raise CardFault("EXTERNAL AUTHENTICATE", response.sw)
        point, signature = response.data[:curve.POINT], response.data[curve.POINT:]
        if not curve.verify(certificate.public_key, exchange.card_signs(point), signature) \
                or not curve.is_point(point):
            raise CopiedCard
        self._session = Channel(), exchange.session_keys(fresh, point)

    def authenticate_issuer(self, ref: int, key: bytes) -> None:
        """With a key of the card that is at hand: the factory's, and tests. Else see `secure`."""
        challenge, own = self._challenge(), self._random(CHALLENGE)
        proof = keys.terminal_proof(key, challenge, own, self._serial)
        answer = self._good(authenticate(ref, own, proof), "EXTERNAL AUTHENTICATE")
        if answer != keys.card_proof(key, challenge, own, self._serial):
            raise CopiedCard
        self._session = Channel(), SessionKeys(
            *keys.session_pair(key, challenge, own, self._serial))

    def contents(self) -> records.Contents:
        """All three records."""
        try:
            return records.Contents(
                records.Identity.parse(self._record(records.IDENTITY)),
                records.Holder.parse(self._record(records.HOLDER)),
                records.Rules.parse(self._record(records.RULES)))
        except records.RecordError as error:
            raise CardFault(str(error)) from None

    def verify_pin(self, pin: str) -> PinOutcome:
        """A PIN that the terminal's own pad took; it goes to the card under the session keys."""
        if len(pin) not in keys.PIN_LENGTHS:
            return PinOutcome(PinStatus.LENGTH)
        return _pin_outcome(self.exchange(Command(0x00, 0x20, 0x00, 0x80, pin_block(pin))).sw)

    def verify_pin_direct(self, prompt: PinPrompt) -> PinOutcome:
        """A PIN that the reader's pad takes: no byte of it comes here."""
        return _pin_outcome(self._reader.verify_pin_direct(prompt))

    def generate_ac(self, kind: Kind, transaction: Transaction) -> Cryptogram:
        """The card may answer a TC with an AAC."""
        data = self._good(Command(0x80, 0xAE, kind, 0x00, transaction.encode(), ALL),
                          "GENERATE AC")
        try:
            return Cryptogram.parse(data)
        except ValueError as error:
            raise CardFault(f"GENERATE AC: {error}") from None

    def issuer_answer(self, authentication_data: bytes) -> bool:
        """Tag 91 to the card: whether it was the issuer who said it."""
        response = self.exchange(Command(0x00, 0x82, 0x00, 0x00, authentication_data))
        if response.sw not in (Status.DONE, Status.NOT_PROVED):
            raise CardFault("EXTERNAL AUTHENTICATE", response.sw)
        return response.sw == Status.DONE

    def exchange(self, command: Command) -> Response:
        """One command; under the session keys where there is a session."""
        if self._session is None:
            return self._send(command)
        channel, session_keys = self._session
        response = self._send(secure.run(channel.protect(command), session_keys))
        try:
            return secure.run(channel.reveal(response), session_keys)
        except SecureError as error:
            self._session = None
            raise CardFault(str(error)) from None

    def _card_certificate(self, issuer_keys: dict[int, bytes], today: date) -> Certificate:
        try:
            certificate = Certificate.parse(self.public(cvc.TAG))
            certificate.check(issuer_keys, Role.CARD, today)
        except CertificateError as error:
            problem = {"issuer": ForeignCard, "date": ExpiredCard}.get(error.reason, CopiedCard)
            raise problem(str(error)) from None
        if certificate.holder != self._serial:
            raise CopiedCard("its certificate is another card's")
        return certificate

    def _own_certificate(self, credential: Credential) -> Certificate:
        known = self.public(ISSUER_KEYS)
        numbers = {int.from_bytes(known[at:at + 2], "big") for at in range(0, len(known), 2)}
        for certificate in credential.certificates:
            if certificate.issuer_key in numbers:
                return certificate
        raise TerminalRefused("no certificate by an issuer key that the card knows")

    def _challenge(self) -> bytes:
        challenge = self._good(GET_CHALLENGE, "GET CHALLENGE")
        if len(challenge) != CHALLENGE:
            raise CardFault(f"GET CHALLENGE: {len(challenge)} bytes")
        return challenge

    def _record(self, number: int) -> bytes:
        return self._good(Command(0x00, 0xB2, number, RECORD_P2, le=ALL), "READ RECORD")

    def _good(self, command: Command, what: str) -> bytes:
        response = self.exchange(command)
        if response.sw != Status.DONE:
            raise CardFault(what, response.sw)
        return response.data

    def _send(self, command: Command) -> Response:
        return Response(*self._reader.transmit(command.encode()))


def demand_active(public: Public) -> None:
    """InactiveCard or BlockedCard."""
    if public.life_cycle is LifeCycle.BLOCKED:
        raise BlockedCard
    if public.life_cycle is not LifeCycle.ACTIVE:
        raise InactiveCard


def _life_cycle(value: bytes) -> LifeCycle:
    try:
        return LifeCycle(int.from_bytes(value, "big"))
    except ValueError:
        raise CardFault("an unknown life cycle") from None


def _pin_outcome(sw: int) -> PinOutcome:
    if sw == Status.DONE:
        return PinOutcome(PinStatus.VERIFIED)
    if sw in _ENTRIES:
        return PinOutcome(_ENTRIES[Entry(sw)])
    tries_left = apdu.tries(sw)
    if tries_left is None:
        raise CardFault("VERIFY", sw)
    return PinOutcome(PinStatus.WRONG if tries_left else PinStatus.BLOCKED, tries_left)

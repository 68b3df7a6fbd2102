"""Select the application, read what is public, and prove both ends to each other.

docs/chip-card.md, "Identity and public data" and "Mutual authentication".
"""

from __future__ import annotations

import hmac
from typing import Final

from chip import bcd, curve, keys, tlv
from chip import certificates as cvc
from chip.apdu import Command, Status
from chip.certificates import Certificate, CertificateError, Role
from chip.commands.selling import issuer_answer
from chip.exchange import Exchange
from chip.memory import LifeCycle
from chip.processor import AID, CHALLENGE, VERSION, Kind, Processor, Refused, Session, demand
from chip.secure import CardChannel, SessionKeys

SERIAL, LIFE_CYCLE, APPLICATION, ISSUER_KEYS, TRIES = 0xDF01, 0xDF03, 0x9F08, 0xDF04, 0x9F17
_FCI, _NAME, _PROPRIETARY = 0x6F, 0x84, 0xA5
_BY_NAME: Final = 0x0400
_VERIFY_CERTIFICATE: Final = 0x00BE
_SYMMETRIC: Final = {keys.TRANSPORT: Kind.FACTORY, keys.AUTHENTICATION: Kind.ISSUER}


def select(card: Processor, command: Command) -> bytes:
    """By the whole AID; anything else leaves nothing selected."""
    card.deselect()
    demand(command.p1p2 == _BY_NAME, Status.P1P2)
    demand(bool(command.data), Status.LENGTH)
    demand(command.data == AID, Status.NO_APPLICATION)
    card.selected = True
    return tlv.encode(_FCI, tlv.encode(_NAME, AID) + tlv.encode(_PROPRIETARY, tlv.join((
        (APPLICATION, VERSION), (SERIAL, card.state.serial),
        (LIFE_CYCLE, bytes([card.state.life_cycle]))))))


def get_data(card: Processor, command: Command) -> bytes:
    """One public object, with its tag and length."""
    demand(not command.data, Status.LENGTH)
    state = card.state
    if command.p1p2 == cvc.TAG:
        demand(bool(state.certificate), Status.NO_DATA)
        return state.certificate
    values = {
        SERIAL: state.serial, APPLICATION: VERSION, LIFE_CYCLE: bytes([state.life_cycle]),
        ISSUER_KEYS: b"".join(number.to_bytes(2, "big") for number in sorted(state.issuer_keys)),
        TRIES: bytes([state.pin_tries_left]),
    }
    value = values.get(command.p1p2)
    if value is None:
        raise Refused(Status.NO_DATA)
    return tlv.encode(command.p1p2, value)


def get_challenge(card: Processor, command: Command) -> bytes:
    """16 fresh bytes, good for one attempt."""
    demand(command.p1p2 == 0, Status.P1P2)
    demand(not command.data and command.le in (CHALLENGE, 256), Status.LENGTH)
    card.challenge = card.random(CHALLENGE)
    return card.challenge


def verify_certificate(card: Processor, command: Command) -> bytes:
    """A terminal's certificate: its key is the one that EXTERNAL AUTHENTICATE will ask for."""
    demand(command.p1p2 == _VERIFY_CERTIFICATE, Status.P1P2)
    demand(card.session is None, Status.NOT_IN_THIS_STATE)
    demand(bool(command.data), Status.LENGTH)
    demand(card.state.life_cycle is LifeCycle.ACTIVE, Status.NOT_IN_THIS_STATE)
    card.terminal = None
    try:
        certificate = Certificate.parse(command.data)
        certificate.check(card.state.issuer_keys, Role.TERMINAL,
                          bcd.unpack_date(card.state.today))
    except CertificateError as error:
        raise Refused({"format": Status.DATA, "issuer": Status.NO_DATA}.get(
            error.reason, Status.NOT_VALID)) from None
    first_day = bcd.pack_date(certificate.valid_from)
    if first_day > card.state.today:
        card.commit(today=first_day)
    card.terminal = certificate
    return b""


def external_authenticate(card: Processor, command: Command) -> bytes:
    """Mutual authentication by key 10, 20 or 50; P2 0 is the issuer's answer to an ARQC."""
    demand(command.p1 == 0, Status.P1P2)
    if command.p2 == 0:
        return issuer_answer(card, command)
    demand(command.p2 in (*_SYMMETRIC, keys.OWN_PAIR), Status.P1P2)
    demand(card.session is None, Status.NOT_IN_THIS_STATE)
    if command.p2 == keys.OWN_PAIR:
        return _with_terminal(card, command)
    return _with_issuer(card, command)


def _with_issuer(card: Processor, command: Command) -> bytes:
    demand(len(command.data) == CHALLENGE + keys.SIZE, Status.LENGTH)
    state = card.state
    early = state.life_cycle in (LifeCycle.BLANK, LifeCycle.PERSONALIZING)
    demand(early if command.p2 == keys.TRANSPORT else state.life_cycle is LifeCycle.ACTIVE,
           Status.NOT_IN_THIS_STATE)
    key = state.keys[command.p2]
    challenge = card.take_challenge()
    other, proof = command.data[:CHALLENGE], command.data[CHALLENGE:]
    good = keys.terminal_proof(key, challenge, other, state.serial)
    demand(hmac.compare_digest(proof, good), Status.NOT_PROVED)
    pair = SessionKeys(*keys.session_pair(key, challenge, other, state.serial))
    card.session = Session(_SYMMETRIC[command.p2], CardChannel(pair))
    return keys.card_proof(key, challenge, other, state.serial)


def _with_terminal(card: Processor, command: Command) -> bytes:
    demand(len(command.data) == curve.POINT + CHALLENGE + curve.SIGNATURE, Status.LENGTH)
    demand(card.state.life_cycle is LifeCycle.ACTIVE, Status.NOT_IN_THIS_STATE)
    if card.terminal is None:
        raise Refused(Status.NOT_IN_THIS_STATE)
    challenge = card.take_challenge()
    exchange = Exchange(challenge, command.data[curve.POINT:curve.POINT + CHALLENGE],
                        command.data[:curve.POINT], card.state.serial, card.terminal.holder)
    signature = command.data[curve.POINT + CHALLENGE:]
    demand(curve.verify(card.terminal.public_key, exchange.terminal_signs(), signature),
           Status.NOT_PROVED)
    demand(curve.is_point(exchange.terminal_point), Status.DATA)
    own = curve.new_key()
    point = curve.point(own)
    card.session = Session(Kind.TERMINAL, CardChannel(
        exchange.session_keys(own, exchange.terminal_point)))
    return point + curve.sign(curve.from_scalar(card.state.private_scalar),
                              exchange.card_signs(point))

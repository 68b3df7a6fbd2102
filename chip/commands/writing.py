"""What the issuer writes: all of it once in personalization, a little of it for ever after.

docs/chip-card.md, "Life cycle", "Commands" and "Personalization".
"""

from __future__ import annotations

import hmac
from typing import Final

from chip import bcd, curve, keys, records, tlv
from chip import certificates as cvc
from chip.apdu import Command, Status
from chip.certificates import Certificate, CertificateError, Role
from chip.commands.selling import RECORD_P2
from chip.memory import LifeCycle, State
from chip.processor import Kind, Processor, Refused, demand, no_data
from chip.records import Identity, RecordError, Rules

ISSUER_KEY, TODAY, PIN_TRIES = 0xDF06, 0xDF07, 0xDF08
PUBLIC_KEY: Final = 0x7F49
POINT: Final = 0x86
NEW_PIN: Final = 0x0180
UNBLOCK_WITH_PIN: Final = 0x0280
UNBLOCK: Final = 0x0380
_MOST_ISSUER_KEYS: Final = 4
_MOST_TRIES: Final = 15


def update_record(card: Processor, command: Command) -> bytes:
    """A whole record; after activation the third alone."""
    session = card.within(Kind.FACTORY, Kind.ISSUER)
    demand(command.p2 == RECORD_P2, Status.P1P2)
    demand(command.p1 in records.PARSERS, Status.NO_RECORD)
    demand(session.kind is Kind.FACTORY or command.p1 == records.RULES, Status.NOT_ENTITLED)
    demand(0 < len(command.data) <= records.LONGEST, Status.LENGTH)
    try:
        records.PARSERS[command.p1](command.data)
    except RecordError:
        raise Refused(Status.DATA) from None
    changed = list(card.state.records)
    changed[command.p1 - 1] = command.data
    card.write(records=tuple(changed))
    return b""


def generate_key_pair(card: Processor, command: Command) -> bytes:
    """A pair of the card's own; its certificate, if it had one, is of no use any more."""
    card.within(Kind.FACTORY)
    no_data(command, 0)
    pair = curve.new_key()
    point = curve.point(pair)
    card.write(private_scalar=curve.scalar(pair), public_point=point, certificate=b"")
    return tlv.encode(PUBLIC_KEY, tlv.encode(POINT, point))


def put_data(card: Processor, command: Command) -> bytes:
    """Certificate, issuer keys, date, PIN tries."""
    session = card.within(Kind.FACTORY, Kind.ISSUER)
    if command.p1p2 == cvc.TAG:
        _put_certificate(card, command.data)
    elif command.p1p2 == ISSUER_KEY:
        _put_issuer_key(card, command.data)
    elif command.p1p2 == TODAY:
        _put_today(card, command.data)
    elif command.p1p2 == PIN_TRIES:
        demand(session.kind is Kind.FACTORY, Status.NOT_ENTITLED)
        demand(len(command.data) == 1, Status.LENGTH)
        demand(1 <= command.data[0] <= _MOST_TRIES, Status.DATA)
        card.write(pin_tries=command.data[0], pin_tries_left=command.data[0])
    else:
        raise Refused(Status.NO_DATA)
    return b""


def put_key(card: Processor, command: Command) -> bytes:
    """Key 20, 30 or 40, enciphered under key 11 of that target; answers its check value."""
    card.within(Kind.FACTORY)
    demand(command.p2 in keys.LOADED and command.p1 > 0, Status.P1P2)
    demand(len(command.data) == keys.SIZE + keys.CHECK_VALUE, Status.LENGTH)
    key = keys.decipher(card.state.loading_keys[command.p2], command.data[:keys.SIZE])
    check_value = keys.check_value(key)
    demand(hmac.compare_digest(check_value, command.data[keys.SIZE:]), Status.DATA)
    version = command.p1 if command.p2 == keys.CRYPTOGRAM else card.state.cryptogram_version
    card.write(keys=card.state.keys | {command.p2: key}, cryptogram_version=version)
    return check_value


def change_reference_data(card: Processor, command: Command) -> bytes:
    """A PIN, and all its tries."""
    card.within(Kind.FACTORY, Kind.ISSUER)
    demand(command.p1p2 == NEW_PIN, Status.P1P2)
    _load_pin(card, command.data)
    return b""


def reset_retry_counter(card: Processor, command: Command) -> bytes:
    """All tries again, with a new PIN or with the one that was."""
    card.within(Kind.ISSUER)
    demand(command.p1p2 in (UNBLOCK, UNBLOCK_WITH_PIN), Status.P1P2)
    if command.p1p2 == UNBLOCK_WITH_PIN:
        _load_pin(card, command.data)
    else:
        no_data(command, UNBLOCK)
        card.write(pin_tries_left=card.state.pin_tries)
    return b""


def activate(card: Processor, command: Command) -> bytes:
    """Lock the card: the transport keys are erased and the session ends."""
    card.within(Kind.FACTORY)
    no_data(command, 0)
    demand(_is_complete(card.state), Status.NOT_IN_THIS_STATE)
    kept = {ref: key for ref, key in card.state.keys.items() if ref != keys.TRANSPORT}
    card.commit(life_cycle=LifeCycle.ACTIVE, keys=kept, loading_keys={})
    card.session = None
    return b""


def block(card: Processor, command: Command) -> bytes:
    """For ever."""
    card.within(Kind.ISSUER)
    no_data(command, 0)
    card.commit(life_cycle=LifeCycle.BLOCKED)
    card.session = None
    return b""


def _put_certificate(card: Processor, data: bytes) -> None:
    state = card.state
    demand(bool(state.public_point), Status.NOT_IN_THIS_STATE)
    try:
        certificate = Certificate.parse(data)
        # The card does not judge the dates of its own certificate: terminals do.
        certificate.check(state.issuer_keys, Role.CARD, certificate.valid_until)
    except CertificateError:
        raise Refused(Status.DATA) from None
    demand(certificate.holder == state.serial and certificate.public_key == state.public_point,
           Status.DATA)
    card.write(certificate=data)


def _put_issuer_key(card: Processor, data: bytes) -> None:
    """Number and point; the number alone takes it away."""
    demand(len(data) in (2, 2 + curve.POINT), Status.LENGTH)
    number = int.from_bytes(data[:2], "big")
    issuer_keys = dict(card.state.issuer_keys)
    if len(data) == 2:
        demand(number in issuer_keys, Status.NO_DATA)
        demand(not card.state.certificate
               or Certificate.parse(card.state.certificate).issuer_key != number,
               Status.NOT_IN_THIS_STATE)
        del issuer_keys[number]
    else:
        demand(curve.is_point(data[2:]), Status.DATA)
        issuer_keys[number] = data[2:]
        demand(len(issuer_keys) <= _MOST_ISSUER_KEYS, Status.NOT_IN_THIS_STATE)
    card.write(issuer_keys=issuer_keys)


def _put_today(card: Processor, data: bytes) -> None:
    demand(len(data) == 3, Status.LENGTH)
    try:
        bcd.unpack_date(data)
    except ValueError:
        raise Refused(Status.DATA) from None
    demand(data >= card.state.today, Status.DATA)
    card.write(today=data)


def _load_pin(card: Processor, block_of_pin: bytes) -> None:
    demand(len(block_of_pin) == keys.SIZE, Status.LENGTH)
    identity, key = card.state.records[records.IDENTITY - 1], card.state.keys.get(keys.PIN_LOADING)
    if not identity or key is None:
        raise Refused(Status.NOT_IN_THIS_STATE)
    try:
        pin = keys.pin_of_block(key, block_of_pin, Identity.parse(identity).pan)
    except ValueError:
        raise Refused(Status.DATA) from None
    card.write(pin=pin, pin_tries_left=card.state.pin_tries)


def _is_complete(state: State) -> bool:
    """A PIN may be missing where the rules do not require it."""
    there = all(state.records) and set(keys.LOADED) <= set(state.keys) \
        and state.certificate and state.today
    return bool(there) and bool(
        state.pin or not Rules.parse(state.records[records.RULES - 1]).pin_required)

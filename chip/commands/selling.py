"""What a terminal does with an active card: read it, verify the PIN, get cryptograms.

docs/chip-card.md, "PIN" and "Cryptograms".
"""

from __future__ import annotations

import hmac
from typing import Final

from chip import cryptogram, keys, records
from chip.apdu import Command, Status
from chip.cryptogram import Cryptogram, Results, Transaction
from chip.processor import Kind, Processor, Refused, Session, demand
from chip.records import Identity, Rules

RECORD_P2: Final = records.SFI << 3 | 4  # ISO 7816-4: P1 is a record number of this SFI
_PIN_P1P2: Final = 0x0080
PIN_BLOCK: Final = 8


def read_record(card: Processor, command: Command) -> bytes:
    """One record, in any session."""
    card.within(Kind.TERMINAL, Kind.ISSUER, Kind.FACTORY)
    demand(command.p2 == RECORD_P2, Status.P1P2)
    demand(not command.data, Status.LENGTH)
    demand(1 <= command.p1 <= records.COUNT, Status.NO_RECORD)
    record = card.state.records[command.p1 - 1]
    demand(bool(record), Status.NO_RECORD)
    return record


def verify(card: Processor, command: Command) -> bytes:
    """The PIN, an EMV format 2 block. The counter is down before anything is compared."""
    session = card.within(Kind.TERMINAL)
    demand(command.p1p2 == _PIN_P1P2, Status.P1P2)
    state = card.state
    demand(bool(state.pin), Status.NOT_VALID)
    demand(state.pin_tries_left > 0, Status.PIN_BLOCKED)
    if not command.data:
        raise Refused(Status.TRIES + state.pin_tries_left)
    demand(len(command.data) == PIN_BLOCK, Status.LENGTH)
    demand(is_pin_block(command.data), Status.DATA)
    session.pin_tried, session.pin_failed = True, True
    card.commit(pin_tries_left=state.pin_tries_left - 1)
    if not hmac.compare_digest(command.data, pin_block(state.pin)):
        raise Refused(Status.TRIES + card.state.pin_tries_left)
    card.commit(pin_tries_left=state.pin_tries)
    session.pin_failed = False
    return b""


def generate_ac(card: Processor, command: Command) -> bytes:
    """ARQC, TC or AAC. A TC becomes an AAC where the card's own rules are against it."""
    session = card.within(Kind.TERMINAL)
    demand(command.p2 == 0 and command.p1 in tuple(cryptogram.Kind), Status.P1P2)
    demand(len(command.data) == cryptogram.DATA_SIZE, Status.LENGTH)
    state = card.state
    demand(state.atc < cryptogram.LONGEST_ATC, Status.NOT_IN_THIS_STATE)
    try:
        transaction = Transaction.parse(command.data)
    except ValueError:
        raise Refused(Status.DATA) from None
    results = _decide(card, session, transaction, cryptogram.Kind(command.p1))
    session.pin_tried = session.pin_failed = False
    session.arqc = None
    card.commit(atc=state.atc + 1, offline_count=results.offline_count,
                online_open=state.online_open or results.kind is cryptogram.Kind.ARQC)
    key, atc = state.keys[keys.CRYPTOGRAM], state.atc + 1
    iad = results.iad(state.cryptogram_version)
    value = cryptogram.compute(key, command.data, atc, iad)
    if results.kind is cryptogram.Kind.ARQC:
        session.arqc = (atc, value)
    return Cryptogram(
        kind=results.kind, atc=atc, value=value, iad=iad, aip=cryptogram.AIP,
        psn=Identity.parse(state.records[records.IDENTITY - 1]).psn).encode()


def issuer_answer(card: Processor, command: Command) -> bytes:
    """Tag 91 for the last ARQC of this session, one attempt."""
    session = card.within(Kind.TERMINAL)
    demand(len(command.data) == cryptogram.AUTHENTICATION_DATA, Status.LENGTH)
    if session.arqc is None:
        raise Refused(Status.NOT_IN_THIS_STATE)
    (atc, arqc), session.arqc = session.arqc, None
    if not cryptogram.arpc_is_good(card.state.keys[keys.CRYPTOGRAM], atc, arqc, command.data):
        card.commit(arpc_failed=True, online_open=False)
        raise Refused(Status.NOT_PROVED)
    card.commit(arpc_failed=False, online_open=False, ever_online=True, offline_count=0)
    return b""


def pin_block(pin: str) -> bytes:
    """EMV format 2 (ISO 9564-1 format 2 in the clear): 2, length, digits, F."""
    return bytes.fromhex(f"2{len(pin):x}{pin}".ljust(2 * PIN_BLOCK, "f"))


def is_pin_block(block: bytes) -> bool:
    """Whether it is one of some PIN."""
    text = block.hex()
    length = int(text[1], 16)
    return text[0] == "2" and length in keys.PIN_LENGTHS and text[2:2 + length].isdecimal() \
        and text[2 + length:] == "f" * (2 * PIN_BLOCK - 2 - length)


def _decide(card: Processor, session: Session, transaction: Transaction,
            asked: cryptogram.Kind) -> Results:
    state = card.state
    rules = Rules.parse(state.records[records.RULES - 1])
    often = 0 < rules.offline_in_a_row <= state.offline_count
    above = often or transaction.currency != rules.currency \
        or transaction.amount_minor > rules.offline_limit_minor
    pin_blocked = bool(state.pin) and state.pin_tries_left == 0
    verified = session.pin_tried and not session.pin_failed
    against = above or pin_blocked or (rules.pin_required and not verified)
    granted = cryptogram.Kind.AAC if asked is cryptogram.Kind.TC and against else asked
    return Results(
        kind=granted, pin_tried=session.pin_tried, pin_failed=session.pin_failed,
        online_not_completed=state.online_open, pin_blocked=pin_blocked, above_limit=above,
        never_online=not state.ever_online, arpc_failed=state.arpc_failed,
        offline_count=state.offline_count + (granted is cryptogram.Kind.TC))

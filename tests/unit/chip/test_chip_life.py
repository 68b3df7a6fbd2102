"""A card's life: blank, personalized, active, blocked; who may write what, and when."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from chip import issuer as issuing
from chip import keys
from chip.apdu import Command, Status
from chip.dialogue import Dialogue, PinStatus, demand_active
from chip.errors import BlockedCard, CardFault, InactiveCard, TerminalRefused
from chip.memory import LifeCycle, Volatile
from chip.reader import InProcessReader
from chip.records import Rules
from chip.virtual import Card
from tests.support.cards import CONTENTS, PIN, SERIAL, TODAY, Issuer, certificate_of

READ = [Command(0x00, 0xB2, number, 0x0C, le=256) for number in (1, 2, 3)]


def life_cycle(reader: InProcessReader) -> LifeCycle:
    """As anybody may ask."""
    reader.connect()
    return Dialogue(reader).select().life_cycle


def test_from_blank_to_active(issuer: Issuer) -> None:
    reader = InProcessReader(issuer.blank())
    assert life_cycle(reader) is LifeCycle.BLANK
    with pytest.raises(InactiveCard):
        demand_active(Dialogue(reader).select())
    factory = issuer.factory_session(reader)
    assert life_cycle(reader) is LifeCycle.BLANK
    factory = issuer.factory_session(reader)
    assert factory.exchange(issuing.put_today(TODAY)).sw == Status.DONE
    assert life_cycle(reader) is LifeCycle.PERSONALIZING
    issuer.personalize(reader)
    assert life_cycle(reader) is LifeCycle.ACTIVE
    assert issuer.terminal_session(reader).contents() == CONTENTS
    assert issuer.issuer_session(reader).contents() == CONTENTS


def test_a_personalization_may_be_begun_again_after_any_command(issuer: Issuer) -> None:
    card = issuer.blank()
    reader = InProcessReader(card)
    count = len(issuer.personalization(SERIAL, CONTENTS, PIN, bytes(65)))
    for cut in range(count):
        session = issuer.factory_session(reader)
        point = issuing.public_key(session.exchange(issuing.GENERATE_KEY_PAIR).data)
        for command in issuer.personalization(SERIAL, CONTENTS, PIN, point)[:cut]:
            assert session.exchange(command).sw == Status.DONE
        reader.disconnect()
        assert life_cycle(reader) is LifeCycle.PERSONALIZING
    issuer.personalize(reader)
    assert issuer.terminal_session(reader).verify_pin(PIN).status is PinStatus.VERIFIED


@pytest.mark.parametrize("missing", range(11))
def test_what_is_not_complete_is_not_activated(issuer: Issuer, missing: int) -> None:
    session = issuer.factory_session(InProcessReader(issuer.blank()))
    point = issuing.public_key(session.exchange(issuing.GENERATE_KEY_PAIR).data)
    commands = issuer.personalization(SERIAL, CONTENTS, PIN, point)
    optional = commands[missing] == issuing.put_pin_tries(3)
    del commands[missing]
    answers = [session.exchange(command).sw for command in commands]
    assert (answers[-1] == Status.DONE) == optional
    assert optional or answers[-1] == Status.NOT_IN_THIS_STATE


def test_without_a_pin_where_none_is_required(issuer: Issuer) -> None:
    contents = msgspec.structs.replace(CONTENTS, rules=Rules())
    reader = InProcessReader(issuer.blank())
    session = issuer.factory_session(reader)
    point = issuing.public_key(session.exchange(issuing.GENERATE_KEY_PAIR).data)
    for command in issuer.personalization(SERIAL, contents, PIN, point):
        if command.ins != 0x24:
            assert session.exchange(command).sw == Status.DONE
    with pytest.raises(CardFault, match="6984"):
        issuer.terminal_session(reader).verify_pin(PIN)


def test_the_factory_is_locked_out_of_an_active_card(issuer: Issuer,
                                                     reader: InProcessReader) -> None:
    with pytest.raises(CardFault, match="6985"):
        issuer.factory_session(reader)
    with pytest.raises(CardFault, match="6985"):
        issuer.issuer_session(InProcessReader(issuer.blank()))


def test_the_transport_keys_are_gone_after_activation(issuer: Issuer) -> None:
    memory = Volatile()
    issuer.issued(memory=memory)
    state = memory.load()
    assert set(state.keys) == set(keys.LOADED)
    assert state.loading_keys == {}


def test_a_wrong_master_opens_nothing(issuer: Issuer, reader: InProcessReader) -> None:
    with pytest.raises(CardFault, match="6300"):
        Issuer().issuer_session(reader)
    with pytest.raises(CardFault, match="6300"):
        Issuer().factory_session(InProcessReader(issuer.blank()))


def test_a_challenge_is_good_once(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.issuer_session(reader)
    key = keys.diversified(issuer.auth, keys.AUTHENTICATION, SERIAL)
    session.select()
    challenge = session.exchange(issuing.GET_CHALLENGE).data
    wrong = issuing.authenticate(keys.AUTHENTICATION, bytes(16), bytes(16))
    assert session.exchange(wrong).sw == Status.NOT_PROVED
    right = issuing.authenticate(keys.AUTHENTICATION, bytes(16), keys.terminal_proof(
        key, challenge, bytes(16), SERIAL))
    assert session.exchange(right).sw == Status.NOT_IN_THIS_STATE


@pytest.mark.parametrize("command", [
    issuing.write_records(CONTENTS)[0], issuing.write_records(CONTENTS)[1],
    issuing.GENERATE_KEY_PAIR, issuing.put_pin_tries(15), issuing.ACTIVATE,
    issuing.put_key(keys.CRYPTOGRAM, 1, bytes(21))])
def test_personal_data_and_keys_are_locked(issuer: Issuer, reader: InProcessReader,
                                           command: Command) -> None:
    session = issuer.issuer_session(reader)
    assert session.exchange(command).sw == Status.NOT_ENTITLED
    assert session.contents() == CONTENTS


@pytest.mark.parametrize("command", [
    *issuing.write_records(CONTENTS), issuing.GENERATE_KEY_PAIR, issuing.BLOCK,
    issuing.put_today(TODAY), issuing.unblock(), issuing.unblock(bytes(16)),
    issuing.load_pin(bytes(16)), issuing.put_issuer_key(9, bytes(65)), issuing.ACTIVATE])
def test_a_terminal_writes_nothing(issuer: Issuer, reader: InProcessReader,
                                   command: Command) -> None:
    assert issuer.terminal_session(reader).exchange(command).sw == Status.NOT_ENTITLED


@pytest.mark.parametrize("command", [*READ, issuing.BLOCK, *issuing.write_records(CONTENTS),
                                     Command(0x80, 0xAE, 0x80, 0, bytes(29), 256)])
def test_nobody_reads_or_writes_without_a_session(reader: InProcessReader,
                                                  command: Command) -> None:
    reader.connect()
    dialogue = Dialogue(reader)
    dialogue.select()
    assert dialogue.exchange(command).sw == Status.NOT_ENTITLED


def test_the_issuer_updates_the_limit(issuer: Issuer, reader: InProcessReader) -> None:
    rules = msgspec.structs.replace(CONTENTS.rules, offline_limit_minor=20000)
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.write_rules(rules)).sw == Status.DONE
    assert session.exchange(Command(0x00, 0xDC, 3, 0x0C, b"\x70\x00")).sw == Status.DATA
    assert issuer.terminal_session(reader).contents().rules == rules


def test_the_issuer_unblocks_a_pin(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.terminal_session(reader)
    for _ in range(3):
        session.verify_pin("0000")
    assert session.verify_pin(PIN).status is PinStatus.BLOCKED
    assert issuer.issuer_session(reader).exchange(issuing.unblock()).sw == Status.DONE
    assert issuer.terminal_session(reader).verify_pin(PIN).status is PinStatus.VERIFIED
    block = issuer.pin_block(SERIAL, CONTENTS.identity.pan, "98765")
    assert issuer.issuer_session(reader).exchange(issuing.unblock(block)).sw == Status.DONE
    session = issuer.terminal_session(reader)
    assert session.verify_pin(PIN).tries_left == 2
    assert session.verify_pin("98765").status is PinStatus.VERIFIED
    other = issuer.pin_block(SERIAL, "7013370000000000025", "1111")
    assert issuer.issuer_session(reader).exchange(issuing.load_pin(other)).sw == Status.DATA


def test_blocked_is_for_ever(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.BLOCK).sw == Status.DONE
    reader.connect()
    dialogue = Dialogue(reader)
    with pytest.raises(BlockedCard):
        demand_active(dialogue.select())
    assert reader.transmit(issuing.SELECT.encode())[1] == Status.BLOCKED_FILE
    with pytest.raises(CardFault, match="6985"):
        issuer.issuer_session(reader)
    with pytest.raises(TerminalRefused):
        issuer.terminal_session(reader)


def test_issuer_keys_come_and_go(issuer: Issuer, card: Card, reader: InProcessReader) -> None:
    later = Issuer(2)
    session = issuer.issuer_session(reader)
    put = issuing.put_issuer_key(2, later.signer.point)
    assert session.exchange(put).sw == Status.DONE
    assert _terminal_of(issuer, later, reader).contents() == CONTENTS
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.remove_issuer_key(1)).sw == Status.NOT_IN_THIS_STATE
    renewed = issuing.card_certificate(later.signer, SERIAL, certificate_of(card).public_key,
                                       TODAY, date(2032, 1, 31))
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.put_certificate(renewed)).sw == Status.DONE
    assert session.exchange(issuing.remove_issuer_key(1)).sw == Status.DONE
    assert session.exchange(issuing.remove_issuer_key(1)).sw == Status.NO_DATA
    with pytest.raises(Exception, match="of another issuer"):
        issuer.terminal_session(reader)
    later.terminal_session(reader)


def _terminal_of(trusted: Issuer, certified: Issuer, reader: InProcessReader) -> Dialogue:
    reader.connect()
    dialogue = Dialogue(reader)
    dialogue.select()
    dialogue.authenticate_terminal(certified.terminal(), trusted.trusted, TODAY)
    return dialogue


@pytest.mark.parametrize("what", ["key", "serial", "issuer", "role"])
def test_a_wrong_certificate_is_not_loaded(issuer: Issuer, reader: InProcessReader, card: Card,
                                           what: str) -> None:
    own = certificate_of(card)
    other = Issuer(1)
    certificate = {
        "key": issuing.card_certificate(issuer.signer, SERIAL, other.signer.point, TODAY, TODAY),
        "serial": issuing.card_certificate(issuer.signer, bytes(8), own.public_key, TODAY, TODAY),
        "issuer": issuing.card_certificate(other.signer, SERIAL, own.public_key, TODAY, TODAY),
        "role": issuing.terminal_certificate(issuer.signer, "T1", own.public_key, TODAY, TODAY),
    }[what]
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.put_certificate(certificate)).sw == Status.DATA


def test_the_card_s_date_goes_forward_only(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.issuer_session(reader)
    assert session.exchange(issuing.put_today(date(2026, 7, 28))).sw == Status.DATA
    assert session.exchange(issuing.put_today(date(2026, 8, 1))).sw == Status.DONE
    old = issuer.terminal(valid_until=date(2026, 7, 31))
    with pytest.raises(TerminalRefused, match="6984"):
        issuer.terminal_session(reader, old)
    # The first day of a terminal's certificate is a date that the issuer has signed.
    issuer.terminal_session(reader, issuer.terminal(valid_from=date(2026, 9, 1)))
    with pytest.raises(TerminalRefused, match="6984"):
        issuer.terminal_session(reader, issuer.terminal(valid_until=date(2026, 8, 31)))

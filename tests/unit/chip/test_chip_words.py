"""Status words: every command gets one, whatever its bytes are, and the card stays whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import issuer as issuing
from chip.apdu import Command, Status
from chip.commands import COMMANDS
from chip.dialogue import Dialogue
from chip.errors import CardProblem
from chip.memory import Volatile
from chip.reader import InProcessReader
from chip.virtual import Card
from tests.support.cards import CONTENTS, Issuer

WORDS = {int(status) for status in Status} | set(range(0x63C0, 0x63D0))
INSTRUCTIONS = sorted({ins for _, ins in COMMANDS})
commands = st.builds(
    Command, st.sampled_from([0x00, 0x80]), st.sampled_from(INSTRUCTIONS),
    st.sampled_from([0, 1, 2, 3, 4, 0x40, 0x80, 0x9F, 0xDF, 0x7F]) | st.integers(0, 255),
    st.sampled_from([0, 0x0C, 0x10, 0x20, 0x21, 0x30, 0x40, 0x50, 0x80, 0xBE, 0x06, 0x07, 0x08])
    | st.integers(0, 255),
    st.binary(max_size=192) | st.binary(min_size=8, max_size=8) | st.binary(min_size=16,
                                                                            max_size=16)
    | st.sampled_from([*CONTENTS.encode(), bytes(29), bytes(21), bytes.fromhex("244711FFFFFFFFFF")]
                      ), st.none() | st.integers(1, 256))
_ISSUER = Issuer()
_ACTIVE_MEMORY, _BLANK_MEMORY = Volatile(), Volatile()
_ACTIVE = _ISSUER.issued(memory=_ACTIVE_MEMORY)
_ISSUER.blank(memory=_BLANK_MEMORY)


@pytest.mark.parametrize(("apdu", "sw"), [
    ("", 0x6700), ("00A404", 0x6700), ("00A4040008F046", 0x6700),
    ("00A40400000007F0464C45", 0x6700),
    ("FFCA000000", 0x6E00), ("10A40400", 0x6E00), ("00CADF0100", 0x6E00), ("80840000", 0x6E00),
    ("04A40400", 0x6E00), ("00C0000000", 0x6D00), ("80FF0000", 0x6D00), ("00FF0000", 0x6D00),
    ("00A4040007F0464C45455402", 0x6A82), ("00A4040005A000000003", 0x6A82),
    ("00A4000002 3F00", 0x6A86), ("00A40400", 0x6700), ("80CADF0100", 0x6985),
    ("0084000010", 0x6985)])
def test_before_the_application_is_selected(reader: InProcessReader, apdu: str, sw: int) -> None:
    reader.connect()
    assert reader.transmit(bytes.fromhex(apdu)) == (b"", sw)


@pytest.mark.parametrize(("apdu", "sw"), [
    ("0084000110", 0x6A86), ("0084000008", 0x6700), ("008400000101", 0x6700),
    ("80CA9F3600", 0x6A88), ("80CADF0101FF00", 0x6700), ("0082001010" + 32 * "0", 0x6700),
    ("0082002020" + 64 * "0" + "00", 0x6985), ("0082003020" + 64 * "0" + "00", 0x6A86),
    ("0082012020" + 64 * "0" + "00", 0x6A86), ("008200000A" + 20 * "0", 0x6982),
    ("0082005091" + 290 * "0" + "00", 0x6985), ("008200500100", 0x6700),
    ("002A00BE0100", 0x6A80), ("002A00AE0100", 0x6A86), ("002A00BE", 0x6700),
    ("00B2010C00", 0x6982), ("0020008008244711FFFFFFFFFF", 0x6982), ("0CB2010C00", 0x6982)])
def test_before_anybody_proved_anything(reader: InProcessReader, apdu: str, sw: int) -> None:
    reader.connect()
    Dialogue(reader).select()
    assert reader.transmit(bytes.fromhex(apdu)) == (b"", sw)


@pytest.mark.parametrize(("apdu", "sw"), [
    ("00B2000C00", 0x6A83), ("00B2040C00", 0x6A83), ("00B2011400", 0x6A86),
    ("00B2010C01FF", 0x6700),
    ("0020008108244711FFFFFFFFFF", 0x6A86), ("80AE20001D" + 58 * "0" + "00", 0x6A86),
    ("80AE80011D" + 58 * "0" + "00", 0x6A86), ("80AE80001C" + 56 * "0" + "00", 0x6700),
    ("80AE80001D" + 58 * "F" + "00", 0x6A80), ("008200000A" + 20 * "0", 0x6985),
    ("0082000009" + 18 * "0", 0x6700), ("0082005091" + 290 * "0" + "00", 0x6985)])
def test_in_a_terminals_session(issuer: Issuer, reader: InProcessReader, apdu: str,
                                sw: int) -> None:
    session = issuer.terminal_session(reader)
    assert session.exchange(Command.parse(bytes.fromhex(apdu))).sw == sw
    assert session.contents() == CONTENTS


@pytest.mark.parametrize(("apdu", "sw"), [
    ("00DC030C", 0x6700), ("00DC040C01FF", 0x6A83), ("00DC030001FF", 0x6A86),
    ("00DADF0101FF", 0x6A88), ("00DADF0701FF", 0x6700), ("00DADF0703FFFFFF", 0x6A80),
    ("00DADF0601FF", 0x6700), ("00DADF06020099", 0x6A88), ("00DADF0643" + 134 * "0", 0x6A80),
    ("00DA7F2101FF", 0x6A80), ("0024008010" + 32 * "0", 0x6A86), ("0024018001FF", 0x6700),
    ("0024018010" + 32 * "0", 0x6A80), ("002C0080", 0x6A86), ("002C038001FF", 0x6700),
    ("801E0001", 0x6A86), ("801E000001FF", 0x6700)])
def test_in_an_issuers_session(issuer: Issuer, reader: InProcessReader, apdu: str,
                               sw: int) -> None:
    session = issuer.issuer_session(reader)
    assert session.exchange(Command.parse(bytes.fromhex(apdu))).sw == sw
    assert session.contents() == CONTENTS


@pytest.mark.parametrize(("apdu", "sw"), [
    ("80D8014015" + 42 * "0" + "00", 0x6A80), ("80D8014001FF", 0x6700),
    ("80D8001015" + 42 * "0", 0x6A86), ("80D8004015" + 42 * "0", 0x6A86),
    ("00DADF080100", 0x6A80), ("00DADF080110", 0x6A80), ("00DA7F2101FF", 0x6985),
    ("0024018010" + 32 * "0", 0x6985), ("00B2010C00", 0x6A83), ("0046000100", 0x6A86)])
def test_in_a_factory_session(issuer: Issuer, apdu: str, sw: int) -> None:
    session = issuer.factory_session(InProcessReader(issuer.blank()))
    assert session.exchange(Command.parse(bytes.fromhex(apdu))).sw == sw


def test_a_fifth_issuer_key_does_not_fit(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.issuer_session(reader)
    words = [session.exchange(issuing.put_issuer_key(number, issuer.signer.point)).sw
             for number in range(2, 6)]
    assert words == [Status.DONE] * 3 + [Status.NOT_IN_THIS_STATE]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.binary(max_size=262) | commands.map(Command.encode), max_size=8))
def test_no_bytes_break_the_card(apdus: list[bytes]) -> None:
    reader = InProcessReader(_ACTIVE)
    reader.connect()
    Dialogue(reader).select()
    for apdu in apdus:
        data, sw = reader.transmit(apdu)
        assert sw in WORDS
        assert not data or sw in (Status.DONE, Status.BLOCKED_FILE)
    reader.disconnect()
    _ISSUER.terminal_session(reader)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["terminal", "issuer", "factory"]), st.lists(commands, max_size=8))
def test_no_command_in_a_session_breaks_the_card(kind: str, some: list[Command]) -> None:
    memory = Volatile(_ACTIVE_MEMORY.load() if kind != "factory" else _BLANK_MEMORY.load())
    reader = InProcessReader(Card(memory))
    session = {"terminal": _ISSUER.terminal_session, "issuer": _ISSUER.issuer_session,
               "factory": _ISSUER.factory_session}[kind](reader)
    for command in some:
        try:
            assert session.exchange(command).sw in WORDS
        except CardProblem:
            break  # SELECT ended the session
    reader.connect()
    assert Dialogue(reader).select().serial == memory.load().serial

"""Secure messaging: nothing can be read, changed, repeated or left out."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from chip import keys, secure, tlv
from chip.apdu import Command, Response, Status
from chip.dialogue import Dialogue
from chip.errors import CardFault
from chip.reader import InProcessReader
from chip.secure import (
    CardChannel,
    Channel,
    Decipher,
    Encipher,
    Mac,
    SecureError,
    SessionKeys,
    Work,
)
from chip.virtual import Card
from tests.support.cards import Issuer

Result = TypeVar("Result")
KEYS = SessionKeys(bytes(range(16)), bytes(range(16, 32)))
COMMAND = Command(0x00, 0xDC, 3, 0x0C, b"seventeen bytes..", 256)


@given(st.lists(st.tuples(st.binary(max_size=192), st.none() | st.integers(1, 256),
                          st.binary(max_size=192), st.sampled_from([0x9000, 0x63C2, 0x6A80])),
                max_size=6))
def test_both_ends_understand_each_other(
        turns: list[tuple[bytes, int | None, bytes, int]]) -> None:
    outer, card = Channel(), CardChannel(KEYS)
    for data, le, answer, sw in turns:
        command = Command(0x80, 0xDA, 1, 2, data, le)
        travelling = secure.run(outer.protect(command), KEYS)
        assert len(travelling.encode()) <= 261
        assert card.reveal(Command.parse(travelling.encode())) == command
        protected = card.protect(Response(answer, sw))
        assert secure.run(outer.reveal(protected), KEYS) == Response(answer, sw)


def test_it_is_laid_out_as_the_specification_says() -> None:
    """docs/chip-card.md, with the initial value written out instead of chained."""
    ssc = (1).to_bytes(16, "big")
    start = Cipher(algorithms.AES(KEYS.enc), modes.ECB()).encryptor().update(ssc)
    plain = COMMAND.data + b"\x80" + bytes(14)
    data = Cipher(algorithms.AES(KEYS.enc), modes.CBC(start)).encryptor().update(plain)
    objects = b"\x87\x21\x01" + data + b"\x97\x01\x00"
    header = bytes.fromhex("0CDC030C") + b"\x80" + bytes(11)
    body = objects + b"\x80" + bytes(-(len(objects) + 1) % 16)
    mac = keys.cmac(KEYS.mac, ssc + header + body)[:8]
    expected = bytes.fromhex("0CDC030C") + bytes([len(objects) + 10]) + objects + b"\x8e\x08" \
        + mac + b"\x00"
    assert secure.run(Channel().protect(COMMAND), KEYS).encode() == expected


def test_an_hsm_can_do_it_one_step_at_a_time() -> None:
    """What is asked of the keys is: encipher, decipher, MAC."""
    channel = Channel()
    command, asked = _step_by_step(channel.protect(COMMAND))
    card = CardChannel(KEYS)
    assert card.reveal(command) == COMMAND
    assert asked == [Encipher, Mac]
    response, asked = _step_by_step(channel.reveal(card.protect(Response(b"x", Status.DONE))))
    assert response == Response(b"x", Status.DONE)
    assert asked == [Mac, Encipher, Decipher]  # the MAC before anything is read


def _step_by_step(steps: Generator[Work, bytes, Result]) -> tuple[Result, list[type[Work]]]:
    asked = []
    try:
        work = next(steps)
        while True:
            asked.append(type(work))
            work = steps.send(KEYS.do(work))
    except StopIteration as done:
        return done.value, asked


def test_every_changed_byte_of_a_command_is_seen() -> None:
    raw = secure.run(Channel().protect(COMMAND), KEYS).encode()
    for at in range(len(raw) - 1):  # the outer Le is not protected, and not used
        changed = raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1:]
        try:
            command = Command.parse(changed)
        except ValueError:
            continue
        with pytest.raises(SecureError):
            CardChannel(KEYS).reveal(command)


def test_every_changed_byte_of_a_response_is_seen() -> None:
    card = CardChannel(KEYS)
    card.reveal(secure.run(Channel().protect(COMMAND), KEYS))
    good = card.protect(Response(b"some data", Status.DONE))
    for at in range(len(good.data)):
        changed = good.data[:at] + bytes([good.data[at] ^ 0x01]) + good.data[at + 1:]
        outer = Channel()
        secure.run(outer.protect(COMMAND), KEYS)
        with pytest.raises(SecureError):
            secure.run(outer.reveal(Response(changed, Status.DONE)), KEYS)


@pytest.mark.parametrize("data", [
    b"", b"\x8e\x08" + bytes(8), b"\x97\x01\x00",
    b"\x97\x01\x00\x97\x01\x00\x8e\x08" + bytes(8), b"\x8e\x08" + bytes(8) + b"\x97\x01\x00",
    b"\x85\x01\x00\x8e\x08" + bytes(8), b"\x87"])
def test_another_structure_is_refused(data: bytes) -> None:
    with pytest.raises(SecureError):
        CardChannel(KEYS).reveal(Command(0x0C, 0xB2, 1, 0x0C, data, 256))


class _Tap(InProcessReader):
    """A reader on whose line somebody listens."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.commands: list[bytes] = []
        self.answers: list[bytes] = []

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Written down."""
        data, sw = super().transmit(apdu)
        self.commands.append(apdu)
        self.answers.append(data)
        return data, sw


class TestOnTheCard:
    """The same, seen from a reader."""

    def test_a_replay_is_refused_and_ends_the_session(self, issuer: Issuer, card: Card) -> None:
        tap = _Tap(card)
        session = issuer.terminal_session(tap)
        assert session.contents().identity.psn == "01"
        assert tap.transmit(tap.commands[-1]) == (b"", Status.SECURE_WRONG)
        with pytest.raises(CardFault, match="6982"):
            session.contents()

    def test_an_old_session_is_of_no_use(self, issuer: Issuer, reader: InProcessReader) -> None:
        first = issuer.terminal_session(reader)
        issuer.terminal_session(reader)
        with pytest.raises(CardFault, match="6988"):
            first.contents()

    def test_nothing_on_the_line_names_anybody(self, issuer: Issuer, card: Card) -> None:
        tap = _Tap(card)
        session = issuer.terminal_session(tap)
        contents = session.contents()
        session.verify_pin("4711")
        heard = b"".join(tap.commands + tap.answers)
        for record in contents.encode():
            for _, value in tlv.parse(tlv.only(record, 0x70)):
                assert len(value) < 4 or value not in heard
        assert bytes.fromhex("244711") not in heard

    def test_a_command_without_protection_does_not_end_the_session(
            self, issuer: Issuer, reader: InProcessReader) -> None:
        session = issuer.terminal_session(reader)
        plain = Command(0x00, 0xB2, 1, 0x0C, le=256)
        assert reader.transmit(plain.encode()) == (b"", Status.NOT_ENTITLED)
        assert session.contents().identity.psn == "01"

    def test_protection_without_a_session(self, reader: InProcessReader) -> None:
        reader.connect()
        Dialogue(reader).select()
        assert reader.transmit(bytes.fromhex("0CB2010C00")) == (b"", Status.NOT_ENTITLED)

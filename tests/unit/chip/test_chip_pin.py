"""The PIN: what is counted, when, and that no loss of power gives a free try."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from chip.apdu import Command, Status
from chip.dialogue import Dialogue, PinOutcome, PinStatus
from chip.errors import CardPulled
from chip.memory import State, Volatile
from chip.reader import VERIFY, Entry, InProcessReader, PinPrompt
from tests.support.cards import PIN, Issuer

WRONG = "0000"


class PowerCut(Exception):
    """The power fails."""


class CutMemory(Volatile):
    """Loses power at the n-th write from now, before it or right after it."""

    left = -1
    after = False
    written = 0

    def save(self, state: State) -> None:
        """As the name says."""
        self.written += 1
        self.left -= 1
        if self.left == 0 and not self.after:
            raise PowerCut
        super().save(state)
        if self.left == 0:
            raise PowerCut

    def cut(self, write: int, *, after: bool) -> None:
        """Arm it."""
        self.left, self.after = write, after


def test_right_and_wrong(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.terminal_session(reader)
    assert session.verify_pin(WRONG) == PinOutcome(PinStatus.WRONG, 2)
    assert session.tries_left() == 2
    assert session.verify_pin(PIN) == PinOutcome(PinStatus.VERIFIED)
    assert session.tries_left() == 3
    assert [session.verify_pin(WRONG).tries_left for _ in range(4)] == [2, 1, 0, 0]
    assert session.verify_pin(PIN) == PinOutcome(PinStatus.BLOCKED, 0)
    assert session.exchange(Command(0x00, 0x20, 0, 0x80)).sw == Status.PIN_BLOCKED


def test_asking_counts_nothing(issuer: Issuer, reader: InProcessReader) -> None:
    session = issuer.terminal_session(reader)
    for _ in range(5):
        assert session.exchange(Command(0x00, 0x20, 0, 0x80)).sw == Status.TRIES + 3
        assert session.exchange(Command(0x00, 0x20, 0, 0x80, bytes(8))).sw == Status.DATA
        assert session.exchange(Command(0x00, 0x20, 0, 0x80, bytes(7))).sw == Status.LENGTH
        assert session.verify_pin("123") == PinOutcome(PinStatus.LENGTH)
    assert session.tries_left() == 3


def test_nobody_uses_up_tries_without_a_certificate(reader: InProcessReader) -> None:
    reader.connect()
    dialogue = Dialogue(reader)
    dialogue.select()
    assert reader.transmit(VERIFY[:5] + bytes.fromhex("240000FFFFFFFFFF"))[1] \
        == Status.NOT_ENTITLED
    assert dialogue.tries_left() == 3


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("write", [1, 2])
def test_the_counter_survives_a_power_cut_at_every_write(
        issuer: Issuer, right: bool, after: bool, write: int) -> None:
    memory = CutMemory()
    reader = InProcessReader(issuer.issued(memory=memory))
    session = issuer.terminal_session(reader)
    memory.cut(write, after=after)
    cut = False
    try:
        session.verify_pin(PIN if right else WRONG)
    except PowerCut:
        cut = True
    assert cut == (right or write == 1)
    left = issuer.terminal_session(reader).tries_left()
    if right:
        assert left == {(1, False): 3, (1, True): 2, (2, False): 2, (2, True): 3}[write, after]
    else:
        assert left == {(1, False): 3}.get((write, after), 2)


def test_pulling_the_card_gives_no_free_try(issuer: Issuer) -> None:
    """Power cut wherever the card would tell right from wrong: three guesses and no more."""
    memory = CutMemory()
    reader = InProcessReader(issuer.issued(memory=memory))
    compared = 0
    for guess in itertools.islice(itertools.cycle([WRONG, "1111", PIN]), 20):
        session = issuer.terminal_session(reader)
        memory.cut(2, after=False)  # a right PIN would write a second time
        before = memory.written
        with contextlib.suppress(PowerCut):
            session.verify_pin(guess)
        compared += memory.written > before
        reader.disconnect()
    assert compared == 3
    assert issuer.terminal_session(reader).verify_pin(PIN).status is PinStatus.BLOCKED


@pytest.mark.parametrize(("keyed", "outcome"), [
    (PIN, PinOutcome(PinStatus.VERIFIED)), (WRONG, PinOutcome(PinStatus.WRONG, 2)),
    (Entry.TIMEOUT, PinOutcome(PinStatus.TIMEOUT)), (Entry.CANCELLED,
                                                     PinOutcome(PinStatus.CANCELLED)),
    ("123", PinOutcome(PinStatus.LENGTH))])
def test_at_the_reader_s_own_pad(issuer: Issuer, keyed: str | Entry, outcome: PinOutcome) -> None:
    reader = InProcessReader(issuer.issued(), pad=lambda _: keyed)
    session = issuer.terminal_session(reader)
    assert reader.has_pin_pad
    assert session.verify_pin_direct(PinPrompt()) == outcome
    assert session.contents().identity.psn == "01"  # the session goes on


def test_pulled_out_while_the_pin_is_asked(issuer: Issuer) -> None:
    reader = InProcessReader(issuer.issued(), pad=lambda _: (reader.remove(), PIN)[1])
    session = issuer.terminal_session(reader)
    with pytest.raises(CardPulled):
        session.verify_pin_direct(PinPrompt())

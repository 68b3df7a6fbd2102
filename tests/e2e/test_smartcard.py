"""A POS and a card through PC/SC: a real pcscd, real pyscard, a virtual reader behind them.

What is held: the card works as in process, and a PIN taken at the reader never comes to the POS.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chip import tlv
from chip.dialogue import PinOutcome, PinStatus
from chip.errors import CardPulled, NoCard, NoReader, WrongCard
from chip.memory import Volatile
from chip.pcsc import PcscReader, names
from chip.reader import Entry, PinPrompt
from chip.virtual import Card
from terminals.card_reader import CardReader, Visit
from terminals.purchase import Card as PurchaseCard
from terminals.purchase import Sale
from tests.support import smartcard
from tests.support.cards import CONTENTS, PIN, Issuer

pytestmark = pytest.mark.skipif(bool(smartcard.missing()), reason=smartcard.missing())

NOW = datetime(2026, 7, 29, 10, 15, tzinfo=UTC)
SALE = Sale(PurchaseCard("", ""), 4135)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    """One for all."""
    return Issuer()


@pytest.fixture(scope="module")
def slot() -> Iterator[smartcard.VirtualReader]:
    """pcscd and the slot, once."""
    with smartcard.running_reader() as reader:
        yield reader


@pytest.fixture
def reader(slot: smartcard.VirtualReader, issuer: Issuer) -> Iterator[PcscReader]:
    """The POS's side, a fresh card in the slot."""
    slot.keyed.clear()
    slot.pull_after = -1
    slot.pin_pad = True
    slot.insert(issuer.issued())
    reader = PcscReader(smartcard.NAME)
    _until_there(reader)
    yield reader
    reader.disconnect()


def _until_there(reader: PcscReader) -> None:
    """pcscd looks at the slot a few times a second."""
    deadline = time.monotonic() + 5
    while True:
        try:
            reader.connect()
            return
        except (NoCard, NoReader):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _until_gone(reader: PcscReader) -> None:
    deadline = time.monotonic() + 5
    while True:
        try:
            reader.connect()
        except NoCard:
            return
        reader.disconnect()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def pos(issuer: Issuer, reader: PcscReader) -> CardReader:
    """A terminal of this issuer."""
    return CardReader(reader, issuer.terminal(), issuer.trusted, now=lambda: NOW)


def test_a_sale_through_pcsc(issuer: Issuer, reader: PcscReader) -> None:
    assert any(smartcard.NAME in name for name in names())
    with pos(issuer, reader).visit() as visit:
        assert visit.contents == CONTENTS
        assert visit.pin_at_pad(PIN).status is PinStatus.VERIFIED
        sold = visit.sell_online(SALE, NOW)
        assert sold.pin_verified
        assert dict(tlv.parse(sold.field55))[0x9F27] == b"\x80"
        visit.pin_at_pad(PIN)
        assert visit.sell_offline(SALE, NOW).approved_offline


def test_the_pin_is_taken_by_the_reader(
        issuer: Issuer, reader: PcscReader, slot: smartcard.VirtualReader,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Every outcome; and none of the bytes that the POS sent or got has the PIN."""
    slot.keyed += [Entry.CANCELLED, Entry.TIMEOUT, "123", "0000", PIN]
    heard: list[bytes] = []
    send = PcscReader.transmit

    def listening(self: PcscReader, apdu: bytes) -> tuple[bytes, int]:
        data, sw = send(self, apdu)
        heard.extend((apdu, data))
        return data, sw
    monkeypatch.setattr(PcscReader, "transmit", listening)
    with pos(issuer, reader).visit() as visit:
        assert visit.reader_takes_pin
        assert [visit.pin_at_reader() for _ in range(5)] == [
            PinOutcome(PinStatus.CANCELLED), PinOutcome(PinStatus.TIMEOUT),
            PinOutcome(PinStatus.LENGTH), PinOutcome(PinStatus.WRONG, 2),
            PinOutcome(PinStatus.VERIFIED)]
        sold = visit.sell_online(SALE, NOW)
        assert sold.pin_verified
        assert dict(tlv.parse(sold.field55))[0x9F34] == bytes.fromhex("010002")
    assert len(heard) > 20
    assert not any(apdu[1] == 0x20 for apdu in heard[::2])
    assert bytes.fromhex("244711FFFFFFFFFF") not in b"".join(heard)


def test_until_the_pin_is_blocked(issuer: Issuer, reader: PcscReader,
                                  slot: smartcard.VirtualReader) -> None:
    slot.keyed += ["000000", "0000", "111111111111", PIN]
    with pos(issuer, reader).visit() as visit:
        outcomes = [visit.pin_at_reader(PinPrompt(timeout_s=5)) for _ in range(4)]
        assert outcomes == [
            PinOutcome(PinStatus.WRONG, 2), PinOutcome(PinStatus.WRONG, 1),
            PinOutcome(PinStatus.BLOCKED, 0), PinOutcome(PinStatus.BLOCKED, 0)]


def test_a_reader_without_a_pad(issuer: Issuer, reader: PcscReader,
                                slot: smartcard.VirtualReader) -> None:
    slot.pin_pad = False
    with pos(issuer, reader).visit() as visit:
        assert not visit.reader_takes_pin
        assert visit.pin_at_pad(PIN).status is PinStatus.VERIFIED


@pytest.mark.parametrize("commands", [1, 6, 11])
def test_pulled_out_in_the_middle(issuer: Issuer, reader: PcscReader,
                                  slot: smartcard.VirtualReader, commands: int) -> None:
    slot.pull_after = commands
    with pytest.raises(CardPulled, match="pulled out too early"), \
            pos(issuer, reader).visit() as visit:
        _sell(visit)
    slot.insert(issuer.issued())
    _until_there(reader)
    with pos(issuer, reader).visit() as visit:
        _sell(visit)


def _sell(visit: Visit) -> None:
    visit.pin_at_pad(PIN)
    assert visit.sell_online(SALE, NOW).pin_verified


def test_pulled_out_at_the_pad(issuer: Issuer, reader: PcscReader,
                               slot: smartcard.VirtualReader) -> None:
    slot.keyed.append(PIN)
    with pos(issuer, reader).visit() as visit:
        slot.pull_after = 1
        with pytest.raises(CardPulled):
            visit.pin_at_reader()


def test_no_card_and_no_reader(issuer: Issuer, reader: PcscReader,
                               slot: smartcard.VirtualReader) -> None:
    reader.disconnect()
    slot.remove()
    _until_gone(reader)
    with pytest.raises(NoCard), pos(issuer, reader).visit():
        pytest.fail("there is no card")
    with pytest.raises(NoReader, match="none is named"):
        PcscReader("a reader of another maker").connect()


def test_a_card_of_somebody_else(issuer: Issuer, reader: PcscReader,
                                 slot: smartcard.VirtualReader) -> None:
    class Bank(Card):
        """Knows nothing of ours."""

        def transmit(self, raw: bytes) -> bytes:
            """As a bank card answers."""
            return b"\x6a\x82"

    memory = Volatile()
    issuer.blank(memory=memory)
    reader.disconnect()
    slot.insert(Bank(memory))
    with pytest.raises(WrongCard), pos(issuer, reader).visit():
        pytest.fail("this card was let in")


def test_two_programs_do_not_share_a_card(reader: PcscReader) -> None:
    other = PcscReader(smartcard.NAME)
    with pytest.raises(NoReader, match=r"[Ss]haring"):
        other.connect()
    reader.disconnect()
    other.connect()
    other.disconnect()
    reader.connect()


def test_the_socket_is_only_ours(slot: smartcard.VirtualReader) -> None:
    name = slot._listener.getsockname()
    assert os.stat(name).st_mode & 0o777 == 0o600

"""An off-line sale has happened: what its chip said is looked at, flagged, and refuses nothing."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from authhost.keys import cryptogram_key
from authhost.set_aside import content_of
from authhost.station.parked import Parked
from chip.reader import InProcessReader
from chip.records import Contents, Identity
from iso import tlv
from terminals import layout
from terminals.card_reader import CardReader
from terminals.layout import repeat_of
from terminals.purchase import Card as HeldCard
from terminals.purchase import Item
from tests.e2e.workshop import PIN, Workshop, sale_of
from tests.support.cards import CONTENTS, Issuer
from tests.support.rig import running

AT = datetime(2026, 8, 3, 10, 11, 12, tzinfo=ZoneInfo("Europe/Vienna"))
TERMINAL = "PLAIN001"


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",)) as made:
        yield made


@pytest.fixture(scope="module")
def workshop(rig):
    shop = Workshop(rig)
    shop.terminal(TERMINAL)
    shop.issuer = Issuer()
    for program in ("CHIP", "BROKEN", "NOKEY"):
        rig.sql("INSERT INTO program (program_id, pin_required, scheme, chip_required)"
                " VALUES ($1, true, 'fleet', true)", program)
    shop.key("program/CHIP/mk_ac", "E0", "X", "A", value=shop.issuer.ac)
    shop.key("program/BROKEN/mk_ac", "M3", "G")  # an HSM makes no cryptogram with such a key
    return shop


@pytest.fixture
def pos(workshop):
    with workshop.pos(TERMINAL) as made:
        yield made


class ChipCard:
    """A card of the portfolio with its twin in plastic."""

    def __init__(self, rig, workshop, program="CHIP"):
        self.row = rig.card(expiry="3012")
        rig.sql("UPDATE card SET program_id = $2, psn = '01' WHERE card_id = $1",
                self.row.card_id, program)
        identity = Identity(pan=self.row.pan, expiry=date(2030, 12, 31), psn="01",
                            service_code="220")
        rules = msgspec.structs.replace(CONTENTS.rules, products=None)
        plastic = workshop.issuer.issued(Contents(identity, CONTENTS.holder, rules), pin=PIN)
        self.reader = CardReader(InProcessReader(plastic), workshop.issuer.terminal(TERMINAL),
                                 workshop.issuer.trusted, now=lambda: AT)

    def approves(self, amount=100):
        """A sale that the card has approved by itself."""
        with self.reader.visit() as visit:
            visit.pin_at_pad(PIN)
            sale = sale_of(self.row, amount)
            sold = visit.sell_offline(sale, AT)
            assert sold.approved_offline, sold
        return self.held(sale, sold)

    def asks(self, amount=100):
        """A sale that it has asked the issuer about."""
        with self.reader.visit() as visit:
            visit.pin_at_pad(PIN)
            sale = sale_of(self.row, amount)
            return self.held(sale, visit.sell_online(sale, AT))

    def held(self, sale, sold):
        held = HeldCard(sold.card.pan, sold.card.expiry, sequence=sold.psn)
        return msgspec.structs.replace(sale, card=held, chip=sold.field55)


def advice_of(pos, sale):
    """1220 as a terminal keeps it."""
    return layout.request("1220", layout.SALE, pos.terminal, pos.stamp(), sale)


def tell(rig, pos, message):
    """The answer's bytes; the message is accepted."""
    reply = rig.run(pos.send("offline_sale", message)).reply
    assert reply.action == "000", reply
    return reply.raw


def flags(rig, card):
    """Of its rows, in order."""
    return [row["flags"] for row in rig.sql(
        "SELECT flags FROM journal WHERE card_id = $1 ORDER BY id", card.row.card_id)]


def changed(sale, tag, value):
    """The sale with another value in its chip's word."""
    said = tlv.read(sale.chip) | {tag: value}
    return msgspec.structs.replace(sale, chip=b"".join(tlv.write(*one) for one in said.items()))


def nothing_parked(rig):
    return rig.sql("SELECT count(*) FROM parked")[0][0] == 0


@pytest.mark.invariant(3)
def test_a_good_one_counts_once_however_often_it_comes(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    message = advice_of(pos, card.approves())
    first = tell(rig, pos, message)
    assert tell(rig, pos, repeat_of(message)) == first
    assert tell(rig, pos, message) == first
    rig.restart()
    with workshop.pos(TERMINAL) as again:
        assert tell(rig, again, message) == first
        assert tell(rig, again, repeat_of(message)) == first
    assert flags(rig, card) == [""]
    assert rig.taken(card.row.account_id) == (100, 0, 1)
    assert nothing_parked(rig)


@pytest.mark.invariant(3)
@pytest.mark.invariant(10)
def test_another_sale_with_the_same_word_is_posted_and_flagged(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    sale = card.approves()
    tell(rig, pos, advice_of(pos, sale))
    second = advice_of(pos, sale)
    said = tell(rig, pos, second)
    assert flags(rig, card) == ["", "cryptogram_replayed"]
    assert [tell(rig, pos, one) for one in (second, repeat_of(second))] == [said] * 2
    assert flags(rig, card) == ["", "cryptogram_replayed"]
    assert rig.taken(card.row.account_id) == (200, 0, 2)
    assert nothing_parked(rig)


@pytest.mark.invariant(10)
def test_of_many_at_once_one_has_it(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    sale = card.approves()

    async def all_at_once():
        return await asyncio.gather(*(
            pos.send("offline_sale", message) for message in
            [advice_of(pos, sale) for _ in range(6)]))

    assert {one.reply.action for one in rig.run(all_at_once())} == {"000"}
    assert sorted(flags(rig, card)) == [""] + ["cryptogram_replayed"] * 5
    assert rig.taken(card.row.account_id) == (600, 0, 6)
    assert nothing_parked(rig)


@pytest.mark.parametrize(("tag", "value", "flag"), [
    ("9F26", bytes(8), "cryptogram"), ("9F02", bytes.fromhex("000000000101"), "cryptogram"),
    ("5F2A", bytes.fromhex("0756"), "cryptogram"), ("9F37", bytes(4), "cryptogram"),
    ("9F36", bytes.fromhex("00FF"), "cryptogram"), ("9F36", b"\x01", "chip_data"),
    ("9F10", b"\x06", "chip_data")])
def test_a_changed_word_is_flagged_and_spends_nothing(rig, workshop, pos, tag, value, flag):
    card = ChipCard(rig, workshop)
    sale = card.approves()
    tell(rig, pos, advice_of(pos, changed(sale, tag, value)))
    tell(rig, pos, advice_of(pos, sale))
    assert flags(rig, card) == [flag, ""]
    assert rig.taken(card.row.account_id)[0] == 200


def test_what_is_no_chip_data_is_flagged(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    message = advice_of(pos, card.approves())
    broken = msgspec.structs.replace(message, fields=message.fields | {55: b"\x9f\x26\x7fno"})
    tell(rig, pos, broken)
    assert flags(rig, card) == ["chip_data"]


def test_a_question_to_the_issuer_is_no_approval(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    asked = card.asks()
    message = advice_of(pos, asked)
    assert 55 not in message.fields, "our terminals never tell it"
    fields = dict(sorted((message.fields | {55: asked.chip}).items()))
    tell(rig, pos, msgspec.structs.replace(message, fields=fields))
    assert flags(rig, card) == ["cryptogram"]
    assert rig.run(pos.sale(asked)).reply.action == "000", "and it is not spent"


def test_another_amount_another_card_and_no_word_at_all(rig, workshop, pos):
    card, other = ChipCard(rig, workshop), ChipCard(rig, workshop)
    sale = card.approves()
    tell(rig, pos, advice_of(pos, msgspec.structs.replace(sale, amount_minor=101)))
    held = msgspec.structs.replace(sale.card, pan=other.row.pan)
    tell(rig, pos, advice_of(pos, msgspec.structs.replace(sale, card=held)))
    tell(rig, pos, advice_of(pos, msgspec.structs.replace(sale, chip=b"")))
    assert (flags(rig, card), flags(rig, other)) == (["cryptogram", "chip_missing"], ["cryptogram"])


def test_an_arqc_and_a_tc_of_one_counter_are_two():
    assert cryptogram_key(1, "01", b"\0\1") != cryptogram_key(1, "01", b"\0\1", approves=True)


@pytest.mark.parametrize(("program", "flag"), [("BROKEN", "cryptogram_unchecked"),
                                               ("NOKEY", "key_out_of_step")])
@pytest.mark.invariant(10)
def test_where_nobody_can_look_it_is_posted_and_said(rig, workshop, pos, program, flag):
    card = ChipCard(rig, workshop, program)
    tell(rig, pos, advice_of(pos, card.approves()))
    assert flags(rig, card) == [flag]


@pytest.mark.invariant(10)
@pytest.mark.invariant(13)
def test_without_an_hsm_it_hears_nothing_and_comes_again(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    known = ChipCard(rig, workshop)
    message = advice_of(pos, card.approves())
    rig.run(rig.host.pan_index.of(card.row.pan))  # at hand: it is the proof that is wanting
    rig.servers.hsm.kill()
    try:
        with workshop.pos(TERMINAL) as other, pytest.raises(TimeoutError):
            rig.run(asyncio.wait_for(other.send("offline_sale", message), 0.7))
        assert flags(rig, card) == []
    finally:
        rig.servers.hsm.run()

    async def back():
        while not rig.host.hsm_pool.healthy:  # noqa: ASYNC110 - its pause is the pool's own
            await asyncio.sleep(0.01)
    rig.run(back())
    first = tell(rig, pos, repeat_of(message))
    assert tell(rig, pos, message) == first
    tell(rig, pos, advice_of(pos, known.approves()))
    assert (flags(rig, card), flags(rig, known)) == ([""], [""])
    assert rig.taken(card.row.account_id) == (100, 0, 1)


@pytest.mark.invariant(10)
def test_what_was_set_aside_is_posted_without_its_word_and_says_so(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    sale = msgspec.structs.replace(card.approves(), items=(
        Item("001", "L", Decimal("1"), Decimal("1.00"), 100),))
    message = advice_of(pos, sale)
    door = rig.host.iso_doors[0]
    request = door.translator.incoming(message, 5, 5, card.row.ref)
    assert request.evidence is not None
    content = content_of(request, "mac")
    assert sale.chip.hex() not in content
    now = datetime.now(ZoneInfo("UTC"))
    row = Parked(id=1, parked_at=now, key=request.key, fingerprint=request.fingerprint, why="mac",
                 content=content, terminal_id=TERMINAL)
    assert rig.run(rig.host.parked.post(row)).posted
    assert flags(rig, card) == ["cryptogram_unchecked"]
    # The terminal still has it, and tells it again: it is known.
    tell(rig, pos, message)
    assert flags(rig, card) == ["cryptogram_unchecked"]

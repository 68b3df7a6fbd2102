"""What proves a card decides: tries that outlive everything, cryptograms that are good once."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from authhost import console
from chip.dialogue import PinStatus
from chip.reader import InProcessReader
from chip.records import Contents, Identity
from iso import tlv
from terminals.card_reader import CardReader
from terminals.pin_pad import PinPad, ZoneKey
from terminals.purchase import Card as HeldCard
from tests.e2e.workshop import PIN, Workshop, sale_of
from tests.support.cards import CONTENTS, Issuer
from tests.support.portfolio import ACQUIRER
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
    shop.pad = PinPad(ZoneKey(shop.key(f"acquirer/{ACQUIRER}/zpk", "P0", "B")))
    shop.issuer = Issuer()
    shop.key("program/CHIP/mk_ac", "E0", "X", "A", value=shop.issuer.ac)
    rig.sql("INSERT INTO program (program_id, pin_required, scheme, chip_required)"
            " VALUES ('CHIP', true, 'fleet', true)")
    return shop


@pytest.fixture
def pos(workshop):
    with workshop.pos(TERMINAL) as made:
        yield made


def ask_pin(rig, workshop, pos, card, pin, amount=100):
    """The answer's reason, '' for an approval."""
    return try_pin(rig, workshop, pos, card, pin, amount).reason


def try_pin(rig, workshop, pos, card, pin, amount=100):
    """The answer to a sale with a PIN."""
    block = workshop.pad.encipher(pin, card.pan)
    return rig.run(pos.sale(sale_of(card, amount), pin=block)).reply


class ChipCard:
    """A card of the portfolio with its twin in plastic."""

    def __init__(self, rig, workshop, **more):
        self.rig = rig
        self.row = rig.card(**more)
        rig.sql("UPDATE card SET program_id = 'CHIP', psn = '01' WHERE card_id = $1",
                self.row.card_id)
        identity = Identity(pan=self.row.pan, expiry=date(2030, 12, 31), psn="01",
                            service_code="220")
        self.plastic = workshop.issuer.issued(
            Contents(identity, CONTENTS.holder, CONTENTS.rules), pin=PIN)
        self.reader = CardReader(InProcessReader(self.plastic),
                                 workshop.issuer.terminal(TERMINAL), workshop.issuer.trusted,
                                 now=lambda: AT)

    def sign(self, visit, amount=100):
        """The card's word for a sale."""
        sold = visit.sell_online(sale_of(self.row, amount), AT)
        held = HeldCard(sold.card.pan, sold.card.expiry, sequence=sold.psn)
        return msgspec.structs.replace(sale_of(self.row, amount, held), chip=sold.field55)

    def sell(self, pos, amount=100, pin=PIN):
        """(the sale that was sent, the answer)."""
        with self.reader.visit() as visit:
            if pin:
                visit.pin_at_pad(pin)
            sale = self.sign(visit, amount)
        return sale, self.rig.run(pos.sale(sale)).reply


@pytest.mark.invariant(2)
@pytest.mark.invariant(12)
def test_tries_outlive_host_and_redis(rig, workshop, pos):
    card = workshop.card()
    assert ask_pin(rig, workshop, pos, card, "0000") == "pin_wrong"
    rig.restart()
    with workshop.pos(TERMINAL) as again:
        assert ask_pin(rig, workshop, again, card, "0000") == "pin_wrong"
        rig.redis("DEL", f"{{{card.account_id}}}")
        assert ask_pin(rig, workshop, again, card, "0000") == "pin_tries"
        assert ask_pin(rig, workshop, again, card, PIN) == "pin_tries"
        rig.redis("DEL", f"{{{card.account_id}}}")
        assert ask_pin(rig, workshop, again, card, PIN) == "pin_tries"
        assert rig.sale(card, 100).action == "000", "without a PIN it is not asked for"
        rig.run(console.unlock_pin(rig.database_url, card.card_id, "test"))
        assert ask_pin(rig, workshop, again, card, PIN) == ""


def test_a_right_one_sets_the_wrong_ones_back(rig, workshop, pos):
    card = workshop.card()
    for _ in range(3):
        assert [ask_pin(rig, workshop, pos, card, pin) for pin in ("0000", "0001", PIN)] == [
            "pin_wrong", "pin_wrong", ""]
    tries = rig.sql("SELECT pin_tries FROM journal WHERE card_id = $1 ORDER BY id", card.card_id)
    assert [row["pin_tries"] for row in tries] == [1, 1, -2] * 3


@pytest.mark.invariant(3)
@pytest.mark.invariant(5)
def test_a_repeat_of_a_wrong_one_is_no_second_try(rig, workshop, pos):
    card = workshop.card()
    block = workshop.pad.encipher("0000", card.pan)
    first = rig.run(pos.sale(sale_of(card, 100), pin=block))
    assert first.reply.reason == "pin_wrong"
    for _ in range(4):
        assert rig.run(pos.repeat(first)).reply.raw == first.reply.raw
        # Without the mark of a repeat it is counted, found known, and given back.
        assert rig.run(pos.send("sale", first.request)).reply.raw == first.reply.raw
    # The right PIN under the same number hears the first answer: no number is asked twice.
    right = msgspec.structs.replace(first.request, fields=first.request.fields | {
        52: workshop.pad.encipher(PIN, card.pan).block})
    assert rig.run(pos.send("sale", right)).reply.raw == first.reply.raw
    assert ask_pin(rig, workshop, pos, card, "0000") == "pin_wrong"
    assert ask_pin(rig, workshop, pos, card, PIN) == ""


@pytest.mark.parametrize(("more", "reason", "counted"), [
    ({"status": "blocked"}, "card_blocked", 0),
    ({"account_status": "blocked"}, "account_blocked", 0),
    ({"limits": [("transaction", "money", 50)]}, "pin_wrong", 1),
    ({"sites": ["S2"]}, "pin_wrong", 1)])
def test_nobody_learns_about_a_pin_without_a_try(rig, workshop, pos, more, reason, counted):
    card = workshop.card(**more)
    assert ask_pin(rig, workshop, pos, card, "0000") == reason
    row = rig.sql("SELECT sum(pin_tries) FROM journal WHERE card_id = $1", card.card_id)[0]
    assert row[0] == counted


@pytest.mark.invariant(13)
def test_without_an_hsm_nothing_is_approved_and_nothing_kept(rig, workshop, pos):
    card = workshop.card()
    assert ask_pin(rig, workshop, pos, card, PIN) == ""
    rows = rig.sql("SELECT count(*) FROM claim")[0][0]
    rig.servers.hsm.kill()
    try:
        block = workshop.pad.encipher(PIN, card.pan)
        exchange = rig.run(pos.sale(sale_of(card, 100), pin=block))
        assert exchange.reply.action == "907"
        assert rig.sql("SELECT count(*) FROM claim")[0][0] == rows
    finally:
        rig.servers.hsm.run()
    for _ in range(50):
        if ask_pin(rig, workshop, pos, card, PIN) == "":
            break
    assert rig.taken(card.account_id)[0] == 200


def test_a_chip_that_verified_the_pin(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    with card.reader.visit() as visit:
        assert visit.pin_at_pad(PIN).status is PinStatus.VERIFIED
        reply = rig.run(pos.sale(card.sign(visit))).reply
        assert reply.action == "000"
        assert visit.issuer_answer(tlv.read(reply.message.fields[55])["91"])
    with card.reader.visit() as visit:
        visit.pin_at_pad(PIN)
        card.sign(visit)
        assert not visit.issuer_answer(tlv.read(reply.message.fields[55])["91"]), "the last one's"


@pytest.mark.parametrize("pin", ["", "0000"])
def test_a_chip_that_did_not(rig, workshop, pos, pin):
    card = ChipCard(rig, workshop)
    assert card.sell(pos, pin=pin)[1].reason == "pin_missing"


def test_a_chip_card_without_its_chip(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    reply = rig.run(pos.sale(sale_of(card.row, 100))).reply
    assert (reply.action, reply.reason) == ("122", "chip_missing")
    assert rig.sale(card.row, 100).reason == "chip_missing", "at any door"


def test_a_cryptogram_is_good_once(rig, workshop, pos):
    card = ChipCard(rig, workshop)
    sale, reply = card.sell(pos)
    assert reply.action == "000"
    for _ in range(2):
        replayed = rig.run(pos.sale(sale)).reply
        assert (replayed.action, replayed.reason) == ("129", "cryptogram_replayed")
    rig.restart()
    with workshop.pos(TERMINAL) as again:
        assert rig.run(again.sale(sale)).reply.reason == "cryptogram_replayed"
    assert rig.taken(card.row.account_id) == (100, 0, 1)


def test_a_declined_one_is_spent_too(rig, workshop, pos):
    card = ChipCard(rig, workshop, limits=[("transaction", "money", 50)])
    sale, reply = card.sell(pos)
    assert reply.action == "121"
    assert rig.run(pos.sale(sale)).reply.reason == "cryptogram_replayed"


@pytest.mark.parametrize(("tag", "value", "reason"), [
    ("9F26", bytes(8), "cryptogram"), ("9F02", bytes.fromhex("000000000101"), "cryptogram"),
    ("5F2A", bytes.fromhex("0756"), "cryptogram"),
    ("95", bytes.fromhex("8000000000"), "cryptogram"),
    ("9F36", bytes.fromhex("00FF"), "cryptogram"), ("9F37", bytes(4), "cryptogram"),
    ("9F10", bytes.fromhex("0601A603A40000"), "cryptogram"),
    ("9F10", bytes.fromhex("06"), "chip_data"), ("9F36", b"\x01", "chip_data")])
def test_a_changed_word_of_the_chip(rig, workshop, pos, tag, value, reason):
    card = ChipCard(rig, workshop)
    with card.reader.visit() as visit:
        visit.pin_at_pad(PIN)
        sale = card.sign(visit)
    said = tlv.read(sale.chip)
    assert said[tag] != value
    chip = b"".join(tlv.write(*each) for each in (said | {tag: value}).items())
    changed = msgspec.structs.replace(sale, chip=chip)
    assert rig.run(pos.sale(changed)).reply.reason == reason
    assert rig.run(pos.sale(sale)).reply.action == "000", "a forgery spends nothing"


def test_the_word_of_another_card(rig, workshop, pos):
    mine, other = ChipCard(rig, workshop), ChipCard(rig, workshop)
    with other.reader.visit() as visit:
        visit.pin_at_pad(PIN)
        sale = other.sign(visit)
    held = HeldCard(mine.row.pan, mine.row.expiry, sequence="01")
    moved = msgspec.structs.replace(sale, card=held)
    assert rig.run(pos.sale(moved)).reply.reason == "cryptogram"

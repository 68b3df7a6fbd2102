"""What a POS makes of a card: every kind of card it may meet, sold to on line and off line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from chip import cryptogram, curve, tlv
from chip import issuer as issuing
from chip.dialogue import PinOutcome, PinStatus
from chip.errors import (
    BlockedCard,
    CardFault,
    CardProblem,
    CardPulled,
    CopiedCard,
    ExpiredCard,
    ForeignCard,
    InactiveCard,
    NoCard,
    TerminalRefused,
    WrongCard,
)
from chip.memory import Volatile
from chip.reader import Entry, InProcessReader
from chip.virtual import Card
from hsm_sim.crypto import emv
from terminals.card_reader import CardReader, ChipSale, Objection
from terminals.purchase import Card as PurchaseCard
from terminals.purchase import Item, Sale
from tests.support.cards import CONTENTS, PIN, Issuer

NOW = datetime(2026, 7, 29, 10, 15, tzinfo=UTC)
OTHER_SERIAL = bytes.fromhex("0102030405060709")


def pos(issuer: Issuer, reader: InProcessReader, now: datetime = NOW) -> CardReader:
    """A terminal of this issuer."""
    return CardReader(reader, issuer.terminal(), issuer.trusted, now=lambda: now)


def sale(amount_minor: int = 4135, product: str = "001", currency: str = "EUR") -> Sale:
    """Of one product."""
    return Sale(PurchaseCard("", ""), amount_minor, currency, (
        Item(product, "L", Decimal(25), Decimal("1.654"), amount_minor),))


def objects(sold: ChipSale) -> dict[int, bytes]:
    """Field 55."""
    return dict(tlv.parse(sold.field55))


def verified_by_host(issuer: Issuer, field55: dict[int, bytes]) -> bool:
    """As the HSM does it, from field 55 alone."""
    key = emv.card_key("AES", issuer.ac, CONTENTS.identity.pan, CONTENTS.identity.psn)
    data = b"".join(field55[tag] for tag in (
        0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36, 0x9F10))
    session = emv.session_key("csk_aes", key, field55[0x9F36])
    return emv.cryptogram(session, data, "cmac") == field55[0x9F26]


def test_a_sale_on_line(issuer: Issuer, reader: InProcessReader) -> None:
    with pos(issuer, reader).visit() as visit:
        assert not visit.reader_takes_pin
        assert visit.tries_left == 3
        assert visit.pin_at_pad("0000") == PinOutcome(PinStatus.WRONG, 2)
        assert visit.pin_at_pad(PIN) == PinOutcome(PinStatus.VERIFIED)
        sold = visit.sell_online(sale(), NOW)
        field55 = objects(sold)
        assert verified_by_host(issuer, field55)
        assert sold == ChipSale(
            card=PurchaseCard("7013370000000000017", "2912", sequence="01"), psn="01",
            service_code="520", field55=sold.field55, pin_verified=True, offline_limit_minor=15000,
            offline_currency="978", products=("001", "002", "022"), prompts="4")
        paid = sold.of(sale())
        assert (paid.card, paid.chip, paid.amount_minor) == (sold.card, sold.field55, 4135)
        assert list(field55) == [0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02,
                                 0x9F03, 0x5F2A, 0x9F1A, 0x82, 0x9F34, 0x5F34]
        assert field55[0x9F27] == b"\x80"
        assert field55[0x9F02] == bytes.fromhex("000000004135")
        assert field55[0x9F34] == bytes.fromhex("040002")
        key = issuer.cryptogram_key(CONTENTS)
        arpc = cryptogram.arpc(key, 1, field55[0x9F26], b"00")
        assert not visit.issuer_answer(arpc + b"05")
        with pytest.raises(CardFault, match="6985"):
            visit.issuer_answer(arpc + b"00")  # one attempt for each ARQC
        second = visit.sell_online(sale(), NOW)
        assert not second.pin_verified  # the card vouches for a PIN once
        assert objects(second)[0x9F36] == b"\x00\x02"
        again = cryptogram.arpc(key, 2, objects(second)[0x9F26], b"00")
        assert visit.issuer_answer(again + b"00")


def test_what_the_card_says_of_its_past(issuer: Issuer, reader: InProcessReader) -> None:
    with pos(issuer, reader).visit() as visit:
        first = cryptogram.Results.parse(objects(visit.sell_online(sale(), NOW))[0x9F10])
        assert first.never_online
        assert not first.online_not_completed
        sold = objects(visit.sell_online(sale(20000), NOW))
        second = cryptogram.Results.parse(sold[0x9F10])
        assert second.online_not_completed
        assert second.above_limit
        assert sold[0x95] == bytes.fromhex("0000088000")  # PIN not entered, above the limit
        visit.issuer_answer(bytes(10))
        third = cryptogram.Results.parse(objects(visit.sell_online(sale(), NOW))[0x9F10])
        assert third.arpc_failed
        assert not third.online_not_completed


def test_a_sale_off_line(issuer: Issuer, reader: InProcessReader) -> None:
    with pos(issuer, reader).visit() as visit:
        visit.pin_at_pad(PIN)
        sold = visit.sell_offline(sale(15000), NOW)
        assert sold.approved_offline
        assert sold.pin_verified
        assert objects(sold)[0x9F27] == b"\x40"
        assert verified_by_host(issuer, objects(sold))


@pytest.mark.parametrize(("sold", "pin", "objection"), [
    (sale(15001), PIN, Objection.ABOVE_LIMIT), (sale(product="003"), PIN, Objection.PRODUCT),
    (sale(currency="PLN"), PIN, Objection.CURRENCY), (sale(), "", Objection.PIN)])
def test_why_it_is_not_sold_off_line(issuer: Issuer, reader: InProcessReader, sold: Sale, pin: str,
                                     objection: Objection) -> None:
    with pos(issuer, reader).visit() as visit:
        if pin:
            visit.pin_at_pad(pin)
        refused = visit.sell_offline(sold, NOW)
        assert refused.objections == (objection,)
        assert not refused.approved_offline
        assert refused.field55 == b""


def test_the_terminals_own_blocklist(issuer: Issuer, reader: InProcessReader) -> None:
    with pos(issuer, reader).visit() as visit:
        visit.pin_at_pad(PIN)
        refused = visit.sell_offline(sale(), NOW, blocked=lambda card: card.pan.endswith("0017"))
        assert refused.objections == (Objection.BLOCKED,)
        assert visit.sell_offline(sale(), NOW, blocked=lambda _: False).approved_offline


def test_the_card_itself_counts_off_line_sales(issuer: Issuer) -> None:
    contents = msgspec.structs.replace(CONTENTS, rules=msgspec.structs.replace(
        CONTENTS.rules, offline_in_a_row=2, pin_required=False, products=None))
    with pos(issuer, InProcessReader(issuer.issued(contents))).visit() as visit:
        assert all(visit.sell_offline(sale(), NOW).approved_offline for _ in range(2))
        declined = visit.sell_offline(sale(product="999"), NOW)
        assert declined.objections == (Objection.CARD,)
        assert objects(declined)[0x9F27] == b"\x00"
        arqc = objects(visit.sell_online(sale(), NOW))
        arpc = cryptogram.arpc(issuer.cryptogram_key(contents), 4, arqc[0x9F26], b"00")
        assert visit.issuer_answer(arpc + b"00")
        assert visit.sell_offline(sale(), NOW).approved_offline


@pytest.mark.parametrize(("amount", "currency", "pin"), [(15001, "978", PIN), (100, "985", PIN),
                                                         (100, "978", "")])
def test_the_card_declines_what_a_careless_terminal_asks(
        issuer: Issuer, reader: InProcessReader, amount: int, currency: str, pin: str) -> None:
    session = issuer.terminal_session(reader)
    if pin:
        session.verify_pin(pin)
    answer = session.generate_ac(cryptogram.Kind.TC, cryptogram.Transaction(
        amount_minor=amount, currency=currency, country="705", date="260729",
        unpredictable=bytes(4)))
    assert answer.kind is cryptogram.Kind.AAC


def test_a_cryptogram_counter_that_is_used_up(issuer: Issuer) -> None:
    memory = Volatile()
    issuer.issued(memory=memory)
    memory.save(msgspec.structs.replace(memory.load(), atc=0xFFFE))
    with pos(issuer, InProcessReader(Card(memory))).visit() as visit:
        assert objects(visit.sell_online(sale(), NOW))[0x9F36] == b"\xff\xff"
        with pytest.raises(CardFault, match="6985"):
            visit.sell_online(sale(), NOW)


def test_pin_at_the_reader(issuer: Issuer, card: Card) -> None:
    keyed: list[str | Entry] = [Entry.CANCELLED, Entry.TIMEOUT, "0000", "0000", "0000", PIN]
    reader = InProcessReader(card, pad=lambda _: keyed.pop(0))
    with pos(issuer, reader).visit() as visit:
        assert visit.reader_takes_pin
        outcomes = [visit.pin_at_reader() for _ in range(6)]
        assert [outcome.status for outcome in outcomes] == [
            PinStatus.CANCELLED, PinStatus.TIMEOUT, PinStatus.WRONG, PinStatus.WRONG,
            PinStatus.BLOCKED, PinStatus.BLOCKED]
        assert [outcome.tries_left for outcome in outcomes[2:]] == [2, 1, 0, 0]
        field55 = objects(visit.sell_online(sale(), NOW))
        assert field55[0x9F34] == bytes.fromhex("010001")
        assert field55[0x95] == bytes.fromhex("0000A00000")
        assert cryptogram.Results.parse(field55[0x9F10]).pin_blocked


class TestWrongCards:
    """One type each, and nothing of the card in its text."""

    def refused(self, problem: type[CardProblem], issuer: Issuer, reader: InProcessReader,
                now: datetime = NOW) -> str:
        """The text that the till shows."""
        with pytest.raises(problem) as caught, pos(issuer, reader, now).visit():
            pytest.fail("this card was let in")
        assert type(caught.value) is problem
        assert CONTENTS.identity.pan not in str(caught.value)
        return str(caught.value)

    def test_no_card(self, issuer: Issuer) -> None:
        assert "no card" in self.refused(NoCard, issuer, InProcessReader())

    def test_no_such_application(self, issuer: Issuer) -> None:
        class Other(Card):
            """Knows nothing of ours."""

            def transmit(self, raw: bytes) -> bytes:
                """As a bank card answers."""
                return b"\x6a\x82"

        memory = Volatile()
        issuer.blank(memory=memory)
        other = Other(memory)
        self.refused(WrongCard, issuer, InProcessReader(other))

    def test_blank(self, issuer: Issuer) -> None:
        self.refused(InactiveCard, issuer, InProcessReader(issuer.blank()))

    def test_blocked(self, issuer: Issuer, reader: InProcessReader) -> None:
        issuer.issuer_session(reader).exchange(issuing.BLOCK)
        self.refused(BlockedCard, issuer, reader)

    def test_expired(self, issuer: Issuer) -> None:
        contents = msgspec.structs.replace(CONTENTS, identity=msgspec.structs.replace(
            CONTENTS.identity, expiry=date(2026, 7, 28)))
        reader = InProcessReader(issuer.issued(contents))
        assert "07/26" in self.refused(ExpiredCard, issuer, reader)

    def test_expired_certificate(self, issuer: Issuer, reader: InProcessReader) -> None:
        with pytest.raises(ExpiredCard), CardReader(
                reader, issuer.terminal(valid_until=date(2040, 1, 1)), issuer.trusted,
                now=lambda: datetime(2030, 7, 1, tzinfo=UTC)).visit():
            pytest.fail("this card was let in")

    def test_of_another_issuer(self, issuer: Issuer) -> None:
        self.refused(ForeignCard, issuer, InProcessReader(Issuer(2).issued()))

    def test_of_somebody_who_calls_himself_this_issuer(self, issuer: Issuer) -> None:
        self.refused(CopiedCard, issuer, InProcessReader(Issuer(1).issued()))

    @pytest.mark.parametrize("serial", ["its own", "the original's"])
    def test_a_copy_of_everything_that_can_be_read(self, issuer: Issuer, serial: str) -> None:
        """All that can be read, byte for byte; what is missing is the key that never left."""
        original, memory = Volatile(), Volatile()
        issuer.issued(memory=original)
        forger = Issuer(1)
        forger.issued(memory=memory, serial=OTHER_SERIAL)
        readable = original.load()
        copy = msgspec.structs.replace(
            memory.load(), records=readable.records, certificate=readable.certificate,
            public_point=readable.public_point, issuer_keys=readable.issuer_keys,
            today=readable.today, serial=readable.serial if "orig" in serial else OTHER_SERIAL)
        memory.save(copy)
        told = self.refused(CopiedCard, issuer, InProcessReader(Card(memory)))
        assert ("another card's" in told) == ("own" in serial)

    def test_a_copy_made_with_a_genuine_card_of_another_client(self, issuer: Issuer) -> None:
        """A genuine card with other records: nobody but the issuer writes them."""
        reader = InProcessReader(issuer.issued(serial=OTHER_SERIAL))
        session = issuer.terminal_session(reader)
        for command in issuing.write_records(CONTENTS):
            assert session.exchange(command).sw == 0x6982

    @pytest.mark.parametrize("of", ["another issuer", "nobody"])
    def test_a_terminal_that_is_none(self, issuer: Issuer, reader: InProcessReader,
                                     of: str) -> None:
        credential = Issuer(2).terminal() if of == "another issuer" else msgspec.structs.replace(
            issuer.terminal(), key=curve.new_key())
        with pytest.raises(TerminalRefused), CardReader(
                reader, credential, issuer.trusted, now=lambda: NOW).visit():
            pytest.fail("this terminal was let in")

    def test_a_terminal_past_its_day(self, issuer: Issuer, reader: InProcessReader) -> None:
        old = issuer.terminal(valid_until=date(2026, 7, 28))
        with pytest.raises(TerminalRefused), CardReader(
                reader, old, issuer.trusted, now=lambda: NOW).visit():
            pytest.fail("this terminal was let in")


class _Pulled(InProcessReader):
    """The card is pulled out before the n-th command."""

    left = -1

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Until then."""
        self.left -= 1
        if self.left == 0:
            self.remove()
        return super().transmit(apdu)


def test_pulled_out_at_every_command(issuer: Issuer, card: Card) -> None:
    reader = _Pulled()
    finished = False
    for command in range(1, 40):
        reader.insert(card)
        reader.left = command
        try:
            with pos(issuer, reader).visit() as visit:
                visit.pin_at_pad(PIN)
                assert visit.sell_online(sale(), NOW).pin_verified
                finished = True
                break
        except CardPulled:
            assert not finished
    assert finished
    assert command > 12  # all were interrupted once
    reader.left = -1
    reader.insert(card)
    with pos(issuer, reader).visit() as visit:
        assert visit.tries_left == 3
        assert visit.contents == CONTENTS


def test_every_session_is_another(issuer: Issuer, reader: InProcessReader) -> None:
    seen = set()
    for _ in range(5):
        with pos(issuer, reader).visit() as visit:
            seen.add(objects(visit.sell_online(sale(), NOW))[0x9F26])
    assert len(seen) == 5

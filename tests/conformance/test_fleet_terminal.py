"""The terminal's messages against the host's reading of them, and the answers back, per profile."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

import iso
from authhost.model import Allowed, Answer, ContractPrice, Kind, Prompted
from authhost.translate import bodies
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import TotalLine, card_ref
from authhost.translate.json_door import Context, JsonTranslator
from iso import Message, tlv
from iso.subfields import Left
from terminals import answers, json_door, layout
from terminals.purchase import GOODS_BACK, Card, Item, Sale, Terminal

TERMINAL = Terminal("T0101", "STATION01", "280131", outdoor=True)
AT = datetime(2026, 11, 20, 12, 30, 5, tzinfo=UTC)
STAMP, EARLIER = layout.Stamp("000042", AT), layout.Stamp("000041", AT)
CARD, DRIVER = Card("7801310000000000005", "2912"), Card("7801310000000000013", "2911")
ITEMS = (Item("019", "L", Decimal("25.50"), Decimal("1.549"), 3_950),
         Item("102", "U", Decimal(1), Decimal("12.90"), 1_290))
PROMPTS = {"driver_number": "4711", "vehicle_number": "LJ 1", "trailer": "T9", "job": "J1",
           "order_number": "PO5", "engine_hours": "77"}
SALE = Sale(CARD, 5_240, "EUR", ITEMS, odometer=123_456, prompts=PROMPTS, second=DRIVER,
            wants_rest=True)
ASKED = Prompted(odometer="123456", **PROMPTS)
ARQC = tlv.write("9F27", b"\x80") + tlv.write("9F26", b"12345678")
TC = tlv.write("9F27", b"\x40") + tlv.write("9F26", b"12345678")
NUMBERS = tlv.write("5A", bytes.fromhex(CARD.pan + "F")) + tlv.write("57", b"\x78")


@pytest.fixture(params=["ifsf", "ops", "x9tg23"])
def host(request):
    return Fuel93(iso.get(request.param), b"f" * 32, 3_600_000_000)


def ref(number):
    return None if number is None else card_ref(
        hashlib.sha256(number[0].encode()).digest(), *number)


def wire(host, message):
    codec = host.profile.codec
    return codec.decode(codec.encode(message))


def heard(host, message):
    there = wire(host, message)
    return host.incoming(there, 5, 6, ref(host.number(there)), ref(host.second_number(there)))


def answered(host, message, answer, **more):
    return host.profile.codec.decode(host.answer(wire(host, message), answer, **more))


def asked(host, mti="1200", function=layout.SALE, sale=SALE, stamp=STAMP):
    return layout.request(mti, function, TERMINAL, stamp, sale, profile=host.profile)


def test_a_sale_with_all_that_a_fleet_asks_for(host):
    request = heard(host, asked(host))
    assert (request.kind, request.prompted, request.wrong) == (Kind.SALE, ASKED, "")
    assert (request.second.pan_masked, request.second.expiry) == (DRIVER.masked, "2911")
    assert (request.wants_rest, request.key_entered) == (True, False)
    assert [(item.product, item.quantity, item.amount_minor) for item in request.items] == [
        (item.product, item.quantity, item.amount_minor) for item in ITEMS]


def test_a_number_that_was_typed_in(host):
    typed = msgspec.structs.replace(SALE, entry="key")
    assert heard(host, asked(host, sale=typed)).key_entered


def test_an_increment_and_a_return_name_what_they_are_about(host):
    hold = asked(host, "1100", "101", stamp=EARLIER)
    more = heard(host, layout.increment(TERMINAL, STAMP, SALE, hold, profile=host.profile))
    assert (more.kind, more.original.keys) == (Kind.INCREMENT, (heard(host, hold).key,))
    for mti, function in (("1200", "200"), ("1220", "201")):
        sold = asked(host, mti, function, stamp=EARLIER)
        back = layout.goods_return(TERMINAL, STAMP, SALE, sold, profile=host.profile)
        told = heard(host, back)
        assert (told.kind, told.original.keys) == (Kind.RETURN, (heard(host, sold).key,))
        undone = layout.reversal(TERMINAL, STAMP, back, layout.REASON_CUSTOMER)
        assert undone.text(3) == GOODS_BACK
        assert heard(host, undone).original.keys == (told.key,)


@pytest.mark.invariant(15)
@pytest.mark.parametrize(("mti", "function", "chip", "sent"), [
    ("1200", "200", ARQC, ARQC), ("1220", "200", ARQC, None), ("1220", "200", TC, TC),
    ("1220", "200", TC + NUMBERS, TC), ("1220", "201", TC, None), ("1220", "200", b"", None)])
def test_chip_data_goes_with_a_question_and_with_a_cards_own_approval(host, mti, function, chip,
                                                                      sent):
    sale = msgspec.structs.replace(SALE, chip=chip)
    message = wire(host, asked(host, mti, function, sale))
    assert message.fields.get(55) == sent
    evidence = heard(host, message).evidence
    assert (evidence.chip if evidence is not None else b"") == (sent or b"")


def test_what_may_be_sold_is_read_back(host):
    answer = Answer(action="000", reason="approved", volume_ml=45_250, allowed=(
        Allowed("001", 1_250, 8_000), Allowed("002")))
    rest = answers.rest(answered(host, asked(host), answer), host.profile)
    assert rest is not None
    assert (rest.products, rest.litres) == (("001", "002"), Decimal("45.250"))
    assert rest.left == (Left("001", Decimal("12.50"), Decimal("8.000")),)
    assert rest.may_sell("002")
    assert not rest.may_sell("003")
    plain = answered(host, asked(host), Answer(action="000", reason="approved"))
    assert answers.rest(plain, host.profile) is None


def test_prompts_and_prices_are_read_back(host):
    again = Answer(action="185", reason="prompt_missing:job", prompts=("job", "odometer"))
    told = answered(host, asked(host), again)
    assert answers.prompts(told, host.profile) == ("job", "odometer")
    bare = Message(told.mti, {n: v for n, v in told.fields.items() if n != 48})
    assert answers.prompts(bare, host.profile) == ("job",)
    paid = answered(host, asked(host, "1220", "201"), Answer(
        action="000", reason="approved", prices=(ContractPrice("019", "1.449", 3_695, "C", 1),)))
    assert answers.prices(paid, host.profile) == (
        Item("019", "L", Decimal("25.50"), Decimal("1.449"), 3_695),)
    assert answers.prompts(paid, host.profile) == ()


@pytest.mark.parametrize("number", [48, 62, 63, 124])
def test_an_answer_in_another_form_is_no_fault_of_the_terminals(host, number):
    odd = Message("1210", {39: "000", number: "\x00?"})
    assert answers.rest(odd, host.profile) is None
    assert answers.prompts(odd, host.profile) == ()
    assert answers.prices(odd, host.profile) == ()
    assert answers.differences(odd, host.profile) == ()


def test_a_shifts_totals_there_and_what_differs_back(host):
    lines = (TotalLine("fleet", "019", "offline_sale", 2, 5_240, 25_500),)
    message = layout.reconciliation(TERMINAL, STAMP, layout.Totals(1, 5_240), "EUR", lines)
    assert heard(host, message).lines == lines
    ours = (msgspec.structs.replace(lines[0], count=3),)
    told = answered(host, message, Answer(action="501", reason="totals_differ"), lines=ours)
    assert answers.differences(told, host.profile) == ours


def test_a_prompt_that_the_profile_has_no_type_for(host):
    sale = msgspec.structs.replace(SALE, prompts={"shoe_size": "44"})
    with pytest.raises(ValueError, match="no prompt shoe_size"):
        asked(host, sale=sale)


@pytest.mark.parametrize(("kind", "path"), [
    ("sale", "/v1/sales"), ("preauthorization", "/v1/preauthorizations"),
    ("completion", "/v1/completions"), ("offline_sale", "/v1/offline-sales")])
def test_where_a_body_goes(kind, path):
    assert json_door.path_of(SALE, kind) == path
    back = msgspec.structs.replace(SALE, processing=GOODS_BACK)
    assert json_door.path_of(back, kind) == "/v1/returns"


def test_a_body_is_what_the_host_reads_and_its_answer_what_the_terminal_reads():
    original = {"kind": "sale", "sequence": "000041", "local_date": "2026-11-20"}
    content = json_door.sale_body(TERMINAL, "000042", "2026-11-20T12:30:05",
                                  msgspec.structs.replace(SALE, entry="key"), original=original)
    body = msgspec.json.decode(msgspec.json.encode(content), type=bodies.Return)
    translator = JsonTranslator(b"f" * 32)
    request = translator.sale(body, Kind.RETURN, Context("280131", "k", "T0101", 5, 6, 7),
                              ref((CARD.pan, "2912")), ref((DRIVER.pan, "2911")))
    assert (request.prompted, request.key_entered, request.wants_rest, request.wrong) == (
        ASKED, True, True, "")
    assert request.original.keys == ("280131/T0101/20/20261120/000041",)
    raw = translator.answer(request, Answer(
        action="000", reason="approved", volume_ml=1_500, prompts=("job",),
        allowed=(Allowed("001", 5, 2_000), Allowed("002")),
        prices=(ContractPrice("019", "1.449", 3_695, "C", 1),)))
    decision = msgspec.json.decode(raw, type=json_door.Decision)
    assert decision.allowed == (
        json_door.AllowedProduct(product="001", money_left_minor=5,
                                 volume_left_decimal=Decimal("2.000")),
        json_door.AllowedProduct(product="002"))
    assert (decision.fuel_volume_decimal, decision.prompts) == (Decimal("1.500"), ("job",))
    assert decision.prices[0].unit_price == Decimal("1.449")

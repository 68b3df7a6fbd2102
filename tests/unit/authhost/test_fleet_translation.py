"""What fleets say in both editions of ISO 8583: prompts, second card, returns, increments, rest."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import iso
from authhost.model import Allowed, Answer, ContractPrice, Item, Kind, Part, Prompted
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import Refusal, TotalLine, card_ref
from authhost.translate.iso87 import Iso87
from iso import Message
from iso.subfields import Hidden, Left, Prompt, Purchase, SaleItem
from iso.subfields.rest import read_rest
from iso.subfields.shift import read_shift, write_shift

NOW_US = int(datetime(2026, 7, 23, 10, tzinfo=UTC).timestamp()) * 1_000_000
PAN, OTHER = "7801310000009999490", "7801310000000000013"
PLACE = {11: "000022", 12: "260723101112", 32: "280131", 41: "T1      "}
SALE = {2: PAN, 3: "000000", 4: "000000000300", **PLACE, 14: "3012", 49: "978"}
SALE87 = {**SALE, 12: "101112", 13: "0723"}
NAMED = "1200000021260723101000"
NAMED87 = "0200000021" + "0" * 10 + "0" * 22
FIELDS = {"ifsf": SALE, "ops": SALE, "x9tg23": SALE, "iso87": SALE87}


@pytest.fixture(params=sorted(FIELDS))
def translator(request, fingerprint_key):
    return made(request.param, fingerprint_key)


@pytest.fixture
def ifsf(fingerprint_key):
    return made("ifsf", fingerprint_key)


def made(name, fingerprint_key):
    kind = Iso87 if name == "iso87" else Fuel93
    return kind(iso.get(name), fingerprint_key, 3_600_000_000)


def ref(number):
    return None if number is None else card_ref(
        hashlib.sha256(number[0].encode()).digest(), *number)


def message(translator, mti, more):
    """Through the codec and back, as a door would; the MTI is 1993's."""
    profile = translator.profile
    fields = {**FIELDS[profile.name], **more}
    raw = Message(profile.version + mti[1:], dict(sorted(
        (number, value) for number, value in fields.items() if value is not None)))
    return profile.codec.decode(profile.codec.encode(raw))


def read(translator, mti, more):
    there = message(translator, mti, more)
    return translator.incoming(there, 5, NOW_US, ref(translator.number(there)),
                               ref(translator.second_number(there)))


def original(translator, kind="1200"):
    """The field that names an original, in the translator's edition."""
    if translator.profile.name == "iso87":
        return {90: f"0{kind[1:]}" + NAMED87[4:]}
    return {56: kind + NAMED[4:]}


def increment(translator):
    function = translator.profile.fleet.function
    return {function: "106", **original(translator, "1100")}


def control(translator, values):
    return {48: translator.profile.encode_control(values)}


def goods(translator, *items):
    """Field 63 of (product, unit, quantity, amount in minor units)."""
    layout = translator.profile.purchase_layout
    columns = {name for names in layout.columns for name in names}
    return {63: translator.profile.encode_purchase(Purchase("S", tuple(
        SaleItem(product, unit, Decimal(quantity), Decimal("1.5"), Decimal(minor).scaleb(-2),
                 tax_code="1" if "tax_code" in columns else "",
                 payment_type="1" if "payment_type" in columns else "")
        for product, unit, quantity, minor in items),
        "0" * dict(layout.head).get("format_id", 0)))}


def said(translator, answer, mti="1200", more=None, **told):
    there = message(translator, mti, more or {})
    return translator.profile.codec.decode(translator.answer(there, answer, **told)).fields


def test_prompts_by_their_types(translator):
    request = read(translator, "1200", control(translator, {8: (
        Prompt("4", "0123456"), Prompt("C", "77"), Prompt("3", "4711"), Prompt("1", "LJ 1"),
        Prompt("b", "T9"), Prompt("U", "J1"), Prompt("9", "PO5"), Prompt("8", "WO6"),
        Prompt("V", "who"))}))
    assert request.prompted == Prompted(
        odometer="123456", engine_hours="77", driver_number="4711", vehicle_number="LJ 1",
        trailer="T9", job="J1", order_number="PO5")
    detail = json.loads(request.detail)
    assert detail["odometer"] == detail["prompts"]["odometer"] == "123456"
    assert detail["prompts"]["driver_number"] == "4711"
    assert read(translator, "1200", {}).prompted == Prompted()


@pytest.mark.invariant(15)
def test_a_card_at_a_prompt_is_not_kept(translator):
    request = read(translator, "1200", control(translator, {
        8: (Prompt("3", OTHER), Prompt("4", PAN))}))
    assert request.prompted == Prompted(unreadable=("driver_number", "odometer"))
    assert OTHER not in repr(request) + request.detail


@pytest.mark.invariant(15)
@pytest.mark.parametrize("mti", ["1200", "1100", "1220"])
def test_a_second_card_is_checked_beside_the_first(translator, mti):
    request = read(translator, mti, control(translator, {9: Hidden(f"{OTHER}=3011")}))
    assert request.card == ref((PAN, "3012"))
    assert request.second == ref((OTHER, "3011"))
    assert json.loads(request.detail)["second_card"] == "780131*********0013"
    assert OTHER not in repr(request) + request.detail
    alone = read(translator, mti, {})
    assert alone.second is None
    assert alone.fingerprint != request.fingerprint


@pytest.mark.parametrize("track", ["x", f"{OTHER}=30", "=3011"])
def test_a_second_card_that_is_none_is_refused_by_name(translator, track):
    with pytest.raises(Refusal) as refusal:
        read(translator, "1200", control(translator, {9: Hidden(track)}))
    assert refusal.value.where == "field 48.9"


def test_no_second_card(translator):
    assert translator.second_number(message(translator, "1200", {})) is None
    empty = message(translator, "1200", control(translator, {9: Hidden("")}))
    assert translator.second_number(empty) is None
    told = message(translator, "1420", control(translator, {9: Hidden(f"{OTHER}=3011")}))
    assert translator.second_number(told) is None


def test_how_the_number_came(translator):
    key, chip = ("011", "051") if translator.profile.name == "iso87" else (
        "B00101600145", "B00101500145")
    typed, read_in = read(translator, "1200", {22: key}), read(translator, "1200", {22: chip})
    assert (typed.key_entered, json.loads(typed.detail)["entry"]) == (True, "key")
    assert (read_in.key_entered, json.loads(read_in.detail)["entry"]) == (False, "chip")
    assert "entry" not in json.loads(read(translator, "1200", {}).detail)


def test_items_and_their_parts(translator):
    request = read(translator, "1200", goods(
        translator, ("001", "L", "1.5", 225), ("905", "U", "1", -25), ("001", "L", "0.5", 75),
        ("411", "U", "1", 25)))
    assert request.products == ("001", "905", "001", "411")
    assert request.parts == (Part("001", 300, 2_000), Part("905", -25, 0), Part("411", 25, 0))
    assert request.items[1] == Item("905", "U", Decimal(1), Decimal("1.5"), -25)
    assert (request.volume_ml, request.wrong) == (2_000, "")
    assert sum(part.volume for part in request.parts) == request.volume_ml
    [first, *_] = json.loads(request.detail)["items"]
    assert first == {"product": "001", "unit": "L", "quantity": "1.5", "unit_price": "1.5",
                     "amount_minor": 225}


@pytest.mark.parametrize(("unit", "quantity", "volume_ml"), [
    ("L", "0.0005", 0), ("L", "0.0015", 2), ("G", "1", 3_785), ("I", "1", 4_546), ("K", "5", 0)])
def test_a_line_is_rounded_to_a_millilitre(ifsf, unit, quantity, volume_ml):
    line = ("001", unit, quantity, 150)
    request = read(ifsf, "1200", goods(ifsf, line, line))
    assert (request.volume_ml, request.parts) == (2 * volume_ml,
                                                  (Part("001", 300, 2 * volume_ml),))


@pytest.mark.parametrize(("mti", "more", "wrong"), [
    ("1200", {}, "items_sum"), ("1220", {24: "200"}, "items_sum"),
    ("1220", {24: "201"}, "items_sum"), ("1100", {}, "items_sum"), ("1200", {3: "200000"},
                                                                    "items_sum")])
def test_items_that_are_not_the_amount(ifsf, mti, more, wrong):
    named = {56: NAMED} if 3 in more else {}
    assert read(ifsf, mti, {**goods(ifsf, ("001", "L", "1", 299)), **more, **named}).wrong == wrong
    assert not read(ifsf, mti, {**goods(ifsf, ("001", "L", "1", 300)), **more, **named}).wrong


def test_a_hold_for_one_of_several_products(translator):
    request = read(translator, "1100", goods(
        translator, ("001", "L", "0", 0), ("019", "L", "50", 0)))
    assert request.kind is Kind.PREAUTHORIZATION
    assert (request.wrong, request.parts) == (
        "", (Part("001", 300, 0), Part("019", 300, 50_000)))
    assert (request.volume_open, request.amount_open, request.wants_rest) == (False, False, True)


def test_a_hold_that_knows_nothing_yet(translator):
    request = read(translator, "1100", {4: "0" * 12, translator.profile.fleet.function: "101"})
    assert (request.volume_open, request.amount_open, request.wants_rest) == (True, True, True)
    assert request.parts == ()
    some = read(translator, "1100", goods(translator, ("001", "L", "0", 0)))
    assert (some.volume_open, some.amount_open) == (True, False)


def test_a_sale_asks_what_is_left_with_field_62(translator):
    wanted = {62: translator.profile.encode_products(iso.subfields.Products((), "0", ""))}
    assert read(translator, "1200", wanted).wants_rest
    assert not read(translator, "1220", wanted).wants_rest
    plain = read(translator, "1200", {})
    assert (plain.wants_rest, plain.volume_open, plain.amount_open) == (False, False, False)


def test_goods_come_back_with_their_sale(translator):
    back = read(translator, "1200", {3: "200000", **original(translator)})
    assert (back.kind, back.advice) == (Kind.RETURN, False)
    assert back.key == "280131/T1/20/20260723/000022"
    assert back.original.keys[0] == "280131/T1/20/20260723/000021"
    by_code = read(translator, "1200", {3: "209999", 38: "123456"})
    assert (by_code.original.keys, by_code.original.approval_code) == ((), "123456")
    sale = read(translator, "1200", {})
    assert sale.key == back.key
    assert len({sale.fingerprint, back.fingerprint, by_code.fingerprint}) == 3
    other = original(translator)
    other = {number: text.replace("000021", "000020") for number, text in other.items()}
    assert read(translator, "1200", {3: "200000", **other}).fingerprint != back.fingerprint


def test_a_hold_is_raised(translator):
    more = read(translator, "1100", increment(translator))
    assert (more.kind, more.advice, more.amount_open, more.volume_open) == (
        Kind.INCREMENT, False, False, False)
    assert more.original.keys[0] == "280131/T1/10/20260723/000021"
    assert (more.expires_at_us, more.wants_rest) == (NOW_US + 3_600_000_000, True)
    hold = read(translator, "1100", {})
    assert (hold.key, hold.kind) == (more.key, Kind.PREAUTHORIZATION)
    assert hold.fingerprint != more.fingerprint


@pytest.mark.parametrize("back", [True, False])
def test_what_it_is_about_must_be_said(translator, back):
    function = translator.profile.fleet.function
    bare = {3: "200000"} if back else {function: "107"}
    named = 90 if translator.profile.name == "iso87" else 56
    mti = "1200" if back else "1100"
    for more in ({}, {38: "      "}):
        with pytest.raises(Refusal) as refusal:
            read(translator, mti, {**bare, **more})
        assert refusal.value.where == f"field {named}"
    with pytest.raises(Refusal) as refusal:
        read(translator, mti, {**bare, 38: "123456", 4: "0" * 12})
    assert refusal.value.where == "field 4"


def test_goods_do_not_come_back_by_an_advice(translator):
    with pytest.raises(Refusal) as refusal:
        read(translator, "1220", {3: "200000", **original(translator)})
    assert refusal.value.where == "field 3"


def test_1987s_private_60_is_not_always_a_function(fingerprint_key):
    old = made("iso87", fingerprint_key)
    assert read(old, "1100", {60: "whatever", 24: "106"}).kind is Kind.PREAUTHORIZATION
    assert read(old, "1220", {60: "201"}).kind is Kind.COMPLETION


@pytest.mark.parametrize(("action", "code"), [("184", "57"), ("185", "57")])
def test_1987_has_a_code_for_a_wrong_prompt(fingerprint_key, action, code):
    old = made("iso87", fingerprint_key)
    assert said(old, Answer(action=action, reason="prompt_wrong:job"))[39] == code


def test_an_answer_lists_what_may_be_sold_and_what_is_left(translator):
    answer = Answer(action="000", reason="approved", amount_minor=300, volume_ml=45_250, allowed=(
        Allowed("001", 1_250, 8_000), Allowed("002"), Allowed("a long code"), Allowed("003", -5)))
    allowed = translator.profile.products(said(translator, answer, "1100")[62])
    wide = ("a long code",) if translator.profile.name == "ops" else ()
    assert allowed.codes == ("001", "002", *wide, "003")
    assert read_rest(allowed.text) == (
        Left("*", None, Decimal("45.250")), Left("001", Decimal("12.50"), Decimal("8.000")),
        Left("003", Decimal(0)))


def test_nothing_may_be_sold_and_nobody_asked_are_two_answers(translator):
    nothing = said(translator, Answer(action="000", reason="approved", allowed=()))
    assert translator.profile.products(nothing[62]).codes == ()
    assert 62 not in said(translator, Answer(action="000", reason="approved"))


def test_more_products_than_find_room(translator):
    answer = Answer(action="000", reason="approved", allowed=tuple(
        Allowed(f"{number:03}", 10**11) for number in range(400)))
    codes = translator.profile.products(said(translator, answer)[62]).codes
    assert codes == tuple(f"{number:03}" for number in range(len(codes)))
    assert len(codes) == (25 if translator.profile.name == "ops" else 33)


def test_an_answer_asks_prompts_again(translator):
    answer = Answer(action="185", reason="prompt_missing:odometer",
                    prompts=("odometer", "driver_number", "order_number"))
    batch = control(translator, {4: "0000123456"})
    told = said(translator, answer, more=batch)
    spoken = translator.profile.control(told[48])
    assert spoken.pop(8) == (Prompt("4", ""), Prompt("3", ""), Prompt("8", ""))
    assert spoken == ({4: "0000123456"} if translator.profile.echoes_batch else {})
    assert told[44] == "prompt_missing:odometer"


def test_contract_prices_are_items_of_the_answer(translator):
    sold = goods(translator, ("001", "L", "1.5", 225), ("001", "L", "0.5", 75))
    prices = (ContractPrice("001", "1.44999", 290, "C1", 3),
              ContractPrice("777", "0.5", 50, "C1", 3))
    answer = Answer(action="000", reason="approved", prices=prices)
    first, second = translator.profile.purchase(said(translator, answer, "1220", sold)[63]).items
    assert (first.product, first.unit, first.quantity, first.unit_price, first.amount) == (
        "001", "L", Decimal("2.0"), Decimal("1.4500"), Decimal("2.90"))
    assert (second.product, second.unit, second.quantity, second.amount) == (
        "777", "O", Decimal(0), Decimal("0.50"))
    bare = said(translator, answer, "1220")
    assert [item.unit for item in translator.profile.purchase(bare[63]).items] == ["O", "O"]


def test_a_price_that_the_form_cannot_carry_leaves_the_answer_whole(translator):
    price = ContractPrice("a" * 40, "1", 1, "C", 1)
    answer = Answer(action="000", reason="approved", prices=(price,))
    told = said(translator, answer)
    assert told[39] in {"000", "00"}
    assert 63 not in told


LINE = TotalLine("fleet", "001", "sale", 3, 12_345, 45_678)


def test_a_shifts_totals_go_in_and_what_differs_comes_back(translator):
    elements = translator.profile.fleet.totals
    lines = (LINE,) * 60
    asked = read(translator, "1520", {2: None, 14: None, **write_shift(lines, elements)})
    assert asked.lines == lines
    bare = read(translator, "1520", {2: None, 14: None})
    assert bare.lines == ()
    assert bare.request.fingerprint != asked.request.fingerprint
    told = said(translator, Answer(action="501", reason="totals_differ", totals=(1, 2, 3, 4)),
                "1520", lines=(LINE,) * 500)
    back = read_shift(told, elements)
    assert set(back) == {LINE}
    assert 60 < len(back) < 500


def test_totals_that_are_none_are_refused_by_name(ifsf):
    with pytest.raises(Refusal, match=r"field 124\.line\[1\]"):
        read(ifsf, "1520", {124: "001a\\b\\S\\x"})


@pytest.mark.parametrize("text", ["02\\VISA\\17\\4500/MC\\3\\100", "001x", "any text", "000"])
def test_totals_in_a_networks_own_form_are_no_fault(translator, text):
    element = translator.profile.fleet.totals[0]
    assert read(translator, "1520", {2: None, 14: None, element: text}).lines == ()

"""What fleets say in JSON: Stripe's names, second card, returns, increments, what is left."""

import json
from decimal import Decimal

import msgspec
import pytest

from authhost.doors.openapi import document
from authhost.model import Allowed, Answer, ContractPrice, Kind, Part, Prompted
from authhost.translate import bodies
from authhost.translate.incoming import Refusal, card_ref
from authhost.translate.json_door import Context, JsonTranslator

SALE = {"terminal_id": "T1", "sequence": "22", "local_time": "2026-07-23T10:11",
        "card": {"pan": "7801310000009999490", "expiry": "3012"},
        "amount_minor": 300, "currency": "EUR"}
ITEM = {"product": "001", "quantity": "2", "unit_price": "1.50", "amount_minor": 300}
FUEL = {"industry_product_code": "001", "quantity_decimal": "2", "unit_cost_decimal": "149.9"}
CARD = card_ref(b"h" * 32, "7801310000009999490", "3012")
OTHER = card_ref(b"o" * 32, "7801310000000000013", "3011")
CONTEXT = Context("280131", "key", "T1", 5, 1_000, 2_000)
NAMED = {"sequence": "21", "local_date": "2026-07-22"}
BODIES = {Kind.SALE: bodies.Sale, Kind.OFFLINE_SALE: bodies.Sale, Kind.RETURN: bodies.Return,
          Kind.PREAUTHORIZATION: bodies.Preauthorization, Kind.COMPLETION: bodies.Completion}


@pytest.fixture
def translator(fingerprint_key):
    return JsonTranslator(fingerprint_key)


@pytest.fixture
def read(translator):
    def make(kind=Kind.SALE, second=None, **more):
        body = msgspec.json.decode(json.dumps(SALE | more), type=BODIES[kind])
        return translator.sale(body, kind, CONTEXT, CARD, second)
    return make


def prompts(**answers):
    return {"cardholder_prompt_data": answers}


def test_prompts_by_stripes_names(read):
    request = read(fleet=prompts(driver_id="0042", odometer=123, vehicle_number="LJ 1", trailer="T",
                                 engine_hours=7, job="J", order_number="PO"))
    assert request.prompted == Prompted(
        odometer="123", driver_number="0042", vehicle_number="LJ 1", trailer="T", engine_hours="7",
        job="J", order_number="PO")
    assert json.loads(request.detail)["prompts"]["driver_number"] == "0042"


@pytest.mark.parametrize("more", [{"odometer": 123}, {"fleet": prompts(odometer=123)},
                                  {"odometer": 123, "fleet": prompts(odometer=123)},
                                  {"odometer": 123, "fleet": {"purchase_type": "fuel_purchase"}}])
def test_the_odometer_may_be_told_by_itself(read, more):
    assert read(**more).prompted == Prompted(odometer="123")
    assert json.loads(read(**more).detail)["odometer"] == "123"


def test_two_odometers_are_none(read):
    with pytest.raises(Refusal, match="odometer: is not the one"):
        read(odometer=1, fleet=prompts(odometer=2))


@pytest.mark.invariant(15)
def test_a_card_at_a_prompt_is_not_kept(read):
    request = read(fleet=prompts(driver_id=SALE["card"]["pan"], job="x" * 21))
    assert request.prompted == Prompted(unreadable=("driver_number", "job"))
    assert SALE["card"]["pan"] not in repr(request)
    body = msgspec.json.decode(json.dumps(SALE | {"fleet": prompts(driver_id="4711")}),
                               type=bodies.Sale)
    assert "4711" not in repr(body)


def test_what_only_describes_goes_into_the_detail(read):
    detail = json.loads(read(fuel=FUEL | {"type": "diesel"}, entry="chip", fleet={
        "purchase_type": "fuel_purchase", "service_type": "self_service"}).detail)
    assert {name: detail[name] for name in (
        "purchase_type", "service_type", "fuel_type", "entry")} == {
            "purchase_type": "fuel_purchase", "service_type": "self_service",
            "fuel_type": "diesel", "entry": "chip"}
    assert json.loads(read(Kind.OFFLINE_SALE).detail)["offline"] is True
    assert set(json.loads(read().detail)) == {"stan"}


def test_a_fuel_is_the_one_item(read):
    request = read(fuel=FUEL)
    assert (request.products, request.volume_ml, request.parts, request.wrong) == (
        ("001",), 2_000, (Part("001", 300, 2_000),), "")
    assert request.items[0].unit_price == Decimal("1.499")
    gallon = read(fuel=FUEL | {"unit": "us_gallon"})
    assert (gallon.items[0].unit, gallon.volume_ml) == ("G", 7_571)
    same = read(items=[ITEM | {"unit_price": "1.499"}])
    assert (request.fingerprint, request.items) == (same.fingerprint, same.items)


@pytest.mark.parametrize(("more", "where"), [
    ({"fuel": FUEL, "items": [ITEM]}, "fuel"),
    ({"fuel": FUEL | {"unit_cost_decimal": "0.001"}}, "fuel.unit_cost_decimal"),
    ({"fuel": FUEL | {"unit_cost_decimal": "sNaN"}}, "fuel.unit_cost_decimal"),
    ({"fuel": FUEL | {"unit_cost_decimal": "Infinity"}}, "fuel.unit_cost_decimal"),
    ({"fuel": FUEL | {"quantity_decimal": "-1"}}, "fuel.quantity_decimal"),
    ({"fuel": FUEL | {"quantity_decimal": "NaN"}}, "fuel.quantity_decimal")])
def test_a_fuel_that_no_pump_shows(read, more, where):
    with pytest.raises(Refusal) as refusal:
        read(**more)
    assert refusal.value.where == where


@pytest.mark.parametrize("more", [
    {"fleet": prompts(unspecified_id="1")}, {"fleet": prompts(odometer="1")},
    {"fleet": prompts(odometer=10**8)}, {"fleet": prompts(driver_id="a\n")},
    {"fleet": {"purchase_type": "x"}}, {"fuel": {"quantity_decimal": "1"}},
    {"fuel": FUEL | {"unit": "pint"}}, {"entry": "typed"}, {"rest": 1},
    {"second_card": {"pan": "1", "expiry": "3012"}}])
def test_what_a_body_may_not_hold(read, more):
    with pytest.raises(msgspec.ValidationError):
        read(**more)


@pytest.mark.invariant(15)
def test_a_second_card(read):
    request = read(second=OTHER)
    assert (request.card, request.second) == (CARD, OTHER)
    assert json.loads(request.detail)["second_card"] == "780131*********0013"
    assert request.fingerprint != read().fingerprint


def test_how_the_number_came(read):
    assert read(entry="key").key_entered
    assert not read(entry="stripe").key_entered


@pytest.mark.parametrize(("more", "keys", "code"), [
    ({"original": NAMED | {"kind": "sale"}}, ("280131/T1/20/20260722/21",), ""),
    ({"original": NAMED | {"kind": "completion"}, "approval_code": "12"},
     ("280131/T1/22/20260722/21",), "12"),
    ({"approval_code": "123456"}, (), "123456")])
def test_goods_come_back(read, more, keys, code):
    request = read(Kind.RETURN, **more)
    assert (request.kind, request.advice, request.key) == (
        Kind.RETURN, False, "280131/T1/20/20260723/22")
    assert (request.original.keys, request.original.approval_code) == (keys, code)
    assert request.fingerprint != read().fingerprint


def test_a_hold_is_raised(read):
    request = read(Kind.PREAUTHORIZATION, original=NAMED)
    assert (request.kind, request.original.keys, request.expires_at_us) == (
        Kind.INCREMENT, ("280131/T1/10/20260722/21",), 3_000)
    assert (request.wants_rest, request.volume_open) == (True, False)
    by_code = read(Kind.PREAUTHORIZATION, approval_code="123456")
    assert (by_code.kind, by_code.original.keys) == (Kind.INCREMENT, ())


@pytest.mark.parametrize(("kind", "more", "where"), [
    (Kind.RETURN, {}, "original"),
    (Kind.RETURN, {"approval_code": "1", "amount_minor": 0}, "amount_minor"),
    (Kind.PREAUTHORIZATION, {"original": NAMED, "amount_minor": 0}, "amount_minor"),
    (Kind.RETURN, {"original": NAMED | {"kind": "sale", "local_date": "2026-02-30"}},
     "original.local_date")])
def test_what_it_is_about_must_be_said(read, kind, more, where):
    with pytest.raises(Refusal) as refusal:
        read(kind, **more)
    assert refusal.value.where == where


def test_a_hold_that_knows_nothing_yet(read):
    request = read(Kind.PREAUTHORIZATION, amount_minor=0)
    assert (request.kind, request.original) == (Kind.PREAUTHORIZATION, None)
    assert (request.amount_open, request.volume_open, request.wants_rest) == (True, True, True)
    known = read(Kind.PREAUTHORIZATION, items=[ITEM | {"amount_minor": 0}])
    assert (known.amount_open, known.volume_open, known.wrong) == (False, False, "")
    assert known.parts == (Part("001", 300, 2_000),)


def test_the_rest_is_asked_for(read):
    assert read(rest=True).wants_rest
    assert not read().wants_rest
    assert not read(Kind.OFFLINE_SALE, rest=True).wants_rest


def test_an_answer_says_what_is_left_what_to_ask_and_what_it_costs(read, translator):
    said = json.loads(translator.answer(read(), Answer(
        action="000", reason="approved", volume_ml=45_250, prompts=("odometer",),
        allowed=(Allowed("001", 1_250, 8_000), Allowed("002")),
        prices=(ContractPrice("001", "1.449", 290, "C1", 3),))))
    assert said["allowed"] == [
        {"product": "001", "money_left_minor": 1_250, "volume_left_decimal": "8.000"},
        {"product": "002"}]
    assert (said["fuel_volume_decimal"], said["prompts"]) == ("45.250", ["odometer"])
    assert said["prices"] == [{"product": "001", "unit_price": "1.449", "amount_minor": 290,
                               "contract": "C1", "version": 3}]
    nothing = json.loads(translator.answer(read(), Answer(action="000", reason="", allowed=())))
    assert nothing["allowed"] == []
    plain = json.loads(translator.answer(read(), Answer(action="000", reason="approved")))
    assert {"allowed", "fuel_volume_decimal", "prompts", "prices"}.isdisjoint(plain)


def test_the_description_has_it_all():
    described = document()
    assert "/v1/returns" in described["paths"]
    schemas = described["components"]["schemas"]
    assert {"FleetData", "PromptData", "Fuel", "Return", "Preauthorization",
            "AllowedProduct"} <= set(schemas)
    assert "allowed" in schemas["Decision"]["properties"]

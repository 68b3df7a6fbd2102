"""One content over every dialect: one key, one fingerprint, one request but for its door."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iso
from authhost.model import CardRef, Kind
from authhost.translate import bodies
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import card_ref
from authhost.translate.iso87 import Iso87
from authhost.translate.json_door import Context, JsonTranslator
from iso import Message
from iso.subfields import Hidden, Products, Prompt, Purchase, SaleItem

NOW_US = int(datetime(2026, 7, 23, 10, tzinfo=UTC).timestamp()) * 1_000_000
HOLD_US = 3_600_000_000
PANS = ("7801310000009999490", "7801310000000000013")
KEY = b"f" * 32
CONTEXT = Context("280131", "key", "T1", 5, NOW_US, HOLD_US)
OLD = Iso87(iso.get("iso87"), KEY, HOLD_US)
ISO = [Fuel93(iso.get(name), KEY, HOLD_US) for name in ("ifsf", "ops", "x9tg23")] + [OLD]
BODIES = {Kind.SALE: bodies.Sale, Kind.OFFLINE_SALE: bodies.Sale, Kind.RETURN: bodies.Return,
          Kind.PREAUTHORIZATION: bodies.Preauthorization, Kind.INCREMENT: bodies.Preauthorization,
          Kind.COMPLETION: bodies.Completion}
MTI = {Kind.SALE: "200", Kind.RETURN: "200", Kind.PREAUTHORIZATION: "100", Kind.INCREMENT: "100",
       Kind.COMPLETION: "220", Kind.OFFLINE_SALE: "220"}
FUNCTION = {Kind.INCREMENT: "106", Kind.COMPLETION: "201", Kind.OFFLINE_SALE: "200"}
ENTRIES = {"chip": ("B00101500145", "051"), "stripe": ("B00101200145", "021"),
           "key": ("B00101600145", "011")}
TYPES = {"4": "odometer", "C": "engine_hours", "3": "driver_id", "1": "vehicle_number",
         "b": "trailer", "U": "job", "8": "order_number"}
# What a message has beside its content: where it came in, and how a repeat of it is known.
OF_THE_DOOR = ("door", "alias", "repeat", "merchant_id", "partial_ok")

QUANTITIES = st.decimals(0, 999, places=3)
ITEMS = st.lists(st.tuples(
    st.sampled_from(("001", "019", "411", "905")), st.sampled_from("LGIU"), QUANTITIES,
    st.decimals(0, 9, places=3), st.integers(-500, 5_000)), max_size=5)
TEXTS = st.text("0123456789 -ABZ", max_size=24) | st.sampled_from(PANS)
PROMPTS = st.fixed_dictionaries({}, optional={
    "4": st.integers(0, 10**8 - 1), "C": st.integers(0, 10**6 - 1), "3": TEXTS, "1": TEXTS,
    "b": TEXTS, "U": TEXTS, "8": TEXTS})
CONTENTS = st.fixed_dictionaries({
    "kind": st.sampled_from(list(BODIES)), "amount": st.integers(1, 20_000), "items": ITEMS,
    "prompts": PROMPTS, "second": st.booleans(), "entry": st.sampled_from((None, *ENTRIES)),
    "rest": st.booleans(), "code": st.sampled_from(("", "123456")), "named": st.booleans()})


def ref(number) -> CardRef | None:
    return None if number is None else card_ref(
        hashlib.sha256(number[0].encode()).digest(), *number)


def items_of(content, translator):
    layout = translator.profile.purchase_layout
    columns = {name for names in layout.columns for name in names}
    return translator.profile.encode_purchase(Purchase("S", tuple(
        SaleItem(product, unit, quantity, price, Decimal(minor).scaleb(-2),
                 tax_code="1" if "tax_code" in columns else "",
                 payment_type="1" if "payment_type" in columns else "")
        for product, unit, quantity, price, minor in content["items"]),
        "0" * dict(layout.head).get("format_id", 0)))


def in_iso(content, translator):
    """The request that an ISO dialect makes of a content, through its codec."""
    profile, kind = translator.profile, content["kind"]
    old = profile.version == "0"
    fields = {2: PANS[0], 3: "200000" if kind is Kind.RETURN else "000000",
              4: f"{content['amount']:012d}", 11: "000022", 14: "3012", 32: "280131",
              41: "T1      ", 49: "978"}
    fields |= {12: "101112", 13: "0723"} if old else {12: "260723101112"}
    if kind in FUNCTION:
        fields[profile.fleet.function] = FUNCTION[kind]
    if content["entry"]:
        fields[22] = ENTRIES[content["entry"]][old]
    spoken = {}
    if content["prompts"]:
        spoken[8] = tuple(Prompt(kind, str(value)) for kind, value in content["prompts"].items())
    if content["second"]:
        spoken[9] = Hidden(f"{PANS[1]}=3011")
    if spoken:
        fields[48] = profile.encode_control(spoken)
    if content["rest"]:
        fields[62] = profile.encode_products(Products((), "0", ""))
    if content["items"]:
        fields[63] = items_of(content, translator)
    if kind in (Kind.RETURN, Kind.INCREMENT, Kind.COMPLETION):
        mti = "200" if kind is Kind.RETURN else "100"
        if content["named"]:
            fields |= {90: f"0{mti}000021" + "0" * 32} if old else {
                56: f"1{mti}000021260723101000"}
        if content["code"]:
            fields[38] = content["code"]
    raw = Message(profile.version + MTI[kind], dict(sorted(fields.items())))
    message = profile.codec.decode(profile.codec.encode(raw))
    return translator.incoming(message, 5, NOW_US, ref(translator.number(message)),
                               ref(translator.second_number(message)))


def in_json(content):
    kind = content["kind"]
    typed = {TYPES[name]: value for name, value in content["prompts"].items()}
    body = {"terminal_id": "T1", "sequence": "000022", "local_time": "2026-07-23T10:11:12",
            "card": {"pan": PANS[0], "expiry": "3012"}, "amount_minor": content["amount"],
            "currency": "EUR", "rest": content["rest"], "entry": content["entry"],
            "items": [{"product": product, "unit": unit, "quantity": str(quantity),
                       "unit_price": str(price), "amount_minor": minor}
                      for product, unit, quantity, price, minor in content["items"]]}
    if typed:
        body["fleet"] = {"cardholder_prompt_data": typed}
    if content["second"]:
        body["second_card"] = {"pan": PANS[1], "expiry": "3011"}
    if kind in (Kind.RETURN, Kind.INCREMENT, Kind.COMPLETION):
        if content["named"]:
            body["original"] = {
                "kind": "sale" if kind is Kind.RETURN else "preauthorization",
                "sequence": "000021", "local_date": "2026-07-23"}
        body["approval_code"] = content["code"]
    read = msgspec.json.decode(json.dumps(body), type=BODIES[kind])
    asked = Kind.PREAUTHORIZATION if kind is Kind.INCREMENT else kind
    second = None if read.second_card is None else ref((PANS[1], "3011"))
    return JsonTranslator(KEY).sale(read, asked, CONTEXT, ref((PANS[0], "3012")), second)


def content_alone(request):
    kept = {name: getattr(request, name) for name in request.__struct_fields__
            if name not in OF_THE_DOOR}
    return kept | {"detail": json.loads(request.detail)}


@settings(max_examples=150, deadline=None)
@given(CONTENTS)
def test_one_content_is_one_request(content):
    if content["kind"] in (Kind.RETURN, Kind.INCREMENT) and not (
            content["code"] or content["named"]):
        content = content | {"named": True}
    expected = content_alone(in_json(content))
    assert expected["kind"] is content["kind"]
    for translator in ISO:
        assert content_alone(in_iso(content, translator)) == expected


@settings(max_examples=60, deadline=None)
@given(CONTENTS)
@pytest.mark.invariant(15)
def test_no_number_of_a_card_is_in_any_request(content):
    content = content | {"named": True}
    for request in (in_json(content), *(in_iso(content, one) for one in ISO)):
        text = repr(request)
        assert not any(pan in text for pan in PANS)


@settings(max_examples=60, deadline=None)
@given(CONTENTS)
def test_parts_are_the_whole(content):
    request = in_json(content | {"named": True})
    assert sum(part.volume for part in request.parts) == request.volume_ml
    assert {part.product for part in request.parts} == set(request.products)
    holds = request.kind in (Kind.PREAUTHORIZATION, Kind.INCREMENT)
    if not (holds or request.wrong) and request.parts:
        assert sum(part.money for part in request.parts) == request.amount_minor

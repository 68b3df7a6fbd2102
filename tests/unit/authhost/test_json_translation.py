"""JSON <-> the model, and that it makes the same request as ISO does."""

import json

import msgspec
import pytest

from authhost.model import Answer, Kind
from authhost.translate import bodies
from authhost.translate.incoming import Refusal, card_ref
from authhost.translate.json_door import Context, JsonTranslator, key_of, public_id

SALE = {"terminal_id": "T1", "sequence": "22", "local_time": "2026-07-23T10:11",
        "card": {"pan": "7801310000009999490", "expiry": "3012"},
        "amount_minor": 300, "currency": "EUR",
        "items": [{"product": "001", "quantity": "2", "unit_price": "1.50", "amount_minor": 300}]}
CARD = card_ref(b"h" * 32, "7801310000009999490", "3012")
CONTEXT = Context("280131", "key", "T1", 5, 1_000, 2_000)


@pytest.fixture
def translator(fingerprint_key):
    return JsonTranslator(fingerprint_key)


def body(kind, content):
    return msgspec.json.decode(json.dumps(content), type=kind)


@pytest.mark.parametrize(("kind", "number"), [(Kind.SALE, "20"), (Kind.PREAUTHORIZATION, "10"),
                                              (Kind.OFFLINE_SALE, "22")])
def test_a_sale(translator, kind, number):
    request = translator.sale(body(bodies.Sale, SALE), kind, CONTEXT, CARD)
    assert request.key == f"280131/T1/{number}/20260723/22"
    assert request.alias == "idempotency/T1/key"
    assert (request.volume_ml, request.products, request.wrong) == (2_000, ("001",), "")
    assert request.expires_at_us == (3_000 if number == "10" else 0)
    assert (request.original is not None) == (number == "22")
    assert SALE["card"]["pan"] not in repr(body(bodies.Sale, SALE)) + repr(request)


def test_items_that_do_not_add_up(translator):
    wrong = body(bodies.Sale, SALE | {"amount_minor": 299})
    request = translator.sale(wrong, Kind.SALE, CONTEXT, CARD)
    assert request.wrong == "items_sum"


@pytest.mark.parametrize(("number", "where"), [("1e9", "quantity"), ("-1", "quantity"),
                                               ("0.00001", "quantity"), ("NaN", "quantity"),
                                               ("Infinity", "quantity")])
def test_a_number_that_no_pump_shows(translator, number, where):
    content = SALE | {"items": [SALE["items"][0] | {"quantity": number}]}
    with pytest.raises(Refusal) as refusal:
        translator.sale(body(bodies.Sale, content), Kind.SALE, CONTEXT, CARD)
    assert refusal.value.where == f"items[0].{where}"


@pytest.mark.parametrize("more", [
    {"original": {"kind": "preauthorization", "sequence": "21", "local_date": "2026-07-22"}}, {}])
def test_a_completion_names_its_original_or_has_its_number(translator, more):
    request = translator.sale(body(bodies.Completion, SALE | more | {"approval_code": "123456"}),
                              Kind.COMPLETION, CONTEXT, CARD)
    assert request.original.keys[0] == (
        "280131/T1/10/20260722/21" if more else "280131/T1/10/20260723/22")
    assert request.original.approval_code == "123456"


def test_a_deposit_must_add_up(translator):
    content = {"terminal_id": "S1", "sequence": "1", "local_time": "2026-07-23T10:11",
               "amount_minor": 2_000, "currency": "EUR", "depositor": "Ana",
               "denominations": [{"value_minor": 1_000, "kind": "note", "count": 2}]}
    request = translator.deposit(body(bodies.Deposit, content), CONTEXT)
    assert (request.advice, request.amount_minor, request.kind) == (True, 2_000, Kind.DEPOSIT)
    with pytest.raises(Refusal, match="add up to 2000"):
        translator.deposit(body(bodies.Deposit, content | {"amount_minor": 1}), CONTEXT)


@pytest.mark.parametrize(("kind", "path", "value"), [
    (bodies.Sale, "terminal_id", "T1\n"), (bodies.Sale, "terminal_id", "T 1"),
    (bodies.Sale, "sequence", "1\n"), (bodies.Sale, "sequence", "1/2"),
    (bodies.Sale, "local_time", "2026-07-23T10:11\n"), (bodies.Sale, "currency", "EUR\n"),
    (bodies.Sale, "local_time", "\u0662\u0660\u0662\u0666-07-23T10:11"),
    (bodies.Sale, "amount_minor", 10**12 + 1), (bodies.Sale, "amount_minor", True),
    (bodies.Sale, "items", [SALE["items"][0]] * 100), (bodies.Sale, "unknown", 1),
])
def test_what_a_body_may_not_hold(kind, path, value):
    with pytest.raises(msgspec.ValidationError):
        body(kind, SALE | {path: value})


def test_an_answer_says_the_decision(translator):
    sale = translator.sale(body(bodies.Sale, SALE), Kind.SALE, CONTEXT, CARD)
    said = json.loads(translator.answer(sale, Answer(action="002", reason="limit", amount_minor=7)))
    assert (said["decision"], said["amount_minor"], said["decided_at"]) == (
        "partial", 7, "")


@pytest.mark.parametrize("identity", ["\u00e9", "A", "_w"])
def test_an_id_that_is_none(identity):
    assert key_of(identity) is None


def test_an_id_goes_both_ways():
    assert key_of(public_id("a/b/c")) == "a/b/c"

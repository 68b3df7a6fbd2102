"""JSON of safes <-> the model: keys by the device's own number, content, what is answered."""

import base64
import json

import msgspec
import pytest

from authhost.model import Action, Answer, Kind, Original
from authhost.translate import bodies, safe_bodies
from authhost.translate.deposits import counted, instant_of, number_keys
from authhost.translate.incoming import Refusal
from authhost.translate.json_door import Context, public_id
from authhost.translate.safes import SafeTranslator, authorization_key
from tests.support.safe_view import INSIDE, NOW_US

BODY = {
    "sequence": 31, "local_time": "2026-11-22T11:00:00", "amount_minor": 22_000, "currency": "EUR",
    "denominations": [{"value_minor": 5_000, "count": 4, "kind": "note", "category": "4a"},
                      {"value_minor": 1_000, "count": 2, "kind": "coin"}],
    "depositor": "ana", "cassette": INSIDE, "client": "2", "shift": "s2", "receipt": "000031",
    "reference_model": "SI00", "reference": "12-7"}
CONTEXT = Context("280131", "key", "S1", 5, NOW_US, 0)


@pytest.fixture
def translator(fingerprint_key):
    return SafeTranslator(fingerprint_key)


def body(shape, /, **more):
    return msgspec.json.decode(json.dumps({**BODY, **more}), type=shape)


def deposit(translator, **more):
    return translator.deposit("S1", body(safe_bodies.Deposit, **more), CONTEXT)


def test_a_deposit_has_the_devices_number_and_no_date_in_its_key(translator):
    first = deposit(translator)
    assert first.key == "280131/S1/21//000031"
    assert (first.kind, first.advice, first.door, first.original) \
        == (Kind.DEPOSIT, True, "safe", None)
    # The clock of the device was set: the same deposit all the same.
    again = deposit(translator, local_time="2026-11-23T09:00:00")
    assert (again.key, again.fingerprint) == (first.key, first.fingerprint)


@pytest.mark.parametrize("change", [
    {"amount_minor": 22_001}, {"currency": "CHF"}, {"client": ""}, {"account": "X"},
    {"depositor": "bob"}, {"cassette": ""}, {"shift": ""}, {"reference": ""},
    {"reference_model": ""}, {"kind": "envelope"}, {"denominations": []},
    {"denominations": [{"value_minor": 5_000, "count": 4, "kind": "note", "category": "4b"},
                       {"value_minor": 1_000, "count": 2, "kind": "coin"}]},
    {"suspects": [{"value_minor": 5_000, "currency": "EUR", "category": "2"}]}])
def test_other_content_has_another_fingerprint(translator, change):
    assert deposit(translator, **change).fingerprint != deposit(translator).fingerprint


def test_the_order_of_pieces_is_not_content(translator):
    turned = deposit(translator, denominations=BODY["denominations"][::-1])
    assert turned.fingerprint == deposit(translator).fingerprint


def test_the_detail_has_all_that_a_receipt_needs(translator):
    request = deposit(translator, rejected={"count": 2}, suspects=[
        {"value_minor": 5_000, "currency": "EUR", "category": "2", "serial": "X1"}])
    detail = json.loads(request.detail)
    assert {name: detail[name] for name in ("kind", "sequence", "client", "shift", "receipt",
                                            "rejected", "notes", "coins", "reference_model")} == {
        "kind": "cash", "sequence": 31, "client": "2", "shift": "s2", "receipt": "000031",
        "rejected": 2, "notes": 5, "coins": 2, "reference_model": "SI00"}
    assert detail["denominations"][1] == {"value_minor": 1_000, "kind": "coin", "count": 2}
    assert detail["suspects"][0]["serial"] == "X1"
    assert request.flags == ("suspects",)
    assert json.loads(deposit(translator, kind="cheque", cheque={"number": "7", "bank": "B"},
                              denominations=[]).detail)["cheque"] == {"number": "7", "bank": "B"}


def test_an_authorization_ends_by_itself_and_is_named_by_its_confirm(translator):
    asked = translator.authorization("S1", body(safe_bodies.Authorization, sequence=30), CONTEXT)
    assert (asked.key, asked.advice) == ("280131/S1/10//000030", False)
    assert asked.expires_at_us == NOW_US + 300_000_000
    said = json.loads(translator.answer(asked, Answer(action="000", reason="approved",
                                                      amount_minor=22_000)))
    assert said["decision"] == "approved"
    assert said["expires_at"] == "2026-11-22T10:05:00.000+00:00"
    confirm = deposit(translator, authorization=said["authorization"])
    assert confirm.original == Original((asked.key,))
    assert confirm.fingerprint == deposit(translator).fingerprint
    refused = json.loads(translator.answer(asked, Answer(action="119", reason="depositor")))
    assert (refused["decision"], "authorization" in refused) == ("declined", False)


@pytest.mark.parametrize("key", [
    "280131/S2/10//000030", "280131/S1/21//000030", "280131/S1/10//\x00", "280131/S1x/10//1"])
def test_an_authorization_of_somebody_else_is_none(translator, key):
    assert authorization_key(public_id(key), "280131", "S1") is None
    confirm = deposit(translator, authorization=public_id(key))
    assert (confirm.original, confirm.flags) == (None, ("authorization_unknown",))


def test_what_is_no_id_is_no_authorization():
    assert authorization_key("%%%", "280131", "S1") is None


def test_a_cancellation_is_a_reversal_of_what_was_held(translator):
    cancel = translator.cancellation("S1", safe_bodies.Cancellation(
        sequence=32, local_time="2026-11-22T11:00"), "280131/S1/10//000030", CONTEXT)
    assert (cancel.key, cancel.kind, cancel.advice) == ("280131/S1/42//000032", Kind.REVERSAL,
                                                        True)
    for action, said in ((Action.REVERSED, "cancelled"), (Action.ALREADY_REVERSED, "cancelled"),
                         (Action.NOTHING_TO_REVERSE, "declined")):
        answer = translator.answer(cancel, Answer(action=action, reason="x"))
        assert json.loads(answer)["decision"] == said


def test_a_withheld_credit_is_told_with_its_reasons(translator):
    answer = Answer(action="000", reason="approved",
                    flags=("suspects", "withheld:depositor",
                           "withheld:limit:account:balance:money"))
    said = json.loads(translator.answer(deposit(translator), answer))
    assert (said["decision"], said["withheld"]) == (
        "approved", ["depositor", "limit:account:balance:money"])
    parked = json.loads(translator.answer(deposit(translator),
                                          Answer(action="000", reason="parked")))
    assert parked["decision"] == "parked"


@pytest.mark.parametrize(("more", "where"), [
    ({"currency": "XXX"}, "currency"), ({"local_time": "2026-02-30T10:00:00"}, "local_time"),
    ({"local_time": "2026-11-22T25:00:00"}, "local_time")])
def test_what_cannot_be_meant_is_refused(translator, more, where):
    with pytest.raises(Refusal) as refused:
        deposit(translator, **more)
    assert refused.value.where == where


@pytest.mark.parametrize("day", ["2026-11-24", "2026-10-21"])
def test_an_authorization_is_asked_now_and_a_deposit_is_stored_whenever(translator, day):
    with pytest.raises(Refusal) as refused:
        translator.authorization(
            "S1", body(safe_bodies.Authorization, local_time=f"{day}T10:00"), CONTEXT)
    assert refused.value.where == "local_time"
    assert deposit(translator, local_time=f"{day}T10:00").advice


def test_the_text_that_a_client_signs(translator):
    signature = base64.b64encode(b"s" * 64).decode()
    told = deposit(translator, order={"signature": signature}).deposit
    assert told.order.split(b"\n") == [
        b"authhost deposit v1", b"S1", b"cash", b"22000", b"EUR", b"2", b"", b"SI00", b"12-7",
        b"ana", b"000031"]
    assert told.signature == b"s" * 64
    assert deposit(translator, order={"signature": "no base64"}).deposit.signature == b"\0"


def test_one_line_of_numbers_over_all_messages():
    assert list(number_keys("280131", "S/1", 1_000_000)) == [
        "280131/S%2F1/21//1000000", "280131/S%2F1/10//1000000", "280131/S%2F1/42//1000000"]


def test_a_device_that_knows_one_message():
    told = counted(msgspec.json.decode(json.dumps({
        "terminal_id": "S1", "sequence": "7", "local_time": "2026-11-22T11:00",
        "amount_minor": 2_000, "currency": "EUR", "depositor": "ana", "cassette": INSIDE,
        "denominations": [{"value_minor": 1_000, "kind": "note", "count": 2}]}),
        type=bodies.Deposit))
    assert (told.sequence, told.depositor, told.cassette) == (0, "ana", INSIDE)
    assert told.pieces[0].count == 2


def test_a_time_without_seconds_is_one():
    assert instant_of("2026-11-22T11:00").minute == 0

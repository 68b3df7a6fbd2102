"""The routes of payers' phones: lists, words, what is no word, and who may not speak."""

from __future__ import annotations

import msgspec
import pytest

from authhost.journal.entry import JournalUnavailable
from authhost.payments.life import State
from authhost.payments.ports import Busy, Silence
from tests.support.http_peer import files
from tests.support.phone_streams import Phones
from tests.support.rig import running

NOBODY = "a" * 26


@pytest.fixture(scope="module")
def phones(servers):
    with running(servers) as rig:
        made = Phones(rig)
        yield made
        made.close()


@pytest.fixture
def phone(phones):
    return phones.shop.phone()


def word(signer, asked, decision="approve", **more):
    """A word as a phone sends it."""
    return msgspec.to_builtins(signer.word(asked.shown, decision)) | more


def say(phones, asked, body):
    return phones.ask("POST", f"/v1/payments/{asked.payment_id}/word", body)


def listed(phones, signer):
    answer = phones.ask("GET", f"/v1/phones/%2B{signer.number[1:]}/payments")
    assert answer.status_code == 200
    return [(one["id"], one["state"]) for one in answer.json()]


def test_a_phone_that_was_away_reads_what_waits_and_what_became_of_the_rest(phones, phone):
    refused, waits, old = (phones.shop.ask(phone) for _ in range(3))
    phones.shop.ask(phones.shop.phone())
    say(phones, refused, word(phone, refused, "refuse"))
    say(phones, old, word(phone, old, "refuse"))
    phones.rig.sql("UPDATE payment SET changed_at = changed_at - interval '25 hours' "
                   "WHERE payment_id = $1", old.payment_id)
    assert listed(phones, phone) == [(waits.payment_id, "CREATED"),
                                     (refused.payment_id, "DECLINED_BY_PAYER")]
    phones.settled(waits, State.SENT)  # for it was handed over
    assert listed(phones, phone)[0] == (waits.payment_id, "SENT")
    phones.rig.sql("UPDATE payment SET expires_at = now() WHERE payment_id = $1",
                   waits.payment_id)
    assert listed(phones, phone) == [(refused.payment_id, "DECLINED_BY_PAYER")]


def test_what_is_listed_is_what_is_signed(phones, phone):
    asked = phones.shop.ask(phone, purpose="Ружа, 2 ком.", reference="Ä-1")
    [one] = phones.ask("GET", f"/v1/phones/{phone.number}/payments").json()
    assert {name: one[name] for name in ("merchant_id", "payee", "amount_minor", "currency",
                                         "purpose", "reference", "nonce")} == \
        {name: getattr(asked, name) for name in ("merchant_id", "payee", "amount_minor",
                                                 "currency", "purpose", "reference", "nonce")}


def test_the_head_of_a_list_hands_nothing_out(phones, phone):
    asked = phones.shop.ask(phone)
    answer = phones.ask("HEAD", f"/v1/phones/{phone.number}/payments")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert phones.shop.now(asked).now.state is State.CREATED


def test_a_word_and_the_same_one_again(phones, phone):
    asked = phones.shop.ask(phone)
    said = word(phone, asked)
    for _ in range(2):
        answer = say(phones, asked, said)
        assert (answer.status_code, answer.json()) == (
            200, {"id": asked.payment_id, "state": "SIGNED", "reason": ""})
    other = say(phones, asked, word(phone, asked, "refuse"))
    assert (other.status_code, other.json()["detail"]) == (409, "the payment is SIGNED")
    assert other.headers["content-type"] == "application/problem+json"


def test_a_phone_shows_a_request(phones, phone):
    asked = phones.shop.ask(phone)
    path = f"/v1/payments/{asked.payment_id}/opened"
    for _ in range(2):
        answer = phones.ask("POST", path, {"phone": phone.number})
        assert (answer.status_code, answer.content) == (204, b"")
    phones.settled(asked, State.OPENED)
    assert [event for event, _, _ in phones.shop.changes(asked)] == ["create", "open"]


def test_a_request_that_names_nobody_may_be_shown_by_anybody(phones, phone):
    asked = phones.shop.ask()
    answer = phones.ask("POST", f"/v1/payments/{asked.payment_id}/opened", {"phone": phone.number})
    assert answer.status_code == 204
    phones.settled(asked, State.OPENED)


def test_nobody_shows_anothers(phones, phone):
    other = phones.shop.phone()
    asked = phones.shop.ask(phone)
    answer = phones.ask("POST", f"/v1/payments/{asked.payment_id}/opened", {"phone": other.number})
    assert (answer.status_code, answer.json()["where"]) == (403, "phone")
    qr = phones.shop.ask(kind="qr")
    answer = phones.ask("POST", f"/v1/payments/{qr.payment_id}/opened", {"phone": phone.number})
    assert answer.status_code == 403
    assert phones.shop.now(asked).now.state is State.CREATED


@pytest.mark.parametrize(("more", "status", "where"), [
    ({"decision": "maybe"}, 422, "decision"), ({"phone": "041 234 567"}, 422, "phone"),
    ({"phone": "+38641234567\n"}, 422, "phone"), ({"serial": "XY"}, 422, "serial"),
    ({"serial": "0" * 41}, 422, "serial"), ({"signature": "A" * 173}, 422, "signature"),
    ({"signature": 7}, 422, "signature"), ({"signed_at": "x" * 41}, 422, "signed_at"),
    ({"amount_minor": 1}, 422, ""), ({"signature": "AAAA"}, 403, "signature"),
    ({"signature": "\0"}, 403, "signature"), ({"signed_at": "now"}, 422, "signed_at"),
    ({"signed_at": "2026-07-23\x0010:00:00Z"}, 422, "signed_at"),
    ({"signed_at": "2026-07-23T10:00:00Z\n"}, 422, "signed_at"),
    ({"signed_at": "0001-01-01T00:00:00+14:00"}, 403, "signed_at"),
    ({"signed_at": "9999-12-31T23:59:59-14:00"}, 403, "signed_at"),
    ({"serial": "ab"}, 403, "serial"), ({"phone": "+38640999999"}, 403, "phone")])
def test_what_is_no_word(phones, phone, more, status, where):
    asked = phones.shop.ask(phone)
    answer = say(phones, asked, word(phone, asked, **more))
    assert (answer.status_code, answer.json()["where"]) == (status, where)
    assert phones.shop.changes(asked) == [("create", "", "created")]


@pytest.mark.parametrize("payment", [NOBODY, "x", "%00", "%2F", "A" * 26, "ž" * 26, "a" * 9_000])
def test_no_such_payment(phones, phone, payment):
    asked = phones.shop.ask(phone)
    for path, body in (("word", word(phone, asked)), ("opened", {"phone": phone.number})):
        answer = phones.ask("POST", f"/v1/payments/{payment}/{path}", body)
        assert (answer.status_code, answer.json()["where"]) == (404, "id")


@pytest.mark.parametrize("number", ["%2B38640999999", "38640999999", "%00", "x", "%2B", "%2B1%0A"])
@pytest.mark.parametrize("path", ["payments", "events"])
def test_no_such_phone(phones, number, path):
    answer = phones.ask("GET", f"/v1/phones/{number}/{path}")
    assert (answer.status_code, answer.json()["where"]) == (404, "phone")


@pytest.mark.parametrize(("error", "status"), [
    (Busy("full"), 503), (Silence("who knows"), 504), (JournalUnavailable("away"), 504)])
def test_what_is_not_known_is_said(phones, phone, monkeypatch, error, status):
    async def fails(*_):
        raise error

    asked = phones.shop.ask(phone)
    monkeypatch.setattr(phones.shop.payments, "word", fails)
    answer = say(phones, asked, word(phone, asked))
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "1")


def test_over_mutual_tls_nobody_speaks_for_another(servers, tmp_path):
    tls, stranger = files(tmp_path)
    with running(servers) as rig:
        made = Phones(rig, tls.context())
        phone = made.shop.phone()
        asked = made.shop.ask(phone)
        for method, path, body in (
                ("GET", f"/v1/phones/{phone.number}/payments", None),
                ("GET", f"/v1/phones/{phone.number}/events", None),
                ("POST", f"/v1/payments/{asked.payment_id}/word", word(phone, asked)),
                ("POST", f"/v1/payments/{asked.payment_id}/opened", {"phone": phone.number})):
            answer = made.ask(method, path, body, stranger)
            assert (answer.status_code, answer.json()["title"]) == (403, "Certificate differs")
        assert made.shop.now(asked).now.state is State.CREATED
        made.close()

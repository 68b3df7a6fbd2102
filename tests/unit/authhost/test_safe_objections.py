"""What speaks against a deposit's credit: each reason by itself, the gravest first."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from authhost.model import Piece, Suspect
from authhost.safes.objections import objections
from authhost.safes.sscc import made
from authhost.safes.view import Stay
from authhost.translate.deposits import order_text
from tests.support.safe_view import AMOUNT, CLIENT, INSIDE, LEFT, NOTES, NOW_US, SAFE, deposit


def found(told=None, *, safe=SAFE, client=CLIENT, amount=AMOUNT, currency="EUR", **more):
    return objections(safe, client, told or deposit(**more), amount, currency, NOW_US)


def changed(value, **more):
    return msgspec.structs.replace(value, **more)


def test_a_good_deposit_has_none():
    assert found() == ()


@pytest.mark.parametrize(("reasons", "more"), [
    (("currency",), {"currency": "USD"}),
    (("currency",), {"currency": "CHF"}),  # the safe takes it, the client's account does not
    (("account",), {"account": "FR7630006000011234567890189"}),
    (("denominations_sum",), {"amount": AMOUNT + 1}),
    (("denominations_sum",), {"pieces": ()}),
    (("category",), {"pieces": (*NOTES[:1], Piece(2_000, 1, "note", "9"))}),
    (("category",), {"suspects": (Suspect(5_000, "EUR", "7"),)}),
    (("depositor",), {"depositor": "eve"}),
    (("depositor",), {"depositor": ""}),
    (("depositor_blocked",), {"depositor": "bob"}),
    (("shift_closed",), {"shift": "s1"}),
    (("cassette",), {"cassette": made("0400638133", 3)}),
    (("cassette_unknown",), {"cassette": "BAG7"}),
    (("cassette",), {"cassette": LEFT}),  # it left before this deposit's number
    (("date",), {"local_time": "2026-11-24T00:00:00"}),
    (("date",), {"local_time": "2026-10-21T23:59:59"}),
])
def test_each_reason_by_itself(reasons, more):
    assert found(**more) == reasons


@pytest.mark.parametrize("more", [
    {"account": CLIENT.iban}, {"cassette": ""}, {"shift": ""},
    {"local_time": "2026-11-23T13:00:00"}, {"local_time": "2026-10-22T00:00:00"},
    {"kind": "envelope", "pieces": (), "amount": 1}, {"kind": "cheque", "pieces": ()},
    {"pieces": (*NOTES, Piece(500, 2, "note", "2"))},  # kept, and not in the amount
    {"suspects": (Suspect(5_000, "EUR", "2", "X123"),)},
    {"suspects": (Suspect(500, "EUR", "3"),), "amount": AMOUNT + 500},
])
def test_what_is_no_reason(more):
    assert found(**more) == ()


@pytest.mark.parametrize("more", [
    {"suspects": (Suspect(5_000, "EUR", "2"),), "amount": AMOUNT + 5_000},
    {"pieces": (*NOTES, Piece(500, 2, "note", "2")), "amount": AMOUNT + 1_000},
    {"pieces": (*NOTES, Piece(500, 1, "note", "2")),
     "suspects": (Suspect(100, "EUR", "2"),), "amount": AMOUNT + 600},
])
def test_an_amount_that_holds_suspects_is_said_so(more):
    assert found(**more) == ("suspects",)


def test_master_data_and_standing():
    poor = changed(CLIENT, standing="bad", missing=("iban", "address.town"))
    assert found(client=poor) == ("standing", "master_data:iban", "master_data:address.town")
    assert found(client=changed(CLIENT, standing="watch")) == ()


def test_nobodys_deposit_has_no_more_reasons_of_a_client():
    assert found(client=None, depositor="eve", account="X") == ("client_unknown",)


def test_the_gravest_comes_first():
    reasons = found(client=None, amount=1, shift="s9", cassette="BAG",
                    local_time="2020-01-01T00:00")
    assert reasons == ("client_unknown", "denominations_sum", "shift_closed", "cassette_unknown",
                       "date")


def test_a_deposit_that_comes_late_is_looked_at_by_its_own_number():
    assert found(sequence=12, shift="s1", cassette=LEFT) == ()
    assert found(sequence=12, shift="s1", cassette=INSIDE) == ()
    assert found(sequence=25, shift="s1") == ("shift_closed",)  # closed at that number
    assert found(sequence=9, shift="") == ("shift_closed",)  # none had opened
    counted = changed(SAFE, stays=SAFE.stays[1:])  # the one that left has been counted
    assert found(safe=counted, sequence=12, shift="s1", cassette=LEFT) == ("cassette",)


def test_a_device_without_numbers_is_looked_at_as_of_now():
    assert found(sequence=0) == ()
    assert found(sequence=0, safe=changed(SAFE, shift="")) == ("shift_closed",)


def test_rules_of_the_safe_that_ask_for_less():
    free = changed(SAFE, shift_required=False, named_depositors=False, shift="", shift_marks=())
    assert found(safe=free, depositor="eve", shift="any") == ()
    assert found(safe=free, depositor="bob") == ("depositor_blocked",)


def test_a_cassette_that_nobody_has_registered():
    strange = changed(SAFE, stays=(Stay(2, INSIDE, "in_safe", False),))
    assert found(safe=strange) == found(safe=strange, cassette="") == ("cassette_unknown",)
    assert found(safe=changed(SAFE, cassette_id="", stays=()), cassette="") == ("cassette",)


def test_more_than_fits():
    assert found(safe=changed(SAFE, note_capacity=105)) == ()
    assert found(safe=changed(SAFE, note_capacity=104)) == ("capacity",)
    coins = (*NOTES, Piece(100, 5, "coin"))
    assert found(safe=changed(SAFE, coin_capacity=4), pieces=coins,
                 amount=AMOUNT + 500) == ("capacity",)


def test_the_clients_own_key_signs_what_he_deposits():
    key = Ed25519PrivateKey.generate()
    careful = changed(CLIENT, deposit_key=key.public_key().public_bytes_raw())
    told = deposit()
    text = order_text("S1", told, AMOUNT, "EUR", "", "", "")
    signed = changed(told, order=text, signature=key.sign(text))
    assert found(signed, client=careful) == ()
    assert found(told, client=careful) == ("order_signature",)
    other = changed(signed, signature=Ed25519PrivateKey.generate().sign(text))
    assert found(other, client=careful) == ("order_signature",)
    assert found(changed(signed, signature=base64.b64decode("AAAA")), client=careful) \
        == ("order_signature",)


def test_whom_a_device_names():
    assert SAFE.client("") == CLIENT
    assert SAFE.client("2").account_id == 8
    assert SAFE.client("3") is None
    shared = changed(SAFE, clients={"2": SAFE.clients["2"]})
    assert shared.client("", SAFE.clients["2"].iban).account_id == 8
    assert shared.client("") is None

"""A deposit over ISO 8583, both editions: processing code 21, and what was counted beside it."""

import base64
import json
from datetime import UTC, datetime

import pytest

import iso
from authhost.model import Answer, Deposit, Kind, Original, Piece, Suspect
from authhost.translate.deposits import deposit_content
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import Refusal
from authhost.translate.iso87 import Iso87
from iso import Message

NOW_US = int(datetime(2026, 7, 23, 10, tzinfo=UTC).timestamp()) * 1_000_000
COUNTED = r"S31/Dana/B106141412345678908/L2/Hs2/MSI00\12-7/R31/N5000\4\4a/C200\10/J2"
FIELDS = {3: "210000", 4: "000000022000", 11: "000022", 12: "260723101112", 32: "280131",
          41: "S1      ", 49: "978", 124: COUNTED}
FIELDS87 = {3: "210000", 4: "000000022000", 7: "0723081112", 11: "000022", 12: "101112",
            13: "0723", 32: "280131", 41: "S1      ", 49: "978", 122: COUNTED}
TOLD = Deposit(client="2", depositor="ana", cassette="106141412345678908", shift="s2", sequence=31,
               local_time="2026-07-23T10:11:12",
               pieces=(Piece(5_000, 4, "note", "4a"), Piece(200, 10, "coin")))


@pytest.fixture
def new(fingerprint_key):
    return Fuel93(iso.get("ifsf"), fingerprint_key, 3_600_000_000)


@pytest.fixture
def old(fingerprint_key):
    return Iso87(iso.get("iso87"), fingerprint_key, 3_600_000_000)


def read(translator, mti, fields):
    """Through the codec and back, as a door would."""
    codec = translator.profile.codec
    message = codec.decode(codec.encode(Message(mti, dict(sorted(fields.items())))))
    assert translator.number(message) is None
    return translator.incoming(message, 5, NOW_US, None)


def counted(translator, text):
    return translator.incoming(Message("1220", {**FIELDS, 124: text}), 5, NOW_US, None)


@pytest.mark.parametrize("edition", ["new", "old"])
def test_both_editions_make_what_json_makes(request, fingerprint_key, edition):
    translator = request.getfixturevalue(edition)
    told = read(translator, *(("1220", FIELDS) if edition == "new" else ("0220", FIELDS87)))
    assert (told.kind, told.advice, told.deposit) == (Kind.DEPOSIT, True, TOLD)
    assert told.key == "280131/S1/21//000031"
    assert told.fingerprint == deposit_content(fingerprint_key, Kind.DEPOSIT, 22_000, "EUR", TOLD,
                                               "SI00", "12-7")
    detail = json.loads(told.detail)
    assert (detail["notes"], detail["coins"], detail["rejected"], detail["receipt"]) \
        == (4, 10, 2, "31")


def test_an_authorization_asks_and_a_financial_request_has_happened(new):
    asked = read(new, "1100", FIELDS)
    assert (asked.kind, asked.advice, asked.key) == (
        Kind.DEPOSIT_AUTHORIZATION, False, "280131/S1/10//000031")
    assert asked.expires_at_us == NOW_US + 300_000_000
    confirm = read(new, "1200", FIELDS)
    assert (confirm.kind, confirm.advice) == (Kind.DEPOSIT, True)
    assert [new.is_advice(Message(mti, FIELDS)) for mti in ("1100", "1200", "1220")] == [
        False, True, True]
    assert not new.is_advice(Message("1200", {**FIELDS, 3: "000000"}))


def test_without_a_number_of_its_own_field_11_and_the_date_are_the_key(new):
    assert counted(new, "Dana").key == "280131/S1/21/20260723/000022"
    bare = read(new, "1220", {number: value for number, value in FIELDS.items() if number != 124})
    assert (bare.deposit.pieces, bare.deposit.sequence) == ((), 0)


@pytest.mark.parametrize(("more", "original"), [
    ({124: COUNTED + "/Z30"}, Original(("280131/S1/10//000030",))),
    ({56: "1100000021260723101110"}, Original(("280131/S1/10/20260723/000021",))),
    ({38: "123456"}, Original((), "123456")), ({}, None)])
def test_a_confirm_names_its_authorization(new, more, original):
    assert read(new, "1220", {**FIELDS, **more}).original == original


def test_a_reversal_gives_notes_back_and_never_a_deposit(new):
    back = {**FIELDS, 124: "S32/Z30"}
    assert read(new, "1420", back).original == Original(("280131/S1/10//000030",))
    stays = {**FIELDS, 56: "1220000021260723101110"}
    assert read(new, "1420", stays).original == Original(("280131/S1/21/20260723/000021",))
    bare = read(new, "1420", {number: value for number, value in FIELDS.items() if number != 124})
    assert bare.original.keys == ("280131/S1/10/20260723/000022", "280131/S1/21/20260723/000022")


def test_a_deposit_in_1987_names_its_authorization_by_field_90(old):
    named = "0100" + "000021" + "0723081110" + "00000280131" + "0" * 11
    confirm = read(old, "0220", {**FIELDS87, 90: named})
    assert confirm.original.keys[0] == "280131/S1/10/20260723/000021"


def test_suspects_cheques_envelopes_and_escapes(new):
    told = counted(new, r"KC/X5000\EUR\2\A%2F1/X500\EUR\3").deposit
    assert told.suspects == (Suspect(5_000, "EUR", "2", "A/1"), Suspect(500, "EUR", "3"))
    cheque = counted(new, r"KQ/Q77\Bank%20%25")
    assert json.loads(cheque.detail)["cheque"] == {"number": "77", "bank": "Bank%20%"}
    envelope = counted(new, "KE/E5")
    assert (envelope.deposit.kind, json.loads(envelope.detail)["envelope"]) \
        == ("envelope", {"number": "5"})


def test_a_signature_comes_with_the_text_that_it_is_over(new):
    signature = base64.urlsafe_b64encode(b"\xfb" * 64).rstrip(b"=").decode()
    told = counted(new, f"L2/R9/G{signature}").deposit
    assert told.signature == b"\xfb" * 64
    assert told.order.split(b"\n")[:6] == [b"authhost deposit v1", b"S1", b"cash", b"22000",
                                           b"EUR", b"2"]
    assert counted(new, "G*").deposit.signature == b"\0"


@pytest.mark.parametrize("text", [
    "W1", "S", "M\\", "Sx", "S1/S2", r"N5000", r"N5000\0", r"N0\1", r"N5000\1\4a\x", r"X5\eur\2",
    r"N9999999999999\1", r"N5000\1000001", "D" + "x" * 141, "Da\x07b",
    "/".join(["J1"] * 2), "/", r"M\a\b\c"])
def test_what_cannot_be_read_is_refused_by_its_field(new, text):
    with pytest.raises(Refusal) as refused:
        counted(new, text)
    assert refused.value.where == "field 124"


def test_a_time_that_is_none_is_refused_by_its_field(new):
    with pytest.raises(Refusal) as refused:
        read(new, "1220", {**FIELDS, 12: "260723251112"})
    assert refused.value.where == "field 12"


@pytest.mark.parametrize(("edition", "longest"), [("new", 99), ("old", 25)])
def test_field_44_says_why_there_is_no_credit_yet(request, edition, longest):
    translator = request.getfixturevalue(edition)
    mti, fields = ("1220", FIELDS) if edition == "new" else ("0220", FIELDS87)
    answer = Answer(action="000", reason="approved", amount_minor=22_000,
                    flags=("suspects", "withheld:depositor_blocked", "withheld:date"))
    said = translator.profile.codec.decode(translator.answer(Message(mti, fields), answer)).fields
    assert said[44] == "withheld:depositor_blocked"[:longest]

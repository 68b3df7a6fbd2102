"""Both editions of ISO 8583 <-> the model: keys, originals, repeats, partial reversals, totals."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import iso
from authhost.model import Action, Answer, Evidence, Kind
from authhost.translate.fuel93 import Fuel93
from authhost.translate.incoming import Network, Reconciliation, Refusal, card_ref
from authhost.translate.iso87 import Iso87
from iso import Message
from iso.subfields import Purchase, SaleItem

NOW_US = int(datetime(2026, 7, 23, 10, tzinfo=UTC).timestamp()) * 1_000_000
PLACE = {11: "000022", 12: "260723101112", 32: "280131", 41: "T1      "}
SALE = {2: "7801310000009999490", 3: "000000", 4: "000000000300", **PLACE, 14: "3012",
        42: "M1".ljust(15), 49: "978"}
PLACE87 = {7: "0723081112", 11: "000022", 12: "101112", 13: "0723", 32: "280131", 41: "T1      "}
SALE87 = {2: "7801310000009999490", 3: "000000", 4: "000000000300", **PLACE87, 49: "978"}


@pytest.fixture(params=["ifsf", "ops", "x9tg23"])
def translator(request, fingerprint_key):
    return Fuel93(iso.get(request.param), fingerprint_key, 3_600_000_000)


@pytest.fixture
def ifsf(fingerprint_key):
    return Fuel93(iso.get("ifsf"), fingerprint_key, 3_600_000_000)


@pytest.fixture
def old(fingerprint_key):
    return Iso87(iso.get("iso87"), fingerprint_key, 3_600_000_000)


def read(translator, mti, fields, now_us=NOW_US):
    """Through the codec and back, as a door would."""
    codec = translator.profile.codec
    message = codec.decode(codec.encode(Message(mti, dict(sorted(fields.items())))))
    number = translator.number(message)
    card = None
    if number is not None:
        pan, expiry = number
        card = card_ref(hashlib.sha256(pan.encode()).digest(), pan, expiry)
    return translator.incoming(message, 5, now_us, card)


def said(translator, mti, fields, answer):
    codec = translator.profile.codec
    return codec.decode(translator.answer(Message(mti, fields), answer))


@pytest.mark.parametrize(("mti", "kind", "number"), [("1200", Kind.SALE, "20"),
                                                     ("1100", Kind.PREAUTHORIZATION, "10")])
def test_a_sale_and_its_repeat(translator, mti, kind, number):
    first = read(translator, mti, SALE)
    assert (first.kind, first.key) == (kind, f"280131/T1/{number}/20260723/000022")
    assert (first.amount_minor, first.currency, first.merchant_id) == (300, "EUR", "M1")
    assert (first.repeat, first.advice, first.original) == (False, False, None)
    assert first.expires_at_us == (NOW_US + 3_600_000_000 if number == "10" else 0)
    again = read(translator, mti[:3] + "1", {**SALE, 7: "0723081113", 52: b"12345678"})
    assert (again.repeat, again.key, again.fingerprint) == (True, first.key, first.fingerprint)
    assert read(translator, mti, {**SALE, 4: "000000000301"}).fingerprint != first.fingerprint
    assert SALE[2] not in repr(first)


def test_a_card_by_its_track_is_the_card_by_its_number(ifsf):
    track = {n: v for n, v in SALE.items() if n not in {2, 14}}
    for text in ("7801310000009999490=3012201", "7801310000009999490D3012201"):
        assert read(ifsf, "1200", {**track, 35: text}).card == read(ifsf, "1200", SALE).card


@pytest.mark.parametrize(("fields", "kind"), [
    ({}, Kind.OFFLINE_SALE), ({24: "200"}, Kind.OFFLINE_SALE), ({24: "201"}, Kind.COMPLETION),
    ({38: "123456"}, Kind.COMPLETION), ({56: "1100000021260723101000"}, Kind.COMPLETION)])
def test_an_advice_is_a_completion_where_it_says_so(ifsf, fields, kind):
    request = read(ifsf, "1220", {**SALE, **fields})
    assert (request.kind, request.advice) == (kind, True)
    assert request.key == "280131/T1/22/20260723/000022"
    named = "280131/T1/10/20260723/000021" if 56 in fields else "280131/T1/10/20260723/000022"
    assert request.original.keys[0] == named
    assert request.original.approval_code == fields.get(38, "")


def test_field_56_names_the_original_and_its_acquirer(ifsf):
    request = read(ifsf, "1420", {**SALE, 24: "400", 56: "1221000007260722235959" + "049999"})
    assert request.original.keys == ("9999/T1/22/20260722/000007",)
    assert (request.kind, request.amount_minor) == (Kind.REVERSAL, 0)
    assert read(ifsf, "1420", {**SALE, 24: "401"}).amount_minor == 300


@pytest.mark.parametrize(("mti", "change", "where"), [
    ("1200", {4: None}, "field 4"), ("1200", {11: None}, "field 11"),
    ("1200", {12: None}, "field 12"),
    ("1200", {12: "261301000000"}, "field 12"), ("1200", {41: None}, "field 41"),
    ("1200", {41: "        "}, "field 41"), ("1200", {49: None}, "field 49"),
    ("1200", {49: "001"}, "field 49"), ("1200", {2: None}, "field 2"),
    ("1200", {2: None, 35: "x"}, "field 35"), ("1200", {63: "S99"}, "field 63"),
    ("1200", {48: "short"}, "field 48"), ("1420", {56: "1"}, "field 56"),
    ("1420", {56: "1200000021269923101000"}, "field 56"),
    ("1420", {24: "401", 4: "0" * 12}, "field 4"),
    ("1820", {24: "999"}, "field 24"), ("1804", {24: None}, "field 24"), ("1304", {}, "MTI"),
    ("0200", {}, "MTI"),
])
def test_a_refusal_names_the_field(ifsf, mti, change, where):
    fields = {n: v for n, v in {**SALE, **change}.items() if v is not None}
    with pytest.raises(Refusal) as refusal:
        read(ifsf, mti, fields)
    assert refusal.value.where.startswith(where)
    answer = iso.get("ifsf").codec.decode(ifsf.refusal(Message(mti, fields), refusal.value))
    assert answer.fields[39] == Action.FORMAT_ERROR
    assert answer.fields[44].startswith(where)
    assert answer.mti == mti[:2] + str(int(mti[2]) + 1) + ("4" if mti[3] == "4" else "0")


def test_items_become_minor_units_and_millilitres(ifsf):
    def with_items(text):
        return read(ifsf, "1200", {**SALE, 63: text})
    sold = with_items(field_63(2, "300"))
    assert (sold.products, sold.volume_ml, sold.wrong) == (("001",), 2_000, "")
    assert with_items(field_63(2, "299")).wrong == "items_sum"


def field_63(litres, amount):
    item = SaleItem("001", "L", Decimal(litres), Decimal("1.5"), Decimal(amount).scaleb(-2),
                    tax_code="1")
    return iso.get("ifsf").encode_purchase(Purchase("S", (item,)))


def test_totals_go_in_and_out(ifsf):
    fields = {**PLACE, 76: f"{2:010d}", 77: f"{1:010d}", 88: f"{1000:016d}", 89: f"{300:016d}"}
    asked = read(ifsf, "1520", fields)
    assert isinstance(asked, Reconciliation)
    assert (asked.totals.debits, asked.totals.debits_minor, asked.totals.reversals,
            asked.totals.reversals_minor) == (2, 1000, 1, 300)
    said_back = said(ifsf, "1520", fields,
                     Answer(action="500", reason="approved", totals=(2, 1000, 1, 300))).fields
    assert [said_back[n] for n in (76, 77, 88, 89)] == [fields[n] for n in (76, 77, 88, 89)]


def test_an_answer_echoes_and_says(translator):
    answer = Answer(action="002", reason="limit:card:day:money", amount_minor=7,
                    approval_code="123456", reference="123456789012")
    made = said(translator, "1201", SALE, answer)
    assert made.mti == "1210"
    assert {n: made.fields[n] for n in (4, 37, 38, 39, 44)} == {
        4: "000000000007", 37: "123456789012", 38: "123456", 39: "002", 44: "limit:card:day:money"}
    assert {n: made.fields[n] for n in (3, 11, 12, 32, 41, 42, 49)} == {
        n: SALE[n] for n in (3, 11, 12, 32, 41, 42, 49)}
    assert 2 not in made.fields


def test_1987_has_the_same_key_and_content_as_1993(old, ifsf):
    request = read(old, "0200", SALE87)
    assert request.key == read(ifsf, "1200", SALE).key
    assert request.fingerprint == read(ifsf, "1200", SALE).fingerprint
    january = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert "/20261231/" in read(old, "0200", {**SALE87, 13: "1231"}, january).key


@pytest.mark.parametrize(("today", "sent", "days"), [
    ("0723", "0723081112", ["20260723", "20260722"]),
    ("0724", "0723221112", ["20260724", "20260723", "20260722"]),
    ("0724", "0722231112", ["20260724", "20260722", "20260723", "20260721"]),
    ("0723", "0000000000", ["20260723"]),
])
def test_field_90_finds_its_original_on_this_day_or_near_field_7(old, today, sent, days):
    named = f"0200000021{sent}{'280131':0>11}{'0' * 11}"
    request = read(old, "0420", {**SALE87, 13: today, 90: named})
    assert list(request.original.keys) == [f"280131/T1/20/{day}/000021" for day in days]


def test_field_90_over_new_year(old):
    january = int(datetime(2027, 1, 1, 0, 5, tzinfo=UTC).timestamp()) * 1_000_000
    fields = {**SALE87, 13: "0101", 90: f"02000000211231235900{'280131':0>11}{'0' * 11}"}
    assert "280131/T1/20/20261231/000021" in read(old, "0420", fields, january).original.keys
    with pytest.raises(Refusal, match="field 90"):
        read(old, "0420", {**fields, 90: f"02000000219931235900{'0' * 22}"}, january)


def test_field_90_may_pad_or_leave_out_the_acquirer(old):
    padded = {**SALE87, 32: "00042", 90: f"0200000021{SALE87[7]}{'42':0>11}{'0' * 11}"}
    assert read(old, "0420", padded).original.keys[0].startswith("00042/")
    assert read(old, "0420", {**padded, 90: f"0200000021{SALE87[7]}{'0' * 22}"}
                ).original.keys[0].startswith("00042/")
    empty = read(old, "0420", {**padded, 90: "0" * 42})
    assert [key.split("/")[2] for key in empty.original.keys] == ["20", "10", "22"]


@pytest.mark.parametrize(("raw", "asked"),
                         [("000000000100" + "0" * 30, 200), ("0" * 42, 0), (None, 0)])
def test_field_95_says_what_it_really_came_to(old, raw, asked):
    fields = SALE87 if raw is None else {**SALE87, 95: raw}
    assert read(old, "0420", fields).amount_minor == asked
    with pytest.raises(Refusal, match="field 95"):
        read(old, "0420", {**SALE87, 95: "000000000300" + "0" * 30})


@pytest.mark.parametrize(("code", "function"), [
    ("001", "sign-on"), ("301", "echo"), ("201", "cut-over"), ("101", "key-change")])
def test_1987_network_messages(old, code, function):
    assert read(old, "0800", {7: "0723081112", 11: "000001", 70: code}) == Network(function, "")


@pytest.mark.parametrize(("action", "code"), [
    ("000", "00"), ("121", "61"), ("400", "00"), ("481", "25"), ("907", "91"), ("122", "63"),
    ("106", "75"), ("117", "55"), ("126", "81"), ("128", "88"), ("129", "59"), ("916", "97"),
    ("777", "05")])
def test_1987_answers_in_two_characters(old, action, code):
    answer = said(old, "0200", SALE87, Answer(action=action, reason="x" * 40))
    assert (answer.fields[39], answer.fields[44]) == (code, "x" * 25)


@pytest.mark.parametrize("mti", ["1100", "1200"])
def test_evidence_goes_with_what_may_be_refused(translator, mti):
    proved = {**SALE, 23: "002", 35: "7801310000009999490=301220112345678", 52: b"12345678"}
    found = read(translator, mti, proved).evidence
    assert (found.pan, found.expiry, found.psn, found.service_code, found.cvv) == (
        SALE[2], "3012", "02", "201", "678")
    assert found.pin.block == b"12345678"
    told = read(translator, "1220", {**proved, 24: "201", 55: b"no chip data at all"})
    assert (told.evidence, told.card) == (None, read(translator, mti, proved).card)


def test_of_an_off_line_sale_the_chips_word_goes_along_whatever_it_is(translator):
    sold = {**SALE, 23: "002", 35: "7801310000009999490=301220112345678", 52: b"12345678",
            53: b"\x99" * 8, 55: b"no chip data at all"}
    assert read(translator, "1220", sold).evidence == Evidence(
        SALE[2], "3012", chip=b"no chip data at all", psn="02")
    assert read(translator, "1220", {**sold, 38: "123456"}).evidence is None, "a completion"
    del sold[55]
    assert read(translator, "1220", sold).evidence is None


def test_1987_brings_the_same_evidence(old):
    found = read(old, "0200", {**SALE87, 14: "3012", 52: b"12345678", 53: "4711" + "0" * 12})
    assert (found.evidence.pin.format, found.evidence.pin.scheme) == ("47", "terminal")
    with pytest.raises(Refusal, match=r"field 53\.pin_format"):
        read(old, "0200", {**SALE87, 52: b"12345678", 53: "99" + "0" * 14})


def test_an_answer_to_the_chip_is_tag_91(translator, old):
    answer = Answer(action="000", reason="approved", chip=b"0123456700")
    for one, mti, fields in ((translator, "1200", SALE), (old, "0200", SALE87)):
        assert said(one, mti, fields, answer).fields[55] == b"\x91\x0a0123456700"


@pytest.mark.parametrize("new_keys", ["", "0001" + "B0016P0TB00S0000"])
def test_a_sealed_answer_has_room_for_its_mac(translator, old, new_keys):
    for one, mti, field in ((translator, "1804", 96), (old, "0800", 123)):
        body = one.answer(Message(mti, {11: "000001"}), Answer(action="800", reason="approved"),
                          sealed=True, keys=new_keys)
        answer = one.profile.codec.decode(body)
        number = 128 if new_keys else 64
        assert (answer.fields[number], max(answer.fields), body[-8:]) == (
            bytes(8), number, bytes(8))
        brought = answer.fields.get(field, "")
        assert (brought.decode() if isinstance(brought, bytes) else brought) == new_keys


@pytest.mark.parametrize(("mti", "fields", "terminal", "advice", "key_change"), [
    ("1200", SALE, "T1", False, False), ("1101", SALE, "T1", False, False),
    ("1220", SALE, "T1", True, False), ("1400", SALE, "T1", True, False),
    ("1520", PLACE, "T1", True, False), ("1804", {24: "811", 41: "T1      "}, "T1", False, True),
    ("1804", {24: "831"}, "", False, False), ("1200", {24: "811"}, "", False, False)])
def test_what_a_door_asks_before_it_believes(ifsf, mti, fields, terminal, advice, key_change):
    message = Message(mti, fields)
    assert (ifsf.terminal(message), ifsf.is_advice(message), ifsf.is_key_change(message)) == (
        terminal, advice, key_change)


def test_1987_asks_for_keys_in_field_70(old):
    assert old.is_key_change(Message("0800", {70: "101"}))
    assert not old.is_key_change(Message("0800", {24: "811", 70: "301"}))

"""A payer's debit and refund as pain.001: by the schema, and by a reader written apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from authhost.bank.banks import Debtor, Rail, read_bank
from authhost.bank.initiation import Payer, PaymentWriter, payer, remittance, ultimate
from authhost.bank.meanings import Meaning, payer_reasons, reasons, told_payer
from clearing.party import Address, Party
from terminals.bank.orders import Order, read_orders

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
COLLECTS = Debtor("Operator & Söhne", "AT852011100000099999", "GIBAATWWXXX",
                  Address("Ring", "1", "1010", "Wien", "AT"))
RAIL = Rail(currency="EUR", rail="instant", debtor=COLLECTS, collects=COLLECTS,
            time_zone="Europe/Vienna")
MAYER = Party("Jörg Mayer", "UTC", "AT611904300234573201", "BKAUATWWXXX", Address())
NAME = "P" + "a" * 26


@cache
def schema() -> etree.XMLSchema:
    with as_file(files("sepaxml").joinpath("schemas", "pain.001.001.09.xsd")) as path:
        return etree.XMLSchema(etree.parse(str(path)))


def read(message: bytes) -> Order:
    """Valid, and one order."""
    schema().assertValid(etree.fromstring(message))
    [order] = read_orders(message)
    return order


def written(what: str = "debit", party: Party = MAYER, rail: Rail = RAIL, *, payee: str = "Shop",
            text: str = "Roses") -> Order:
    writer = PaymentWriter(rail)
    write = writer.debit if what == "debit" else writer.refund
    return read(write(NAME, 12_345, payer(party, rail.currency), ultimate(payee), text, NOW))


def test_a_debit_goes_from_the_payer_to_the_collecting_account() -> None:
    order = written(text=remittance("Rosen & mehr", "R-1", "x"))
    assert (order.end_to_end_id, order.message_id, order.payment_id) == (NAME,) * 3
    assert (order.debtor, order.debtor_name) == (MAYER.iban, "Jorg Mayer")
    assert (order.creditor, order.name) == (COLLECTS.iban, "Operator + Sohne")
    assert (order.ultimate, order.remittance) == ("Shop", "Rosen + mehr, REF R-1")
    assert (order.service, order.amount_minor, order.day) == ("INST", 12_345, "2026-11-23")


def test_a_refund_goes_back() -> None:
    order = written("refund")
    assert (order.debtor, order.creditor) == (COLLECTS.iban, MAYER.iban)
    assert (order.name, order.ultimate) == ("Jorg Mayer", "Shop")


@pytest.mark.parametrize("party", [
    msgspec.structs.replace(MAYER, bic=""),
    msgspec.structs.replace(MAYER, address=Address("Weg", "1", "1010", "Wien", "AT"))])
@pytest.mark.parametrize("what", ["debit", "refund"])
def test_what_is_not_known_of_a_payer_is_left_out(what: str, party: Party) -> None:
    assert written(what, party).amount_minor == 12_345


@given(name=st.text(min_size=1), payee=st.text(), purpose=st.text(max_size=200),
       reference=st.text(max_size=60))
def test_whatever_was_typed_the_message_is_valid(name: str, payee: str, purpose: str,
                                                 reference: str) -> None:
    text = remittance(purpose, reference, "fallback")
    assert 0 < len(text) <= 140
    party = msgspec.structs.replace(MAYER, name=name)
    if not payer(party, "EUR").defect:
        written(party=party, payee=payee, text=text)


def test_a_reference_stays_whole_where_a_purpose_is_long() -> None:
    text = remittance("x" * 140, "R" * 35, "f")
    assert len(text) == 140
    assert text.endswith(", REF " + "R" * 35)
    assert remittance("\u200b", "", "id") == "id"


@pytest.mark.parametrize(("party", "defect"), [
    (None, "account_missing"), (msgspec.structs.replace(MAYER, iban=""), "iban_missing"),
    (msgspec.structs.replace(MAYER, iban="AT00"), "iban_invalid"),
    (msgspec.structs.replace(MAYER, name=" "), "name_missing")])
def test_a_payer_whom_no_bank_would_debit(party: Party | None, defect: str) -> None:
    assert payer(party, "EUR") == Payer(b"", b"", defect)
    assert payer(MAYER, "EUR").defect == ""


@pytest.mark.parametrize(("collects", "good"), [
    (None, False), ({"name": "O", "iban": COLLECTS.iban, "bic": COLLECTS.bic}, True),
    ({"name": "O", "iban": "AT00", "bic": COLLECTS.bic}, False),
    ({"name": "O", "iban": COLLECTS.iban, "bic": ""}, False)])
def test_a_rail_without_a_collecting_account_takes_credits_all_the_same(
        collects: dict[str, Any] | None, good: bool) -> None:
    debtor = {"name": "O", "iban": COLLECTS.iban, "bic": COLLECTS.bic}
    rail = {"currency": "EUR", "rail": "instant", "debtor": debtor, "collects": collects}
    bank = read_bank("B", "active", "http://127.0.0.1:1", "", json.dumps([rail]), 10)
    assert bank.problem == ""
    assert (bank.rails["EUR"].collecting is not None) is good


def test_each_reason_has_a_word_for_the_payer() -> None:
    assert payer_reasons().keys() == reasons().keys()
    assert set(payer_reasons().values()) == {
        "no_funds", "account_closed", "account_blocked", "no_account", "limit_at_bank",
        "bank_unavailable", "outside_hours", "suspected_fraud", "timed_out", "refused_by_bank"}
    assert [told_payer(code) for code in ("AM04", "AC04", "AB05", "NOOR", "XY99")] == [
        "no_funds", "account_closed", "bank_unavailable", "timed_out", "refused_by_bank"]
    assert {code for code, why in payer_reasons().items() if why == "timed_out"} == {
        code for code, said in reasons().items() if said is Meaning.UNHEARD}

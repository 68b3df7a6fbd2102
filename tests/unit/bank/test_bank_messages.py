"""pain.001 as written and pain.002 as read: by the schema, and by a reader written apart."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from authhost.bank.banks import Debtor, Place, Rail
from authhost.bank.meanings import Meaning, meaning, passing, reasons, statuses
from authhost.bank.pain001 import CreditWriter, creditor, remittance
from authhost.bank.pain002 import NoReport, Report, read_report
from authhost.bank.request import Requests
from clearing.party import Address, Party
from terminals.bank import reports
from terminals.bank.orders import BadOrder, read_orders
from terminals.bank.reports import Outcome

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
DEBTOR = Debtor("Operator & Söhne", "DE89370400440532013000", "COBADEFFXXX",
                Address("Kaiserstrasse", "1", "60311", "Frankfurt", "DE"))
RAIL = Rail(currency="EUR", rail="instant", debtor=DEBTOR, time_zone="Europe/Vienna")
CLIENT = Party("Bäckerei Öz", "UTC", "AT611904300234573201", "", Address("Weg", "1", "1010",
                                                                         "Wien", "AT"))


@cache
def schema():
    with as_file(files("sepaxml").joinpath("schemas", "pain.001.001.09.xsd")) as path:
        return etree.XMLSchema(etree.parse(str(path)))


def written(rail=RAIL, party=CLIENT, amount=12_345, text="SAFE S1"):
    message = CreditWriter(rail).write("D2611221F", amount, creditor(party, rail.currency), text,
                                       NOW)
    schema().assertValid(etree.fromstring(message))
    return message


def test_a_credit_is_what_the_bank_reads():
    (order,) = read_orders(written())
    assert (order.end_to_end_id, order.message_id, order.payment_id) == ("D2611221F",) * 3
    assert (order.service, order.currency, order.amount_minor) == ("INST", "EUR", 12_345)
    assert (order.debtor, order.creditor) == (DEBTOR.iban, CLIENT.iban)
    assert (order.name, order.remittance) == ("Backerei Oz", "SAFE S1")
    assert order.day == "2026-11-23", "the bank's own day"


@pytest.mark.parametrize(("rail", "service", "amount"), [
    ({"rail": "transfer"}, "SEPA", 1), ({"currency": "CHF"}, "", 1),
    ({"currency": "JPY"}, "", 700), ({"currency": "KWD"}, "", 1_234),
    ({"currency": "CHF", "service_level": "URGP"}, "URGP", 5),
    ({"currency": "RSD", "local_instrument": "INST"}, "INST", 5),
    ({"local_instrument": "-"}, "SEPA", 5)])
def test_each_currency_goes_by_its_own_rail(rail, service, amount):
    party = msgspec.structs.replace(CLIENT, bic="BKAUATWWXXX")
    (order,) = read_orders(written(msgspec.structs.replace(RAIL, **rail), party, amount))
    assert (order.service, order.amount_minor) == (service, amount)


@given(name=st.text(min_size=1), receipt=st.text(), reference=st.text(), amount=st.integers(
    1, 99_999_999_999))
def test_whatever_was_typed_the_message_is_valid(name, receipt, reference, amount):
    detail = msgspec.json.encode({"receipt": receipt, "reference": reference,
                                  "reference_model": "HR01"}).decode()
    text = remittance("S0001", "2026-11-22", detail)
    assert 0 < len(text) <= 140
    party = msgspec.structs.replace(CLIENT, name=name)
    if creditor(party, "EUR").defect:
        return
    (order,) = read_orders(written(party=party, amount=amount, text=text))
    assert order.amount_minor == amount


def test_what_the_client_reads():
    told = '{"receipt": "R-77", "reference": "123-456", "reference_model": "HR01", "more": [1]}'
    assert remittance("S0001", "2026-11-22", told) == (
        "SAFE S0001 2026-11-22, RECEIPT R-77, REF HR01 123-456")
    for nothing in (None, "{}", "[1]", "no json", '{"receipt": 5}'):
        assert remittance("S0001", "2026-11-22", nothing) == "SAFE S0001 2026-11-22"


def test_a_client_that_no_bank_takes_has_a_defect():
    bad = msgspec.structs.replace(CLIENT, iban="AT00")
    assert creditor(bad, "EUR").defect == "iban_invalid"
    assert creditor(CLIENT, "CHF").defect == "bic_missing"


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda m: m.replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<"), "AM18"),
    (lambda m: m.replace(b"<CtrlSum>123.45<", b"<CtrlSum>123.46<"), "AM10"),
    (lambda m: m.replace(b'EUR">123.45', b'EUR">123.456'), "AM12"),
    (lambda m: m.replace(b'EUR">123.45', b'EUR">0.00'), "AM01"),
    (lambda m: m[:-20], "FF01"), (lambda _: b"", "FF01"), (lambda _: b"<a/>", "FF01")])
def test_the_bank_refuses_what_does_not_add_up(spoil, reason):
    with pytest.raises(BadOrder) as bad:
        read_orders(spoil(written()))
    assert bad.value.reason == reason


# pain.002

def told(status="ACCC", reason="", about="D1"):
    return reports.report("D1", [Outcome(about, "D1", status, reason)], "2026-11-22T12:00:00Z")


def test_a_report_on_the_credit_is_read():
    assert read_report(told(), "D1") == Report("ACCC")
    assert read_report(told("RJCT", "AC04"), "D1") == Report("RJCT", ("AC04",))
    assert read_report(told("RJCT", "AC04"), "D1").text == "AC04"


def test_prefixes_and_versions_do_not_matter():
    text = told("RJCT", "AM02").decode().replace("pain.002.001.10", "pain.002.001.03")
    text = text.replace("<Document xmlns=", "<Document xmlns:p=")
    for tag in set(re_tags(text)):
        text = text.replace(f"<{tag}>", f"<p:{tag}>").replace(f"</{tag}>", f"</p:{tag}>")
    text = text.replace("<Document ", "<p:Document ")
    assert read_report(text.encode(), "D1") == Report("RJCT", ("AM02",))


def re_tags(text):
    return [part.partition(">")[0] for part in text.split("</")[1:]]


def test_the_nearest_status_holds():
    whole = reports.refused_whole("D1", "FF01", "no XML", "2026-11-22T12:00:00Z")
    assert read_report(whole, "D1") == Report("RJCT", ("FF01",))
    both = told().replace(b"</OrgnlMsgNmId>", b"</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>")
    assert read_report(both, "D1") == Report("ACCC"), "the transaction's own"
    empty = told().replace(b"<TxSts>ACCC</TxSts>", b"").replace(
        b"</OrgnlPmtInfId>", b"</OrgnlPmtInfId><PmtInfSts>PDNG</PmtInfSts>")
    assert read_report(empty, "D1") == Report("PDNG"), "the payment's"


@pytest.mark.parametrize("body", [
    told(about="D2").replace(b"<OrgnlPmtInfId>D1<", b"<OrgnlPmtInfId>D2<"),
    b"", b"OK", b"<html/>", b"\xff\xfe\x00", told()[:-3], told()[:-15], told()[:120],
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]>' + told()[38:],
    told().replace(b"pain.002.001.10", b"pacs.002.001.10"),
    told().replace(b"<TxSts>ACCC</TxSts>", b"")])
def test_what_is_no_report_on_it_is_none(body):
    with pytest.raises(NoReport):
        read_report(body, "D1")


def stated(amount: str, currency: str) -> bytes:
    """What the bank was asked for, as it says."""
    return told().replace(b"</TxInfAndSts>", (
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="{currency}">{amount}</InstdAmt></Amt></OrgnlTxRef>'
        "</TxInfAndSts>").encode())


@pytest.mark.parametrize(("amount", "currency", "good"), [
    ("123.45", "EUR", True), ("123.450", "EUR", True), ("123.46", "EUR", False),
    ("12345", "EUR", False), ("123.45", "CHF", False), ("x", "EUR", False)])
def test_a_report_about_another_amount_is_none(amount, currency, good):
    """An EndToEndId that was there before: what was paid under it is not this credit."""
    if good:
        assert read_report(stated(amount, currency), "D1", ("123.45", "EUR")) == Report("ACCC")
        return
    with pytest.raises(NoReport):
        read_report(stated(amount, currency), "D1", ("123.45", "EUR"))


@pytest.mark.parametrize("first", ["RJCT", "ACCC"])
def test_a_report_that_says_two_things_is_none(first):
    second = {"RJCT": "ACCC", "ACCC": "RJCT"}[first]
    both = reports.report("D1", [Outcome("D1", "D1", first), Outcome("D1", "D1", second)],
                          "2026-11-22T12:00:00Z")
    with pytest.raises(NoReport):
        read_report(both, "D1")
    same = reports.report("D1", [Outcome("D1", "D1", first)] * 2, "2026-11-22T12:00:00Z")
    assert read_report(same, "D1") == Report(first)


# What it means

@pytest.mark.parametrize(("report", "instant", "transfer"), [
    (Report("ACCC"), "accept", "accept"), (Report("ACSC"), "accept", "accept"),
    (Report("ACSP"), "wait", "accept"), (Report("ACCP"), "wait", "accept"),
    (Report("PDNG"), "wait", "wait"), (Report("ZZZZ"), "wait", "wait"),
    (Report("RJCT", ("AC04",)), "never", "never"), (Report("RJCT"), "never", "never"),
    (Report("RJCT", ("ZZ99",)), "never", "never"), (Report("RJCT", ("AM02",)), "night", "night"),
    (Report("RJCT", ("AB05",)), "later", "later"), (Report("RJCT", ("NOOR",)), "unheard",
                                                    "unheard"),
    (Report("RJCT", ("AB05", "AC04")), "never", "never"),
    (Report("RJCT", ("AC04", "DUPL")), "ask", "ask"),  # the first may be paid
    (Report("RJCT", ("NOOR", "AC04")), "never", "never")])
def test_what_an_answer_means(report, instant, transfer):
    assert (meaning(report, "instant"), meaning(report, "transfer")) == (instant, transfer)


def test_the_tables_are_whole():
    assert len(reasons()) > 60
    assert all(len(code) == 4 for code in (*reasons(), *statuses()))
    for row in statuses().values():
        assert row["instant"] in {"accept", "wait", "refused"}
        assert row["transfer"] in {"accept", "wait", "refused"}
    assert {code for code in reasons() if passing(code)} == {
        code for code, said in reasons().items() if said is Meaning.LATER}


def test_the_requests_are_http():
    requests = Requests(Place("bank.example", 8443, "/cash", True, "bank.example"))
    assert requests.credit(b"<x/>").startswith(
        b"POST /cash/payments HTTP/1.1\r\nHost: bank.example:8443\r\n")
    assert requests.credit(b"<x/>").endswith(b"Content-Length: 4\r\n\r\n<x/>")
    assert requests.status("D1").startswith(b"GET /cash/payments/D1 HTTP/1.1\r\n")
    with pytest.raises(AssertionError):
        requests.status("D1 HTTP/1.1\r\nX: y")

"""Tables and advices for banks: whatever the text, what is written is read back to the cent."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.bankfiles.advice_check import read_advice
from clearing.bankfiles.advice_lines import Advice, Client, Line
from clearing.bankfiles.advice_table import AdviceTable
from clearing.bankfiles.advice_xml import AdviceDocument
from clearing.bankfiles.bai2 import Bai2File
from clearing.bankfiles.bai2_check import read_bai2
from clearing.bankfiles.details import Denomination, Item
from clearing.bankfiles.forms import (
    ADVICE_COLUMNS,
    ORDER_COLUMNS,
    Column,
    CsvForm,
    FileForm,
    form_defect,
    parse_form,
)
from clearing.bankfiles.orders_csv import CreditTable
from clearing.bankfiles.pain001 import Credit, Message
from clearing.bankfiles.table_check import (
    ENDING,
    describe,
    read_advice_table,
    read_order_table,
)
from clearing.party import Address
from clearing.settings import load_settings
from tests.support.bai2 import faults

DAY = date(2026, 7, 24)
words = st.text(max_size=200)
forms = st.builds(
    CsvForm, separator=st.sampled_from([";", "\t", "|"]), decimal=st.sampled_from([",", "."]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "iso-8859-1", "cp1250"]),
    date=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y"]), line_end=st.sampled_from(["\r\n", "\n"]),
    titles=st.booleans(), head=st.sampled_from(["", "H {message_id} {unknown}"]),
    trailer=st.sampled_from(["", "T {count} {sum}"]))
kinds = st.sampled_from(["deposit", "reversal", "adjustment", "fee"])
items = st.builds(
    Item, kinds, words, st.integers(-10**9, 10**9).filter(bool), words, words, words, words, words,
    words, words, words, words, st.lists(st.builds(
        Denomination, st.integers(1, 50_000), st.integers(1, 999),
        st.sampled_from(["note", "coin", "&"])), max_size=3), words)
clients = st.lists(st.builds(
    Client, st.integers(1, 9), words, st.sampled_from(["", "FR7630006000011234567890189"]),
    st.lists(st.builds(Line, words.map(lambda text: text[:35]), items, words), min_size=1,
             max_size=4)), min_size=1, max_size=4)


def advice_of(found: list[Client], currency: str = "EUR") -> Advice:
    lines = [line for client in found for line in client.lines]
    return Advice("20260723-CASH-1-ADVICE-EUR-1", DAY, currency, len(lines),
                  sum(line.item.amount_minor for line in lines))


def read_back(reader: Callable[[Path], tuple[int, int, str]], content: bytes,
              described: bytes = b"") -> tuple[int, int, str]:
    """What a reader finds in a file of these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table")
        path.write_bytes(content)
        path.with_name(path.name + ENDING).write_bytes(described)
        return reader(path)


@given(clients)
def test_any_text_makes_bai2_that_adds_up(found: list[Client]) -> None:
    sink, advice = io.BytesIO(), advice_of(found)
    file = Bai2File(sink, advice, "AUTHHOST", "B/1")
    file.begin()
    for client in found:
        file.add(client)
    file.end()
    assert read_back(read_bai2, sink.getvalue()) == (advice.count, advice.sum_minor, "EUR")
    records = sink.getvalue().decode("ascii").split("\r\n")[:-1]
    assert all(len(record) <= 80 for record in records)
    assert faults(sink.getvalue()) == []


def test_whatever_total_is_off_is_seen() -> None:
    """The reader of the tests itself: one digit of any control record."""
    item = Item("deposit", "S1", 100, *[""] * 9, [], "")
    sink, found = io.BytesIO(), [Client(1, "One", "", [Line("E1", item, "")])] * 2
    file = Bai2File(sink, advice_of(found), "AUTHHOST", "B/1")
    file.begin()
    for client in found:
        file.add(client)
    file.end()
    content = sink.getvalue()
    assert faults(content) == []
    for code in (b"49,", b"98,", b"99,"):
        at = content.index(code)
        for field in range(content[at:].split(b"\r\n")[0].count(b",")):
            record = content[at:].split(b"\r\n")[0]
            parts = record.removesuffix(b"/").split(b",")
            parts[field + 1] = str(int(parts[field + 1]) + 1).encode()
            assert len(faults(content.replace(record, b",".join(parts) + b"/", 1))) == 1, record


def test_every_record_of_bai2_field_by_field() -> None:
    """By the specification: who sends is 01's first and 02's second, totals come by their type."""
    def line(kind: str, minor: int, **more: Any) -> Line:
        return Line("E1", Item(kind, "key", minor, "S1", date="2026-07-23", **more))

    found = [
        Client(7, "One", "FR7630006000011234567890189", [
            line("deposit", 500, receipt="R1", payment_reference="P1"),
            line("adjustment", 30, payment_reference="P2"), line("adjustment", -20),
            line("fee", -3), Line("", Item("counterfeit", "key", 0, why="SUSPECTED"), "X1")]),
        Client(8, "Two", "", [line("deposit", 40, depositor="A" * 70)])]
    sink = io.BytesIO()
    file = Bai2File(sink, advice_of(found), "HOUSE", "BANK")
    file.begin()
    for client in found:
        file.add(client)
    file.end()
    records = sink.getvalue().decode().split("\r\n")
    assert records == [
        "01,HOUSE,BANK,260724,2359,CASH1ADVICEEUR1,80,,2/", "02,BANK,HOUSE,1,260724,2359,EUR,2/",
        "03,FR7630006000011234567890189,EUR,100,530,2,Z/", "88,400,23,2,Z/",
        "16,301,500,Z,E1,R1,S1 2026-07-23", "16,357,30,Z,E1,P2,S1 2026-07-23",
        "16,631,20,Z,E1,,S1 2026-07-23", "16,698,3,Z,E1,,S1 2026-07-23",
        "16,990,0,Z,,,SUSPECTED X1", "49,1106,8/", "03,8,EUR,100,40,1,Z/",
        "16,301,40,Z,E1,,S1 2026-07-23 " + "A" * 50, "88," + "A" * 20, "49,80,4/",
        "98,1186,2,14/", "99,1186,1,16/", ""]
    for count in range(1, len(records) - 1):
        with pytest.raises(ValueError, match="cut off"):
            read_back(read_bai2, "\r\n".join([*records[:count], ""]).encode())


def test_what_one_record_of_bai2_cannot_hold_goes_on_between_two_fields() -> None:
    """References of 35 characters and an amount of 10: no field is cut, and no text is lost."""
    reference, text = "R" * 35, "A" * 140
    sink, found = io.BytesIO(), [Client(1, "", "", [Line("E" * 35, Item(
        "deposit", "key", 10**9, receipt=reference, depositor=text))])]
    file = Bai2File(sink, advice_of(found), "H" * 35, "B" * 35)
    file.begin()
    file.add(found[0])
    file.end()
    content = sink.getvalue()
    assert read_back(read_bai2, content) == (1, 10**9, "EUR")
    assert faults(content) == []
    records = content.decode().split("\r\n")
    assert records[0].startswith(f"01,{'H' * 20},{'B' * 20},260724,")
    assert max(map(len, records)) == 80
    line = [f"16,301,1000000000,Z,{'E' * 35}/", f"88,{reference},{'A' * 41}",
            f"88,{'A' * 77}", f"88,{'A' * 22}"]
    assert records[3:7] == line
    for length in range(36):
        sink, one = io.BytesIO(), Item("deposit", "key", 1, receipt="R" * length)
        file = Bai2File(sink, Advice("M", DAY, "EUR", 1, 1), "H", "B")
        file.begin()
        file.add(Client(1, "", "", [Line("E" * 35, one)]))
        file.end()
        assert read_back(read_bai2, sink.getvalue()) == (1, 1, "EUR")
        assert max(map(len, sink.getvalue().split(b"\r\n"))) <= 80
    with pytest.raises(ValueError, match="of 81 characters in a file of 80"):
        read_back(read_bai2, content.replace(b"88," + b"A" * 77, b"88," + b"A" * 78))
    for lost in (line[:1], line[1:]):
        kept = "\r\n".join(record for record in records if record not in lost)
        with pytest.raises(ValueError, match=r"without its end|lacks 2 fields"):
            read_back(read_bai2, kept.encode())


def test_what_ends_a_field_of_bai2_is_in_none() -> None:
    sink = io.BytesIO()
    item = Item("deposit", "key", 5, receipt="R,1/2", depositor="A, B/C")
    file = Bai2File(sink, Advice("M", DAY, "EUR", 1, 5), "A,B", "C/D")
    file.begin()
    file.add(Client(1, "", "", [Line("E,1/2", item)]))
    file.end()
    assert read_back(read_bai2, sink.getvalue()) == (1, 5, "EUR")
    assert b"16,301,5,Z,E 1 2,R 1 2,A, B/C\r\n" in sink.getvalue()


@pytest.mark.parametrize("form", [
    lambda sink, advice: Bai2File(sink, advice, "A", "B"), AdviceDocument,
    lambda sink, advice: AdviceTable(sink, advice, CsvForm(), ADVICE_COLUMNS)])
def test_an_advice_that_has_less_than_it_announces_is_not_ended(form: Callable[..., Any]) -> None:
    file = form(io.BytesIO(), Advice("M", DAY, "EUR", 2, 10))
    file.begin()
    file.add(Client(1, "", "", [Line("E1", Item("deposit", "key", 5))]))
    with pytest.raises(AssertionError, match="M"):
        file.end()


@given(clients)
def test_any_text_makes_a_valid_advice(found: list[Client]) -> None:
    sink, advice = io.BytesIO(), advice_of(found)
    file = AdviceDocument(sink, advice)
    file.begin()
    for client in found:
        file.add(client)
    file.end()
    assert read_back(read_advice, sink.getvalue()) == (advice.count, advice.sum_minor, "EUR")


@given(clients, forms, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_any_text_makes_a_table_of_deposits(found: list[Client], form: CsvForm,
                                            currency: str) -> None:
    sink, advice = io.BytesIO(), advice_of(found, currency)
    table = AdviceTable(sink, advice, form, ADVICE_COLUMNS)
    table.begin()
    for client in found:
        table.add(client)
    table.end()
    described = describe(form, ADVICE_COLUMNS, currency)
    assert read_back(read_advice_table, sink.getvalue(), described) == (
        advice.count, advice.sum_minor, currency)


@given(st.lists(st.builds(
    Credit, st.uuids().map(lambda number: number.hex), st.integers(1, 99_999_999_999), words,
    st.just("FR7630006000011234567890189"), st.just(""), st.builds(Address, words, words), words),
    min_size=1, max_size=5, unique_by=lambda credit: credit.end_to_end_id), forms,
    st.sampled_from([ORDER_COLUMNS, (Column("a;b", "amount_minor"), Column("", "iban"),
                                     Column('"', "name"), Column("x", "end_to_end_id"))]))
def test_any_text_makes_a_table_of_orders(found: list[Credit], form: CsvForm,
                                          columns: tuple[Column, ...]) -> None:
    sink, total = io.BytesIO(), sum(credit.amount_minor for credit in found)
    debtor = load_settings().debtor("EUR")
    assert debtor is not None
    table = CreditTable(sink, Message("M", "", "", "EUR", len(found), total), debtor, form,
                        columns, DAY)
    table.begin()
    for credit in found:
        table.add(credit)
    table.end()
    described = describe(form, columns, "EUR")
    assert read_back(read_order_table, sink.getvalue(), described) == (len(found), total, "EUR")
    with pytest.raises(ValueError, match=r".+"):
        read_back(read_order_table, sink.getvalue()[:-1], described)


@pytest.mark.parametrize(("form", "where"), [
    ({"orders_csv": {"columns": [{"title": "x", "field": "no"}]}}, "orders_csv.columns[0].field"),
    ({"orders_csv": {"columns": [{"title": "x", "field": "iban"}]}}, "orders_csv.columns"),
    ({"orders_csv": {"columns": [{"title": "x", "field": "iban"},
                                 {"title": "y", "field": "end_to_end_id"}]}},
     "orders_csv.columns"),
    ({"advice_csv": {"columns": [{"title": "x", "field": "safe"}]}}, "advice_csv.columns"),
    ({"advice_csv": {"separator": ",", "decimal": ","}}, "advice_csv.decimal"),
    ({}, ""),
])
def test_a_form_that_cannot_be(form: dict[str, object], where: str) -> None:
    found = msgspec.convert(form, FileForm)
    assert form_defect(found)[1] == where
    stored = msgspec.json.encode({"files": form}).decode()
    assert parse_form(stored) == (FileForm() if where else found)


@pytest.mark.parametrize("content", ["{}", "[]", '{"files": []}', '{"files": {"most_payments": 5}}',
                                     '{"files": {"orders": "fax"}}', '{"files": null}'])
def test_a_form_that_cannot_be_read_is_the_plain_one(content: str) -> None:
    assert parse_form(content) == FileForm()

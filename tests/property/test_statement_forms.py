"""Any settlement and any client's statement: both forms lead to the same balances, and a changed
amount is found."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from clearing.booking_check import read_bookings, read_settlement
from clearing.camt053 import read_statements
from clearing.client_forms import write_csv as client_csv
from clearing.client_forms import write_safes
from clearing.client_forms import write_xml as client_xml
from clearing.settlement import Settlement, difference
from clearing.settlement_check import read_booking_table, read_settlement_table
from clearing.settlement_forms import write_csv, write_xml
from clearing.tables import disarmed, read_table
from tests.support.camt_schema import schema
from tests.unit.documents.samples import client, payment, settlement

TEXT = st.text(max_size=60)
ROWS = st.lists(st.tuples(st.sampled_from(["payment", "refund", "refund_returned"]),
                          st.integers(1, 10**9), st.integers(0, 10**4), TEXT), max_size=12)


@st.composite
def settlements(draw: st.DrawFn) -> Settlement:
    rows = tuple(
        payment(at, -minor if kind == "refund" else minor,
                -fee if kind == "refund_returned" else fee, kind, purpose)
        for at, (kind, minor, fee, purpose) in enumerate(draw(ROWS)))
    minor = st.integers(0, 10**6)
    return settlement(rows, fees_by=draw(st.sampled_from(["net", "gross"])), vat=draw(minor),
                      held_back=draw(minor), released=draw(minor),
                      opening=draw(st.integers(-10**9, 10**9)), name=draw(TEXT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forms")


@given(settlements(), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_settlement_in_both_forms(folder: Path, made: Settlement, data: st.DataObject) -> None:
    assert difference(made) == ""
    table, document = io.BytesIO(), io.BytesIO()
    write_csv(table, made)
    write_xml(document, made, "Operator & Co")
    (folder / "s.csv").write_bytes(table.getvalue())
    (folder / "s.xml").write_bytes(document.getvalue())
    expected = len(made.payments), made.turnover_minor, "EUR"
    assert read_settlement_table(folder / "s.csv") == expected
    assert read_settlement(folder / "s.xml") == expected
    schema("08").assertValid(etree.fromstring(document.getvalue()))
    [booked] = read_statements(document.getvalue())
    assert (booked.opening_minor, booked.closing_minor) == (made.opening_minor, made.closing_minor)
    told = [row["purpose"] for row in read_table(table.getvalue())]
    assert told[1:1 + len(made.payments)] == [disarmed(row.purpose) for row in made.payments]
    assert not any(text.startswith(("=", "+", "-", "@")) for text in told)
    lines = table.getvalue().split(b"\r\n")
    at = data.draw(st.integers(1, len(lines) - 2))
    if any(b"\n" in line for line in lines):
        return  # a typed text has broken a line: rows are no lines then
    cells = lines[at].rsplit(b",", 4)
    cells[1] = str(int(cells[1]) + 1).encode()
    (folder / "s.csv").write_bytes(b"\r\n".join([*lines[:at], b",".join(cells), *lines[at + 1:]]))
    with pytest.raises(ValueError, match="leads to"):
        read_settlement_table(folder / "s.csv")


def test_a_settlement_that_does_not_add_up_says_what() -> None:
    made = settlement((payment(1, 100, 5),))
    wrong = type(made)(**{**{name: getattr(made, name) for name in made.__struct_fields__},
                          "net_minor": 1})
    assert difference(wrong) == ("the parts come to 95, it says 1; "
                                 "the balance come to -94, it says 0")


def test_a_clients_statement_in_both_forms(folder: Path) -> None:
    statement = client()
    table, document, safes = io.BytesIO(), io.BytesIO(), io.BytesIO()
    client_csv(table, statement)
    client_xml(document, statement)
    assert write_safes(safes, statement) == 2
    (folder / "b.csv").write_bytes(table.getvalue())
    (folder / "b.xml").write_bytes(document.getvalue())
    moved = statement.head.closing_minor - statement.head.opening_minor
    assert read_booking_table(folder / "b.csv") == read_bookings(folder / "b.xml") == (
        10, moved, "EUR")
    schema("08").assertValid(etree.fromstring(document.getvalue()))
    [credit] = [row for row in read_table(table.getvalue()) if row["kind"] == "credit"]
    assert (credit["end_to_end_id"], credit["bank_booked_on"], credit["bank_reference"],
            credit["bank_statement"]) == ("D1", "2026-07-24", "BANK-77", "STMT-1")
    first, second = read_table(safes.getvalue())
    assert (first["safe"], first["deposits"], first["deposited_minor"], first["provisional_minor"],
            first["withheld_minor"], first["uncounted_minor"]) == (
        "SAFE1", "3", "202700", "120000", "77700", "5000")
    assert (second["safe"], second["deposited_minor"]) == ("SAFE2", "30050")


@pytest.mark.parametrize("cut", [1, 2])
def test_a_table_that_is_cut_off_is_refused(cut: int, folder: Path) -> None:
    table = io.BytesIO()
    write_csv(table, settlement((payment(1, 100),)))
    lines = table.getvalue().split(b"\r\n")
    (folder / "cut.csv").write_bytes(b"\r\n".join(lines[:-1 - cut]))
    with pytest.raises(ValueError, match="not from opening to closing"):
        read_settlement_table(folder / "cut.csv")

"""What the reader is tested with is what banks send: valid by the schema of ISO 20022, and read to
the same; and what the schema does not let in, the reader need not be asked about."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from clearing.camt053 import StatementError, read_statements
from terminals.bank import camt053
from tests.support.camt_schema import schema
from tests.support.statement import batch, direction, entry, statement, transaction

ENTRIES = [
    entry(-3_000, transaction("E1", -1_000) + transaction("E2", -2_000)),
    entry(-700, transaction("NOTPROVIDED")), entry(-900, batch("FILE-1", 3)),
    entry(500, transaction("E3", 500, more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"),
          more="<RvslInd>true</RvslInd>"),
    entry(10_000), entry(-1, status="<Cd>PDNG</Cd>")]
HEAD = ("<StmtPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></StmtPgntn><FrToDt>"
        "<FrDtTm>2026-07-20T00:00:00Z</FrDtTm><ToDtTm>2026-07-24T00:00:00Z</ToDtTm></FrToDt>")


def older(end_to_end_id: str, minor: int) -> str:
    """A TxDtls of .02, whose amount is in AmtDtls and has no direction of its own."""
    return (f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs><AmtDtls><TxAmt>"
            f'<Amt Ccy="EUR">{minor / 100:.2f}</Amt></TxAmt></AmtDtls></TxDtls>')


def valid(content: bytes, version: str) -> bool:
    return schema(version).validate(etree.fromstring(content))


def test_the_present_version() -> None:
    content = statement(ENTRIES, opening=-50, closing=5_850, head=HEAD)
    schema("08").assertValid(etree.fromstring(content))
    one, = read_statements(content)
    assert [made.amount_minor for made in one.entries] == [-1_000, -2_000, -700, -900, 500, 10_000]
    assert (one.page, one.from_day, one.entries[4].returned) == (2, date(2026, 7, 20), True)


def test_the_version_that_some_banks_still_send() -> None:
    content = statement(
        [entry(-3_000, older("E1", 1_000) + older("E2", 2_000), status="BOOK"),
         entry(-900, batch("FILE-1", 3), status="BOOK"), entry(7, status="PDNG")],
        opening=5_000, closing=1_100, version="02")
    schema("02").assertValid(etree.fromstring(content))
    one, = read_statements(content)
    assert [(made.end_to_end_id, made.batch, made.amount_minor) for made in one.entries] == [
        ("E1", "", -1_000), ("E2", "", -2_000), ("", "FILE-1", -900)]


def test_what_the_bank_to_test_against_writes() -> None:
    out = camt053.Entry("E1", "FILE-1", "SEPA", "Baker", "DE89370400440532013000",
                        "FR7630006000011234567890189", "Safe & day", -400)
    back = camt053.Entry("E2", "M2", "", "Baker", "FR7630006000011234567890189",
                         "DE89370400440532013000", "", 25)
    content = camt053.statement("DE89370400440532013000", "EUR", "2026-07-24", 10_000, [out, back],
                                "2026-07-24T06:00:00Z")
    schema("08").assertValid(etree.fromstring(content))
    one, = read_statements(content)
    assert (one.opening_minor, one.closing_minor) == (10_000, 9_625)


GOOD = statement([entry(-100, transaction("E1", -100))], opening=100, closing=0)


@pytest.mark.parametrize("content", [
    GOOD.replace(b"<Id>ST1</Id>", b""), GOOD.replace(b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<Sts>"),
    GOOD.replace(b">1.00<", b">one<"), GOOD.replace(b">1.00<", b">-1.00<"),
    GOOD.replace(b"<Ccy>EUR</Ccy>", b"<Ccy>euro</Ccy>"),
    GOOD.replace(b"ST1", b"S" * 36), GOOD.replace(b"E1", b"E" * 36),
    GOOD.replace(b"<Dt>2026-07-24</Dt></BookgDt>", b"<Dt>24.7.</Dt></BookgDt>")])
def test_what_the_schema_refuses_the_reader_refuses(content: bytes) -> None:
    assert valid(GOOD, "08")
    assert not valid(content, "08")
    with pytest.raises(StatementError):
        read_statements(content)


@pytest.mark.parametrize("status", [b"BOOK", b"PDNG", b"INFO", b"FUTR"])
def test_every_status_of_the_schema_is_known(status: bytes) -> None:
    content = statement([entry(-100, transaction("E1", -100)), entry(100)], opening=5, closing=5)
    content = content.replace(b"<Cd>BOOK</Cd>", b"<Cd>" + status + b"</Cd>")
    assert valid(content, "08")
    assert len(read_statements(content)[0].entries) == (2 if status == b"BOOK" else 0)
    assert direction(-1) == "DBIT"

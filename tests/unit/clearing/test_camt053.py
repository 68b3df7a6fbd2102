"""A bank's statement is read, and believed only where it adds up."""

from __future__ import annotations

from datetime import date

import pytest

from clearing.camt053 import StatementError, read_statements
from tests.support.statement import batch, entry, statement, transaction


def test_an_account_and_its_entries() -> None:
    returned = transaction("E3", 500, more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    content = statement(
        [entry(-3_000, transaction("E1", -1_000) + transaction("E2", -2_000)),
         entry(-700, transaction("NOTPROVIDED")), entry(-900, batch("FILE-1", 3)),
         entry(500, returned), entry(10_000), entry(-1, status="<Cd>PDNG</Cd>")],
        opening=-50, closing=5_850)
    one, = read_statements(content)
    assert (one.iban, one.reference, one.page, one.currency) == (
        "DE89370400440532013000", "ST1", 1, "EUR")
    assert (one.from_day, one.to_day) == (date(2026, 7, 23), date(2026, 7, 24))
    assert (one.opening_minor, one.closing_minor) == (-50, 5_850)
    assert [(made.end_to_end_id, made.batch, made.count, made.amount_minor, made.returned)
            for made in one.entries] == [
        ("E1", "", 1, -1_000, False), ("E2", "", 1, -2_000, False), ("", "", 1, -700, False),
        ("", "FILE-1", 3, -900, False), ("E3", "", 1, 500, True), ("", "", 1, 10_000, False)]


def test_an_older_version_and_another_exponent() -> None:
    content = statement([entry(-7, transaction("E1"), status="BOOK", currency="JPY")],
                        opening=10, closing=3, currency="JPY", version="02")
    assert read_statements(content)[0].entries[0].amount_minor == -7


def test_a_page_and_a_period() -> None:
    head = ("<StmtPgntn><PgNb>2</PgNb></StmtPgntn><FrToDt><FrDtTm>2026-07-20T00:00:00Z</FrDtTm>"
            "</FrToDt>")
    one, = read_statements(statement([], opening=1, closing=1, head=head))
    assert (one.page, one.from_day) == (2, date(2026, 7, 20))


def test_intermediate_balances_of_a_page() -> None:
    content = statement([entry(5)], opening=1, closing=6).replace(b"OPBD", b"ITBD", 1).replace(
        b"CLBD", b"ITBD")
    one, = read_statements(content)
    assert (one.opening_minor, one.closing_minor) == (1, 6)


GOOD = statement([entry(-100, transaction("E1", -100))], opening=100, closing=0)


@pytest.mark.parametrize(("content", "message"), [
    (b"", "no XML"), (b"<x", "no XML"), (GOOD[:-5], "no XML"), (b"\xff\xfe" + GOOD, "no XML"),
    (b"<Document/>", "no camt.053"), (GOOD.replace(b"camt.053", b"camt.054"), "no camt.053"),
    (b'<!DOCTYPE d [<!ENTITY x "y">]>' + GOOD.partition(b"\n")[2], "document type"),
    (GOOD.replace(b"<Id>ST1</Id>", b""), "Stmt: has no Id"),
    (GOOD.replace(b"<IBAN>DE89370400440532013000</IBAN>", b""), "Acct no IBAN"),
    (GOOD.replace(b"CLBD", b"XXXX"), "has no closing balance"),
    (GOOD.replace(b">0.00<", b">0.01<"), "lead from 100 to 0, the closing balance is 1"),
    (GOOD.replace(b"<Ccy>EUR</Ccy>", b"<Ccy>euro</Ccy>"), "is no currency"),
    (GOOD.replace(b'<Ntry><Amt Ccy="EUR">', b'<Ntry><Amt Ccy="USD">'), "an amount in 'USD'"),
    (GOOD.replace(b'</Refs><Amt Ccy="EUR">', b'</Refs><Amt Ccy="USD">'), "TxDtls 1: Amt is not"),
    (GOOD.replace(b">1.00<", b">1.001<"), "is no amount in EUR"),
    (GOOD.replace(b">1.00<", b">NaN<"), "no amount"), (GOOD.replace(b">1.00<", b">1e99<"), "Amt"),
    (GOOD.replace(b">1.00<", b">one<"), "Amt 'one' is no amount"),
    (GOOD.replace(b"<Cd>BOOK</Cd>", b"<Cd>MAYBE</Cd>"), "Ntry 1: Sts 'MAYBE'"),
    (GOOD.replace(b"<Dt>2026-07-24</Dt></BookgDt>", b"<Dt>24.7.</Dt></BookgDt>"), "is no date"),
    (GOOD.replace(b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>", b"<Sts>"), "no CdtDbtInd"),
    (statement([entry(-100, transaction("E1", -60) + transaction("E2", -30))], opening=100,
               closing=0), "its TxDtls come to -90, it is -100"),
    (statement([entry(-100, transaction("E1", -60) + transaction("E2"))], opening=100, closing=0),
     "TxDtls 2: has no Amt"),
    (statement([entry(-100, batch("F", 1).replace(">1<", ">many<"))], opening=100, closing=0),
     "NbOfTxs 'many'"),
])
def test_what_is_not_believed(content: bytes, message: str) -> None:
    with pytest.raises(StatementError, match=message):
        read_statements(content)


def test_entities_do_not_grow() -> None:
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><d>&b;</d>'
    with pytest.raises(StatementError):
        read_statements(bomb)


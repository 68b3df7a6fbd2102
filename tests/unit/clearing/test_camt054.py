"""A bank's notification is read, and believed only where it adds up."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from authhost.payments.matching import Credit
from clearing.camt053 import StatementError
from clearing.camt054 import Credited, read_credits
from tests.support.camt_schema import schema
from tests.support.qr_yard import IBAN, SENDER, camt054

ENTRY = """<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><DtTm>2026-07-23T10:00:00Z</DtTm></BookgDt><AcctSvcrRef>A1</AcctSvcrRef>
<NtryDtls>%s</NtryDtls></Ntry>"""
ONE = """<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs>
<RltdPties><Dbtr><Pty><Nm>Maja</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE71 1102</IBAN></Id></DbtrAcct>
</RltdPties><RmtInf><Ustrd>thanks</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf>
</Strd></RmtInf></TxDtls>"""
TWO = ('<TxDtls><Amt Ccy="EUR">10.00</Amt></TxDtls>'
       '<TxDtls><Refs><AcctSvcrRef>B2</AcctSvcrRef></Refs><Amt Ccy="EUR">2.50</Amt></TxDtls>')


def told(*entries: str, version: str = "08") -> bytes:
    """A notification with these entries."""
    return (f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}">'
            "<BkToCstmrDbtCdtNtfctn><Ntfctn><Id>N1</Id><Acct><Id><IBAN>SI56 1920 0123 4567 892"
            f"</IBAN></Id></Acct>{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
            ).encode()


def test_a_credit_with_its_references_the_likeliest_first() -> None:
    assert read_credits(told(ENTRY % ONE)) == (Credited(
        entry_reference="A1", iban="SI56192001234567892", amount_minor=1_250, currency="EUR",
        references=("RF18539007547034", "thanks", "E1"), booked_on=date(2026, 7, 23),
        sender_iban="DE711102", sender_name="Maja"),)


def test_a_file_as_a_bank_makes_it() -> None:
    credit = Credit(entry_reference="A1", iban=IBAN, amount_minor=1_250, currency="EUR",
                    references=("RF18539007547034",), booked_on=date(2026, 7, 23),
                    sender_iban=SENDER, sender_name="Maja")
    content = camt054(credit)
    schema("08", "camt.054").assertValid(etree.fromstring(content))
    [read] = read_credits(content)
    assert (read.entry_reference, read.sender_iban, read.references) == (
        "A1", SENDER, ("RF18539007547034", "NOTPROVIDED"))


def test_many_transactions_of_one_entry_have_a_reference_each() -> None:
    assert [(one.entry_reference, one.amount_minor) for one in read_credits(told(ENTRY % TWO))] \
        == [("A1/1", 1_000), ("B2", 250)]


def test_an_entry_without_details() -> None:
    entry = (ENTRY % "").replace("<NtryDtls></NtryDtls>", "<AddtlNtryInf>RF1</AddtlNtryInf>")
    [one] = read_credits(told(entry, version="02").replace(b"<Sts><Cd>BOOK</Cd></Sts>",
                                                           b"<Sts>BOOK</Sts>"))
    assert (one.entry_reference, one.references) == ("A1", ("RF1",))


def test_what_is_no_credit_of_ours() -> None:
    entry = ENTRY % ONE
    assert read_credits(told(entry.replace("CRDT", "DBIT"))) == ()
    assert read_credits(told(entry.replace("BOOK", "PDNG"))) == ()
    returned = ONE.replace("</TxDtls>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>")
    for given_back in (ENTRY % returned, entry.replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")):
        assert read_credits(told(given_back))[0].references == ()


@pytest.mark.parametrize(("content", "what"), [
    (told(ENTRY % ONE).replace(b"camt.054", b"camt.053"), "is no camt.054 document"),
    (told(ENTRY % ONE)[:-1], "no XML"), (b"<!DOCTYPE a><a/>", "no document type"),
    (told(ENTRY % ONE, ENTRY % ONE), "A1 comes twice"),
    (told((ENTRY % ONE).replace("<AcctSvcrRef>A1</AcctSvcrRef>", "")), "Ntry 1, TxDtls 1: has no"),
    (told(ENTRY % TWO.replace("2.50", "2.51")), "come to 1251, it is 1250"),
    (told(ENTRY % TWO.replace("2.50", "0.00")), "TxDtls 2: is no credit"),
    (told((ENTRY % ONE).replace("12.50", "-12.50")), "is no amount"),
    (told((ENTRY % ONE).replace("12.50", "12.501")), "is no amount in EUR"),
    (told((ENTRY % ONE).replace('"EUR"', '"E"')), "Amt in 'E'"),
    (told((ENTRY % ONE).replace("BOOK", "WHAT")), "Sts 'WHAT'"),
    (told((ENTRY % ONE).replace("2026-07-23", "2026-77-23")), "is no date"),
    (told().replace(b"N1", b""), "has no Id"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"/>', "has no Ntfctn"),
])
def test_what_is_not_believed(content: bytes, what: str) -> None:
    with pytest.raises(StatementError, match=what):
        read_credits(content)


def test_the_number_of_credits_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearing.camt054.MOST", 1)
    with pytest.raises(StatementError, match="more than 1"):
        read_credits(told(ENTRY % TWO))

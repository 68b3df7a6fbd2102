"""The house that takes a night's files: what it refuses, what it books, what it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from terminals.house.ledger import House
from terminals.house.orders import is_iban, read_file

# No package ships pain.002's schema: who has it, names its folder.
_SCHEMAS = Path(os.environ.get("ISO20022_XSD", "xsd"))
OURS, THEIRS = "DE89370400440532013000", "FR7630006000011234567890189"
_ACCOUNT = "<{0}Acct><Id><IBAN>{1}</IBAN></Id></{0}Acct>"
_AGENT = "<{0}Agt><FinInstnId><BICFI>AGRIFRPP</BICFI></FinInstnId></{0}Agt>"


def credit(name: str, amount: str, iban: str = THEIRS) -> str:
    return (f"<CdtTrfTxInf><PmtId><EndToEndId>{name}</EndToEndId></PmtId><Amt>"
            f'<InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><Cdtr><Nm>B</Nm></Cdtr>'
            f"{_ACCOUNT.format('Cdtr', iban)}</CdtTrfTxInf>")


def pain001(orders: str, count: int, total: str, name: str = "FILE") -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>2026-07-23T20:00:00Z</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum><InitgPty><Nm>A</Nm></InitgPty>"
        f"</GrpHdr><PmtInf><PmtInfId>{name}</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt>"
        f"<Dt>2026-07-24</Dt></ReqdExctnDt><Dbtr><Nm>A</Nm></Dbtr>{_ACCOUNT.format('Dbtr', OURS)}"
        f"{_AGENT.format('Dbtr')}{orders}</PmtInf></CstmrCdtTrfInitn></Document>").encode()


def debit(name: str, amount: str) -> str:
    return (f"<DrctDbtTxInf><PmtId><EndToEndId>{name}</EndToEndId></PmtId>"
            f'<InstdAmt Ccy="EUR">{amount}</InstdAmt><DrctDbtTx><MndtRltdInf><MndtId>M1</MndtId>'
            "<DtOfSgntr>2026-01-01</DtOfSgntr></MndtRltdInf></DrctDbtTx>"
            f"{_AGENT.format('Dbtr')}<Dbtr><Nm>B</Nm></Dbtr>{_ACCOUNT.format('Dbtr', THEIRS)}"
            "</DrctDbtTxInf>")


def pain008(orders: str, count: int, total: str, name: str = "DEBITS") -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"><CstmrDrctDbtInitn>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>2026-07-23T20:00:00Z</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum><InitgPty><Nm>A</Nm></InitgPty>"
        f"</GrpHdr><PmtInf><PmtInfId>{name}</PmtInfId><PmtMtd>DD</PmtMtd>"
        "<ReqdColltnDt>2026-07-24</ReqdColltnDt><Cdtr><Nm>A</Nm></Cdtr>"
        f"{_ACCOUNT.format('Cdtr', OURS)}{_AGENT.format('Cdtr')}{orders}</PmtInf>"
        "</CstmrDrctDbtInitn></Document>").encode()


def said(content: bytes, message: str) -> dict[str, list[str]]:
    """The texts of a message by their element; valid by its schema where that is at hand."""
    root = etree.fromstring(content)
    schema = _SCHEMAS / f"{message}.xsd"
    if schema.exists():
        etree.XMLSchema(etree.parse(str(schema))).assertValid(root)
    found: dict[str, list[str]] = {}
    for element in root.iter():
        if element.text and element.text.strip():
            found.setdefault(etree.QName(element).localname, []).append(element.text.strip())
    return found


def house(**more: object) -> House:
    return House({OURS: None}, bic="COBADEFF", **more)  # type: ignore[arg-type]


def test_it_takes_books_and_tells() -> None:
    bank = house()
    file = pain001(credit("A", "10.00") + credit("B", "2.50"), 2, "12.50")
    told = said(bank.take(file, "2026-07-24T08:00:00Z"), "pain.002.001.10")
    assert (told["GrpSts"], told["OrgnlMsgId"], "TxSts" in told) == (["ACCP"], ["FILE"], False)
    bank.settle("2026-07-23")
    assert bank.accounts() == []
    bank.settle("2026-07-24")
    assert bank.balance(OURS, "EUR") == -1_250
    note = said(bank.notice(OURS, "EUR", "2026-07-24", "2026-07-24T18:00:00Z"), "camt.054.001.08")
    assert note["EndToEndId"] == ["A", "B"]
    bank.give_back("A", "AC04", "2026-07-25")
    day = said(bank.statement(OURS, "EUR", "2026-07-25", "2026-07-25T18:00:00Z"),
               "camt.053.001.08")
    assert day["Amt"] == ["12.50", "2.50", "10.00", "10.00"]
    assert day["Cd"][-1] == "AC04"


def test_a_block_in_one_sum() -> None:
    bank = house(batch=True)
    bank.take(pain008(debit("A", "10.00") + debit("B", "5.00"), 2, "15.00"), "now")
    bank.settle("2026-07-24")
    told = said(bank.statement(OURS, "EUR", "2026-07-24", "2026-07-24T18:00:00Z"),
                "camt.053.001.08")
    assert (told["NbOfTxs"], told["PmtInfId"], bank.balance(OURS, "EUR")) == (
        ["2"], ["DEBITS"], 1_500)


def test_the_same_file_again_is_a_duplicate() -> None:
    bank = house()
    file = pain001(credit("A", "10.00"), 1, "10.00")
    bank.take(file, "2026-07-24T08:00:00Z")
    told = said(bank.take(file, "2026-07-24T09:00:00Z"), "pain.002.001.10")
    assert (told["GrpSts"], told["Cd"]) == (["RJCT"], ["DUPL"])
    bank.settle("2026-07-24")
    assert bank.balance(OURS, "EUR") == -1_000


@pytest.mark.parametrize(("content", "status", "reason"), [
    (pain001(credit("A", "10.00", "FR7630006000011234567890180") + credit("B", "1.00"), 2,
             "11.00"), "PART", "AC01"),
    (pain001(credit("A", "10.00"), 1, "10.01"), "RJCT", "AM10"),
    (pain001(credit("A", "10.00"), 2, "10.00"), "RJCT", "AM18"),
    (pain001(credit("A", "10.00") + credit("A", "1.00"), 2, "11.00"), "RJCT", "AM05"),
    (pain001("", 0, "0"), "RJCT", "FF01"),
    (pain008(debit("A", "1.00"), 1, "1.01"), "RJCT", "AM10"),
    (b"<Document/>", "RJCT", "FF01"),
])
def test_what_it_refuses(content: bytes, status: str, reason: str) -> None:
    told = said(house().take(content, "2026-07-24T08:00:00Z"), "pain.002.001.10")
    assert (told["GrpSts"], told["Cd"][-1]) == ([status], reason)


def test_funds_and_accounts() -> None:
    poor = House({OURS: 1_050})
    told = said(poor.take(pain001(credit("A", "10.00") + credit("B", "1.00"), 2, "11.00"),
                          "2026-07-24T08:00:00Z"), "pain.002.001.10")
    assert (told["GrpSts"], told["Cd"], told["OrgnlEndToEndId"]) == (["PART"], ["AM04"], ["B"])
    other = House({THEIRS: None})
    told = said(other.take(pain001(credit("A", "10.00"), 1, "10.00"), "2026-07-24T08:00:00Z"),
                "pain.002.001.10")
    assert (told["GrpSts"], told["Cd"]) == (["RJCT"], ["AC02"])


def test_a_real_number_of_an_account() -> None:
    assert is_iban(OURS)
    assert not is_iban("DE89370400440532013001")


def test_the_amounts_are_read_to_the_cent() -> None:
    assert [order.amount_minor for order in read_file(
        pain008(debit("A", "0.07") + debit("B", "1234567.5"), 2, "1234567.57")).orders] == [
        7, 123_456_750]

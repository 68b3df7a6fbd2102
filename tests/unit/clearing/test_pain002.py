"""A bank's report, read: every level, and what contradicts itself."""

from __future__ import annotations

import pytest

from clearing.answers.pain002 import Said, read_report
from clearing.camt053 import StatementError
from tests.support.pain002 import block, count, report, transaction


def test_a_whole_file() -> None:
    read = read_report(report("FILE", status="ACCP", number=2, total="30.50", bic="AGRIFRPP"))
    assert (read.message_id, read.about, read.kind) == ("BANK-1", "FILE", "pain.001.001.09")
    assert (read.said.status, read.count, read.total, read.bics) == (
        "ACCP", 2, "30.50", frozenset({"AGRIFRPP"}))
    assert read.blocks == ()


def test_every_level() -> None:
    read = read_report(report("FILE", block(
        "FILE", transaction("A", "RJCT", "AC04", "10.00") + transaction("B", "ACSC"),
        status="PART", code="MS03"), status="PART"))
    first, = read.blocks
    assert (first.payment_information_id, first.said) == ("FILE", Said("PART", "MS03"))
    assert [(one.end_to_end_id, one.said.status, one.said.reason, one.amount_minor, one.currency)
            for one in read.transactions] == [
        ("A", "RJCT", "AC04", 1_000, "EUR"), ("B", "ACSC", "", None, "")]


def test_other_versions_are_read() -> None:
    for version in ("03", "10", "12"):
        assert read_report(report("FILE", status="RCVD", version=version)).said.status == "RCVD"


@pytest.mark.parametrize(("content", "message"), [
    (b"<Document/>", "is no pain.002 document"),
    (b"no xml", "no XML"),
    (report("FILE"), "says nothing of anything"),
    (report("", status="ACCP"), "has no MsgId, or names no message"),
    (report("FILE", status="FINE"), "GrpSts 'FINE' is no status"),
    (report("FILE", status="PART"), "is partly rejected, and lists nothing"),
    (report("FILE", block("FILE", transaction("A", "RJCT") + transaction("A", "ACSC"))),
     "TxInfAndSts 2: A is RJCT and ACSC"),
    (report("FILE", block("FILE", transaction("A", "RJCT"), counts=count("RJCT", 2))),
     "2 are RJCT, 1 are listed"),
    (report("FILE", block("FILE", transaction("A", "RJCT")), counts=count("RJCT", 2)),
     "OrgnlGrpInfAndSts: 2 are RJCT"),
    (report("FILE", block("FILE", transaction("A", "RJCT", amount="1.001"))), "is no amount in"),
    (report("FILE", block("FILE", transaction("", "RJCT"))), "has no OrgnlEndToEndId"),
    (report("F" * 36, status="ACCP"), "more than 35 characters"),
    (b"<!DOCTYPE x>" + report("FILE", status="ACCP"), "line 1"),
])
def test_what_cannot_be_believed(content: bytes, message: str) -> None:
    with pytest.raises(StatementError, match=message):
        read_report(content)

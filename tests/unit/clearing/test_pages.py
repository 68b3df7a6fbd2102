"""Pages escape what strangers typed; tables do not run it."""

from __future__ import annotations

import io

import pytest
from jinja2 import UndefinedError

from clearing.fee_statement import Buyer, FeeStatement, Seller
from clearing.fees import Charge, stated
from clearing.pages import write_page
from clearing.party import Address
from clearing.tables import read_table, write_table

NASTY = "<script>alert('1')</script>\"&"


@pytest.mark.parametrize("settle", ["net", "invoice"])
def test_a_fee_statement_escapes_everything(settle: str) -> None:
    sums = stated([(Charge("note", "0.25", 40, 36_500_000_000), 2_000),
                   (Charge("percent", "10", 123_456, 3_650_000_000), 2_000),
                   (Charge("interest", "365", 700_000, 3_650_000_000 * 70), 0)])
    address = Address(NASTY, NASTY, NASTY, NASTY, NASTY)
    page = io.BytesIO()
    write_page(page, "fees.html", statement=FeeStatement(
        number=NASTY, run_id=NASTY, period_from="2026-07-01", period_to="2026-07-31",
        currency="EUR", settle=settle, seller=Seller(NASTY, address, NASTY, NASTY),
        client=Buyer(1, NASTY, address), lines=sums.lines, vat=sums.vat,
        fees_minor=sums.fees_minor, interest_minor=sums.interest_minor,
        vat_minor=sums.vat_minor, gross_minor=sums.gross_minor))
    text = page.getvalue().decode()
    assert "<script" not in text
    for shown in ("0.0025", "1\u00a0234.56", "0.1\u00a0%", "7\u00a0000.00 x days",
                  "3.65\u00a0% a year", "2026-07-01 to 2026-07-31"):
        assert shown in text
    assert ("IBAN" in text) == (settle == "invoice")


def test_a_missing_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        write_page(io.BytesIO(), "fees.html")


def test_a_table_holds_text_and_no_formula() -> None:
    sink = io.BytesIO()
    given = ["=1+1", "+1", "-1", "@x", "\tx", "plain", 'quo"te, comma\nline', "été", ""]
    write_table(sink, ("text", "minor"), [(text, -5) for text in given])
    rows = read_table(sink.getvalue())
    assert [row["text"] for row in rows] == [
        "'=1+1", "'+1", "'-1", "'@x", "'\tx", "plain", 'quo"te, comma\nline', "été", ""]
    assert {row["minor"] for row in rows} == {"-5"}

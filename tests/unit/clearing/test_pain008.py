"""Collections against the schema of ISO 20022, and what the check of them refuses."""

from __future__ import annotations

import io
from datetime import date
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.bankfiles.config import Creditor
from clearing.bankfiles.pain008 import END_OF_BLOCK, Block, Collection, DirectDebitFile
from clearing.bankfiles.reading import read_collections
from clearing.bankfiles.splitting import Nowhere
from clearing.party import Address
from tests.support.payment_files import WORDS, read_back, refuses

CREDITOR = Creditor("DE98ZZZ09999999999", "Öl & Gas AG", "DE89370400440532013000", "COBADEFFXXX",
                    Address("Kaiserstraße", "1", "60311", "Frankfurt", "DE"))
DAY = date(2026, 7, 28)
ONE = Collection("20260724-FUEL-1-C0000001", 12_345, "M-1", date(2026, 1, 10), "Müller",
                 "AT611904300234573201", "", Address(town="Wien", country="AT"), "INVOICE F-1")


def document(*blocks: list[Collection], day: date = DAY) -> bytes:
    sink = io.BytesIO()
    heads = [Block(number, "CORE", "RCUR", day, len(found),
                   sum(one.amount_minor for one in found))
             for number, found in enumerate(blocks, 1)]
    file = DirectDebitFile(sink, "20260724-FUEL-1-COLLECT-EUR.1", "2026-07-24T23:59:59Z", "EUR",
                           heads, CREDITOR)
    file.begin()
    for found in blocks:
        file.block()
        for one in found:
            file.add(one)
    file.end()
    return sink.getvalue()


check = partial(read_back, read_collections)


def test_valid_and_read_back() -> None:
    other = msgspec.structs.replace(ONE, end_to_end_id="other", amount_minor=5)
    content = document([ONE], [other])
    assert check(content) == (2, 12_350, "EUR")
    assert b"<PmtInfId>20260724-FUEL-1-COLLECT-EUR.1/2</PmtInfId>" in content
    assert b"<Id>DE98ZZZ09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>" in content
    assert b"<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>" \
        in content


def test_what_has_changed_of_a_mandate_is_told() -> None:
    content = document([msgspec.structs.replace(
        ONE, original_id="OLD", original_iban="DE89370400440532013000",
        original_creditor="DE98ZZZ00000000001")])
    assert check(content)[0] == 1
    assert (b"<AmdmntInd>true</AmdmntInd><AmdmntInfDtls><OrgnlMndtId>OLD</OrgnlMndtId>"
            b"<OrgnlCdtrSchmeId>") in content
    assert b"<OrgnlDbtrAcct><Id><IBAN>DE89370400440532013000</IBAN>" in content


def test_what_is_measured_is_what_is_written() -> None:
    other = msgspec.structs.replace(ONE, end_to_end_id="other", debtor_name="Ö" * 90)
    content = document([ONE, other])
    file = DirectDebitFile(Nowhere(), "20260724-FUEL-1-COLLECT-EUR.1", "", "EUR", (), CREDITOR)
    head = file.rendered_head(Block(1, "CORE", "RCUR", DAY, 2, 24_690))
    inside = head + file.rendered(ONE) + file.rendered(other) + END_OF_BLOCK
    assert inside.encode() in content


addresses = st.builds(
    Address, WORDS, WORDS, WORDS, WORDS, st.sampled_from(["", "AT", "DE"]),
    st.lists(WORDS, max_size=4).map(tuple))


@given(st.lists(st.builds(
    Collection, end_to_end_id=st.uuids().map(lambda number: number.hex),
    amount_minor=st.integers(1, 99_999_999_999),
    mandate_id=st.from_regex(r"[0-9A-Za-z+?/:().,'-]{1,35}", fullmatch=True),
    signed_on=st.dates(date(1990, 1, 1)), debtor_name=WORDS.map("N".__add__),
    iban=st.just(ONE.iban), bic=st.sampled_from(["", "BKAUATWW"]), address=addresses,
    remittance=WORDS.map("R".__add__), original_id=st.sampled_from(["", "OLD"]),
    original_iban=st.sampled_from(["", ONE.iban])), min_size=1, max_size=5,
    unique_by=lambda one: one.end_to_end_id), st.integers(1, 3))
def test_any_text_makes_a_valid_file(found: list[Collection], every: int) -> None:
    blocks = [found[at:at + every] for at in range(0, len(found), every)]
    assert check(document(*blocks)) == (len(found), sum(one.amount_minor for one in found), "EUR")


@pytest.mark.parametrize(("old", "new"), [
    (b">123.45</InstdAmt>", b">123.46</InstdAmt>"), (b"<NbOfTxs>1", b"<NbOfTxs>2"),
    (b"<SeqTp>RCUR", b"<SeqTp>NEXT"),
    (b"</Document>", b""), (b"<MndtId>M-1", b"<MndtId>"), (b"<PmtMtd>DD", b"<PmtMtd>TRF"),
    (b"<ReqdColltnDt>2026-07-28", b"<ReqdColltnDt>28.07.2026"),
])
def test_what_the_check_refuses(old: bytes, new: bytes) -> None:
    refuses(read_collections, document([ONE]), old, new)


def test_each_block_has_its_own_totals() -> None:
    """Two blocks whose errors cancel out."""
    other = msgspec.structs.replace(ONE, end_to_end_id="other", amount_minor=5)
    content = document([ONE], [other]).replace(b">123.45</InstdAmt>", b">123.44</InstdAmt>")
    content = content.replace(b">0.05</InstdAmt>", b">0.06</InstdAmt>")
    with pytest.raises(ValueError, match=r"PmtInf states 1 and 123\.45"):
        check(content)


def test_the_writer_holds_the_blocks_to_their_word() -> None:
    file = DirectDebitFile(io.BytesIO(), "m", "c", "EUR", [Block(1, "CORE", "RCUR", DAY, 1, 1)],
                           CREDITOR)
    file.block()
    file.add(ONE)
    with pytest.raises(AssertionError):
        file.end()

"""The bank file against the schema of ISO 20022, and what the check of it refuses."""

from __future__ import annotations

import io
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.bankfiles.pain001 import Credit, CreditTransferFile, Message
from clearing.bankfiles.reading import read_credit_transfers
from clearing.banks import Way
from clearing.party import Address
from clearing.settings import load_settings
from tests.support.payment_files import WORDS, read_back, refuses

ADDRESS = Address("Rue de l'Été", "5 bis", "75001", "Paris", "FR")
CREDIT = Credit("20260723-CASH-1-D0000001", 155_050, "Café & Co", "FR7630006000011234567890189",
                "AGRIFRPP", ADDRESS, "SAFE S1 2026-07-23, 2 DEPOSITS")


def document(credits_given: list[Credit], currency: str = "EUR") -> bytes:
    sink = io.BytesIO()
    message = Message("20260723-CASH-1-DEPOSITS-EUR", "2026-07-23T23:59:59Z", "2026-07-23",
                      currency, len(credits_given),
                      sum(credit.amount_minor for credit in credits_given))
    debtor = load_settings().debtor(currency)
    assert debtor is not None
    file = CreditTransferFile(sink, message, debtor)
    file.begin()
    for credit in credits_given:
        file.add(credit)
    file.end()
    return sink.getvalue()


check = partial(read_back, read_credit_transfers)


def test_valid_and_read_back() -> None:
    content = document([CREDIT])
    assert check(content) == (1, 155_050, "EUR")
    assert b"<Cd>SEPA</Cd>" in content
    assert b"<StrtNm>Rue de l'Ete</StrtNm><BldgNb>5 bis</BldgNb><PstCd>75001</PstCd>" in content
    assert b"<Nm>Cafe + Co</Nm>" in content


@pytest.mark.parametrize(("currency", "text"), [("USD", b"1550.50"), ("JPY", b"155050"),
                                                ("KWD", b"155.050")])
def test_another_currency_is_not_sepa(currency: str, text: bytes) -> None:
    content = document([CREDIT], currency)
    assert check(content) == (1, 155_050, currency)
    assert b"SvcLvl" not in content
    assert b'Ccy="%b">%b<' % (currency.encode(), text) in content




@given(st.lists(st.builds(
    Credit, end_to_end_id=st.uuids().map(lambda number: number.hex),
    amount_minor=st.integers(1, 99_999_999_999), name=WORDS.map("N".__add__),
    iban=st.just(CREDIT.iban), bic=st.sampled_from(["", "AGRIFRPP"]),
    address=st.builds(Address, WORDS, WORDS, WORDS, WORDS.map("T".__add__), st.just("FR")),
    remittance=WORDS.map("R".__add__)), min_size=1, max_size=5,
    unique_by=lambda credit: credit.end_to_end_id))
def test_any_text_makes_a_valid_file(credits_given: list[Credit]) -> None:
    total = sum(credit.amount_minor for credit in credits_given)
    assert check(document(credits_given)) == (len(credits_given), total, "EUR")


@pytest.mark.parametrize(("old", "new"), [
    (b">1550.50<", b">1550.5<"),  # another way to write it
    (b'<InstdAmt Ccy="EUR">1550.50', b'<InstdAmt Ccy="EUR">1550.51'),
    (b"<NbOfTxs>1", b"<NbOfTxs>2"), (b"<Ctry>FR", b"<Ctry>fr"), (b"<IBAN>FR", b"<IBAN>"),
    (b"</Document>", b""), (b"<PmtMtd>TRF</PmtMtd>", b""),
    (b'<InstdAmt Ccy="EUR">', b'<InstdAmt Ccy="USD">0.00</InstdAmt><InstdAmt Ccy="EUR">'),
])
def test_what_the_check_refuses(old: bytes, new: bytes) -> None:
    refuses(read_credit_transfers, document([CREDIT]), old, new)


def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(ValueError, match="2 payments with 1 end-to-end ids"):
        check(document([CREDIT, CREDIT]))


def test_an_entity_is_not_expanded() -> None:
    content = document([CREDIT]).replace(
        b"<Document", b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n<Document'
    ).replace(b"<Nm>Cafe + Co", b"<Nm>&e;")
    with pytest.raises(ValueError, match=r".+"):
        check(content)


def test_the_writer_holds_the_header_to_its_word() -> None:
    debtor = load_settings().debtor("EUR")
    assert debtor is not None
    file = CreditTransferFile(io.BytesIO(), Message("m", "c", "d", "EUR", 2, 155_050), debtor)
    file.add(CREDIT)
    with pytest.raises(AssertionError):
        file.end()


@pytest.mark.parametrize(("address", "told"), [
    (Address(town="Paris", country="FR", lines=("Tour B", "Étage 3", "more")),
     b"<TwnNm>Paris</TwnNm><Ctry>FR</Ctry><AdrLine>Tour B</AdrLine><AdrLine>Etage 3</AdrLine></Ps"),
    (Address("Rue", "5", town="Paris", country="FR", lines=("Tour B",)),
     b"<StrtNm>Rue</StrtNm><BldgNb>5</BldgNb><TwnNm>Paris</TwnNm><Ctry>FR</Ctry></Ps"),
])
def test_two_lines_stand_in_for_a_street(address: Address, told: bytes) -> None:
    content = document([msgspec.structs.replace(CREDIT, address=address)])
    assert check(content) == (1, 155_050, "EUR")
    assert told in content


@pytest.mark.parametrize(("way", "purpose", "told"), [
    (Way("EUR", instant=True), "", b"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>INST<"),
    (Way("CHF", service_level="URGP"), "SUPP",
     b"<PmtTpInf><SvcLvl><Cd>URGP</Cd></SvcLvl><CtgyPurp><Cd>SUPP</Cd></CtgyPurp></PmtTpInf>"),
    (Way("EUR", service_level="-"), "CASH", b"<PmtTpInf><CtgyPurp><Cd>CASH</Cd></CtgyPurp></Pmt"),
])
def test_the_service_that_a_rail_is(way: Way, purpose: str, told: bytes) -> None:
    sink = io.BytesIO()
    debtor = load_settings().debtor(way.currency)
    assert debtor is not None
    file = CreditTransferFile(sink, Message(
        "M", "2026-07-23T23:59:59Z", "2026-07-24", way.currency, 1, 155_050,
        way.payment_type(purpose), "GDDS", batch_booking=False), debtor)
    file.begin()
    file.add(CREDIT)
    file.end()
    assert check(sink.getvalue()) == (1, 155_050, way.currency)
    for part in (told, b"<Purp><Cd>GDDS</Cd></Purp>", b"<BtchBookg>false</BtchBookg>"):
        assert part in sink.getvalue()
    assert (b"<ChrgBr>SLEV" in sink.getvalue()) is (way.currency == "EUR")

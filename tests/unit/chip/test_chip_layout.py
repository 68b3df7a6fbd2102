"""TLV, commands, digits, records, certificates: one coding each; everything else is refused.

Knows the values of `chip`, no card.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import bcd, cryptogram, curve, issuer, tlv
from chip.apdu import ApduError, Command, Response, tries
from chip.certificates import Certificate, CertificateError, Role
from chip.cryptogram import Kind, Results, Transaction
from chip.records import Contents, Holder, Identity, RecordError, Rules
from tests.support.cards import CARD_UNTIL, CONTENTS, SERIAL, TODAY, Issuer

TAGS = st.sampled_from([0x5A, 0x70, 0x5F24, 0x9F26, 0xDF01, 0x7F21])
DIGITS = st.text("0123456789", min_size=3, max_size=3)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=5))
def test_tlv_comes_back(objects: list[tuple[int, bytes]]) -> None:
    assert tlv.parse(tlv.join(objects)) == objects


@pytest.mark.parametrize("text", ["5A", "5A02FF", "5F", "5A8100", "5A80", "5A83000001FF", "5A82FF",
                                  "9F8101", "5A8"])
def test_what_is_no_tlv_is_refused(text: str) -> None:
    data = bytes.fromhex(text + "0" * (len(text) % 2))
    if text == "5A8100":  # long form of a short length: read, and refused where one coding counts
        assert tlv.parse(data) == [(0x5A, b"")]
        return
    with pytest.raises(tlv.TlvError):
        tlv.parse(data)


@pytest.mark.parametrize("raw", [
    "00A40400", "0084000010", "002000800824471FFFFFFFFFFF", "00A4040002F04600", "00DC010C01FF"])
def test_commands_come_back(raw: str) -> None:
    assert Command.parse(bytes.fromhex(raw)).encode() == bytes.fromhex(raw)


@pytest.mark.parametrize("raw", ["", "00", "00A404", "00A4040005F046", "00A40400000000",
                                 "00A4040000000102", "00A4040001F0464647"])
def test_what_is_no_short_command_is_refused(raw: str) -> None:
    with pytest.raises(ApduError):
        Command.parse(bytes.fromhex(raw))


def test_a_response_needs_a_status() -> None:
    with pytest.raises(ApduError):
        Response.parse(b"\x90")
    assert Response.parse(b"\x01\x90\x00") == Response(b"\x01", 0x9000)
    assert [tries(sw) for sw in (0x63C2, 0x6983, 0x9000, 0x6300)] == [2, 0, None, None]


@given(st.text("0123456789", min_size=12, max_size=19), st.dates(date(2000, 1, 1),
       date(2099, 12, 31)), DIGITS, st.integers(0, 255))
def test_identity_comes_back(pan: str, expiry: date, service: str, version: int) -> None:
    identity = Identity(pan=pan, expiry=expiry, service_code=service, key_version=version)
    assert Identity.parse(identity.encode()) == identity


@given(st.integers(0, 10**12 - 1), DIGITS, st.none() | st.lists(DIGITS, max_size=30).map(tuple),
       st.text("134589ABU", max_size=16), st.booleans(), st.integers(0, 255))
def test_rules_come_back(limit: int, currency: str, products: tuple[str, ...] | None,
                         prompts: str, pin_required: bool, in_a_row: int) -> None:
    rules = Rules(offline_limit_minor=limit, currency=currency, products=products,
                  prompts=prompts, pin_required=pin_required, offline_in_a_row=in_a_row)
    assert Rules.parse(rules.encode()) == rules


@given(st.binary(max_size=80))
def test_no_bytes_break_a_parser(data: bytes) -> None:
    for parse in (Identity.parse, Holder.parse, Rules.parse):
        for record in (data, tlv.encode(0x70, data)):
            with pytest.raises(RecordError):
                parse(record)
    with pytest.raises(CertificateError):
        Certificate.parse(data)


@pytest.mark.parametrize("contents", [
    Identity(pan="12345678901", expiry=TODAY), Identity(pan="7" * 20, expiry=TODAY),
    Identity(pan="701337000000001x", expiry=TODAY),
    Identity(pan="7" * 16, expiry=TODAY, psn="1"), Holder(name="x" * 41),
    Holder(name="ž" * 21), Rules(offline_limit_minor=10**12), Rules(currency="EUR"),
    Rules(products=("1",)), Rules(products=("001",) * 31), Rules(prompts="ž"),
    Rules(offline_in_a_row=256)])
def test_what_does_not_fit_is_said(contents: Identity | Holder | Rules) -> None:
    with pytest.raises(RecordError):
        contents.encode()


def test_values_of_a_person_hide_themselves() -> None:
    text = repr(CONTENTS) + repr(CONTENTS.encode)
    assert "7013370000000000017" not in text
    assert "Novak" not in text
    assert CONTENTS.encode() == Contents(*msgspec.structs.astuple(CONTENTS)).encode()


def test_digits() -> None:
    assert bcd.pack_compressed("12345") == bytes.fromhex("12345F")
    assert bcd.unpack_compressed(bytes.fromhex("12345F")) == "12345"
    assert bcd.pack("978", 2) == bytes.fromhex("0978")
    for wrong in ("1F2F", "FF", "ABCD"):
        with pytest.raises(ValueError, match="digits"):
            bcd.unpack_compressed(bytes.fromhex(wrong))
    with pytest.raises(ValueError, match="month"):
        bcd.unpack_date(bytes.fromhex("261301"))


@given(st.sampled_from(list(Kind)), st.lists(st.booleans(), min_size=7, max_size=7),
       st.integers(0, 255))
def test_card_verification_results_come_back(kind: Kind, bits: list[bool], count: int) -> None:
    results = Results(
        kind=kind, pin_tried=bits[0], pin_failed=bits[1], online_not_completed=bits[2],
        pin_blocked=bits[3], above_limit=bits[4], never_online=bits[5], arpc_failed=bits[6],
        offline_count=count)
    assert Results.parse(results.iad(7)) == results
    assert results.pin_verified == (bits[0] and not bits[1])


def test_transactions_come_back() -> None:
    transaction = Transaction(amount_minor=4135, currency="978", country="705", date="260729",
                              unpredictable=b"\x01\x02\x03\x04", tvr=b"\x00\x00\x80\x00\x00")
    data = transaction.encode()
    assert len(data) == cryptogram.DATA_SIZE == 29
    assert Transaction.parse(data) == transaction
    with pytest.raises(ValueError, match="29 bytes"):
        Transaction.parse(data[:-1])
    with pytest.raises(ValueError, match="digits"):
        Transaction.parse(b"\xff" + data[1:])


class TestCertificates:
    """A certificate is believed for one role, by one key, until its last day."""

    def certificate(self, by: Issuer) -> Certificate:
        """Of a card."""
        return issuer.card_certificate(by.signer, SERIAL, curve.point(curve.new_key()), TODAY,
                                       CARD_UNTIL)

    def test_it_comes_back_and_is_believed(self, issuer: Issuer) -> None:
        certificate = self.certificate(issuer)
        assert len(certificate.encode()) < 192
        again = Certificate.parse(certificate.encode())
        assert again == certificate
        again.check(issuer.trusted, Role.CARD, CARD_UNTIL)

    @pytest.mark.parametrize("reason", ["issuer", "signature", "role", "date", "format"])
    def test_why_it_is_not_believed(self, issuer: Issuer, reason: str) -> None:
        certificate, trusted, role, today = self.certificate(issuer), issuer.trusted, Role.CARD, \
            TODAY
        if reason == "issuer":
            trusted = Issuer(2).trusted
        elif reason == "signature":
            trusted = Issuer(1).trusted
        elif reason == "role":
            role = Role.TERMINAL
        elif reason == "date":
            today = CARD_UNTIL + timedelta(days=1)
        else:
            certificate = msgspec.structs.replace(certificate, public_key=b"\x04" + bytes(64))
            certificate = msgspec.structs.replace(
                certificate, signature=issuer.signer.sign(certificate.body))
        with pytest.raises(CertificateError) as caught:
            certificate.check(trusted, role, today)
        assert caught.value.reason == reason

    def test_every_changed_byte_is_seen(self, issuer: Issuer) -> None:
        raw = self.certificate(issuer).encode()
        for at in range(len(raw)):
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]
            with pytest.raises(CertificateError):
                Certificate.parse(changed).check(issuer.trusted, Role.CARD, TODAY)

    def test_a_terminals_id_has_to_fit(self, issuer: Issuer) -> None:
        with pytest.raises(ValueError, match="8 characters"):
            issuer.terminal("T01012345")

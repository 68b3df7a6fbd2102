"""The code of Serbia's instant payments: the published example, each rule broken once."""

from __future__ import annotations

import msgspec
import pytest

from authhost.qr import nbs
from authhost.qr.errors import QrError
from authhost.qr.nbs import NbsCode, generate, read

# As the National Bank of Serbia prints it.
PUBLISHED = ("K:PR|V:01|C:1|R:845000000040484987|N:JP EPS BEOGRAD\nBALKANSKA 13|I:RSD3596,13|"
             "P:MRĐO MAČKATOVIĆ\nŽUPSKA 13\nBEOGRAD 6|SF:189|S:UPLATA PO RAČUNU ZA EL. ENERGIJU|"
             "RO:97163220000111111111000")
BILL = NbsCode(account="845000000040484987", name="JP EPS BEOGRAD", amount_minor=359_613,
               payment_code="189")


def test_the_published_code() -> None:
    code = read(PUBLISHED.encode())
    assert (code.kind, code.account, code.amount_minor, code.model, code.reference) == (
        "PR", "845000000040484987", 359_613, "97", "163220000111111111000")
    assert code.payer.split("\n")[2] == "BEOGRAD 6"
    assert generate(code) == PUBLISHED


def test_at_a_point_of_sale_and_of_a_buyer() -> None:
    shop = msgspec.structs.replace(BILL, kind="PT", category="5411", payment_code="221",
                                   point="1234567890123456789", note="Kasa 3")
    assert read(generate(shop).encode()) == shop
    buyer = NbsCode(kind="PK", payer_account="845000000040484987", once="12345")
    assert generate(buyer) == "K:PK|V:01|C:1|O:845000000040484987|JS:12345"


@pytest.mark.parametrize(("text", "minor"), [
    ("RSD1025,", 102_500), ("RSD0,01", 1), ("RSD0,1", 10),
    ("RSD999999999999,99", nbs.LARGEST_MINOR)])
def test_amounts(text: str, minor: int) -> None:
    assert read(PUBLISHED.replace("RSD3596,13", text).encode()).amount_minor == minor


@pytest.mark.parametrize(("old", "new", "where", "what"), [
    ("K:PR", "K:PX", "K", "is one of"), ("V:01", "V:02", "V", "is 01"),
    ("C:1", "C:2", "C", "is 1"), ("K:PR|V:01", "V:01|K:PR", "K", "come first"),
    ("K:PR", "K:PR ", "K", "is one of"), ("K:PR", "|K:PR", "field 1", "no tag"),
    ("RO:97163220000111111111000", "", "field 10", "no tag"),
    ("|SF:189", "", "SF", "is missing"), ("SF:189", "SF:18", "SF", "three digits"),
    ("SF:189", "SF:189|SF:189", "SF", "comes twice"), ("SF:189", "SF:", "SF", "no tag"),
    ("SF:189", "X:1", "X", "no such tag"), ("SF:189", "sf:189", "sf", "no such tag"),
    ("R:845000000040484987", "R:845000000040484978", "R", "control number"),
    ("R:845000000040484987", "R:84500000004048498", "R", "18 digits"),
    ("RSD3596,13", "RSD3596.13", "I", "RSD and an amount"),
    ("RSD3596,13", "RSD3596", "I", "RSD and an amount"),
    ("RSD3596,13", "RSD,13", "I", "RSD and an amount"),
    ("RSD3596,13", "RSD03596,13", "I", "RSD and an amount"),
    ("RSD3596,13", "EUR3596,13", "I", "RSD and an amount"),
    ("RSD3596,13", "RSD1000000000000,00", "I", "RSD and an amount"),
    ("RSD3596,13", "RSD0,00", "I", "at least"),
    ("RSD3596,13", "RSD٣,13", "I", "RSD and an amount"),
    ("BALKANSKA 13", "B" * 56, "N", "71 characters"),
    ("BALKANSKA 13", "A\nB\nC", "N", "4 lines"), ("BALKANSKA 13", " ", "N", "empty line"),
    ("BALKANSKA 13", "A\u202eB", "N", "U+202E"), ("BALKANSKA 13", "A\x00B", "N", "U+0000"),
    ("BALKANSKA 13", "日本", "N", "U+65E5"), ("BALKANSKA 13", "A\\B", "N", "U+005C"),
    ("UPLATA PO RAČUNU", "UPLATA\nRAČUNU", "S", "2 lines"),
    ("UPLATA PO RAČUNU", "UPLATAMA PO RAČUNIMA", "S", "36 characters"),
    ("RO:9716", "RO:9717", "RO", "control number"), ("RO:9716", "RO:97", "RO", "control number"),
    ("RO:97163220000111111111000", "RO:9", "RO", "a model"),
    ("RO:97163220000111111111000", "RO:00" + "1" * 24, "RO", "a model"),
    ("SF:189", "SF:189|M:5411", "M", "is not of K:PR"),
    ("SF:189", "SF:189|JS:12345", "JS", "is not of K:PR"),
    ("K:PR", "K:PT", "M", "is missing"), ("K:PR", "K:PK", "O", "is missing"),
    ("RO:97163220000111111111000", "RL:" + "a" * 141, "RL", "141 characters"),
])
def test_each_rule(old: str, new: str, where: str, what: str) -> None:
    assert old in PUBLISHED
    with pytest.raises(QrError, match=what.replace("+", r"\+")) as error:
        read(PUBLISHED.replace(old, new).encode())
    assert error.value.where == where


def test_bytes_that_are_no_code() -> None:
    with pytest.raises(QrError, match="332 bytes") as error:
        read(b"K" * 332)
    assert error.value.where == "code"
    with pytest.raises(QrError, match="no UTF-8 at byte 2"):
        read(b"K:\xff")
    with pytest.raises(QrError, match="white space"):
        read(PUBLISHED.encode() + b"\n")


@pytest.mark.parametrize("more", [
    {"amount_minor": -1}, {"amount_minor": nbs.LARGEST_MINOR + 1}, {"account": "1"},
    {"name": ""}, {"name": "A|S:B"}, {"purpose": "A|RO:00123"}, {"model": "", "reference": "0012"},
    {"payment_code": ""}])
def test_what_cannot_be_written(more: dict[str, str | int]) -> None:
    with pytest.raises(QrError):
        generate(msgspec.structs.replace(BILL, **more))


def test_a_reference_under_model_97() -> None:
    assert nbs.modelled("3220000111111111000") == "163220000111111111000"
    letters = msgspec.structs.replace(BILL, model="97", reference=nbs.modelled("AB12"))
    assert read(generate(letters).encode()) == letters

"""The code for a SEPA credit transfer: the published example, each rule broken once."""

from __future__ import annotations

import msgspec
import pytest

from authhost.qr import epc
from authhost.qr.epc import EpcCode, encoded, generate, read
from authhost.qr.errors import QrError

# The sample of the standard's appendix: the Red Cross of Belgium.
PUBLISHED = ("BCD\n001\n1\nSCT\nBPOTBEB1\nRed Cross of Belgium\nBE72000000001616\nEUR1\nCHAR\n\n"
             "Urgency fund\nSample EPC QR code")
BILL = EpcCode(name="Payments Ltd", iban="SI56192001234567892", amount_minor=1_250,
               reference="RF18539007547034")


def test_the_published_code() -> None:
    code = read(PUBLISHED.encode())
    assert code == EpcCode(
        name="Red Cross of Belgium", iban="BE72000000001616", amount_minor=100, bic="BPOTBEB1",
        purpose="CHAR", text="Urgency fund", information="Sample EPC QR code", version="001")
    assert generate(code) == PUBLISHED.replace("EUR1", "EUR1.00")
    assert read(PUBLISHED.replace("\n", "\r\n").encode()) == code


def test_what_is_empty_at_the_end_is_left_out() -> None:
    assert generate(BILL).split("\n")[7:] == ["EUR12.50", "", "RF18539007547034"]
    least = EpcCode(name="Payments Ltd", iban="SI56192001234567892")
    assert generate(least).count("\n") == 6
    assert read(encoded(generate(least))) == least


@pytest.mark.parametrize(("number", "name"), [
    (1, "Müller Žižek Миша Ωμέγα"), (2, "Müller"), (3, "Žižek"), (4, "Ķekava"), (5, "Миша"),
    (6, "Ωμέγα"), (7, "Þór"), (8, "Œuvre €")])
def test_each_character_set(number: int, name: str) -> None:
    code = msgspec.structs.replace(BILL, name=name, character_set=number)
    content = encoded(generate(code))
    assert read(content) == code
    assert (name.encode() in content) == (number == 1)


@pytest.mark.parametrize(("text", "minor"), [
    ("EUR12.3", 1_230), ("EUR0.01", 1), ("EUR999999999.99", epc.LARGEST_MINOR)])
def test_amounts(text: str, minor: int) -> None:
    assert read(PUBLISHED.replace("EUR1", text).encode()).amount_minor == minor


@pytest.mark.parametrize(("old", "new", "where"), [
    ("BCD", "BCE", "service tag"), ("001", "003", "version"), ("\n1\n", "\n9\n", "character set"),
    ("\n1\n", "\n\n", "character set"), ("SCT", "SDD", "identification"),
    ("BPOTBEB1", "", "BIC"), ("BPOTBEB1", "BPOTXXB", "BIC"), ("BPOTBEB1", "bpotbeb1", "BIC"),
    ("Red Cross of Belgium", "", "name"), ("Red Cross of Belgium", "A" * 71, "name"),
    ("Red Cross of Belgium", "A\tB", "name"), ("Red Cross of Belgium", " A", "name"),
    ("BE72", "BE73", "IBAN"), ("BE72000000001616", "BE72 0000 0000 1616", "IBAN"),
    ("EUR1", "EUR0", "amount"), ("EUR1", "EUR1000000000", "amount"), ("EUR1", "1.00", "amount"),
    ("EUR1", "EUR1,00", "amount"), ("EUR1", "EUR1.001", "amount"), ("EUR1", "USD1", "amount"),
    ("CHAR", "CHARS", "purpose"), ("CHAR", "ch", "purpose"),
    ("CHAR\n\n", "CHAR\nRF18539007547034\n", "unstructured remittance"),
    ("CHAR\n\nUrgency fund", "CHAR\nRF19539007547034\n", "structured remittance"),
    ("CHAR\n\nUrgency fund", "CHAR\nRF\n", "structured remittance"),
    ("CHAR\n\nUrgency fund", "CHAR\nÄ\n", "structured remittance"),
    ("Urgency fund", "A" * 141, "unstructured remittance"),
    ("Sample EPC QR code", "A" * 71, "information"),
    ("Sample EPC QR code", "A\nB", "code"),
])
def test_each_rule(old: str, new: str, where: str) -> None:
    assert old in PUBLISHED
    with pytest.raises(QrError) as error:
        read(PUBLISHED.replace(old, new, 1).encode())
    assert error.value.where == where


def test_bytes_that_are_no_code() -> None:
    for content, where in ((b"A" * 332, "code"), (b"BCD", "code"),
                           (PUBLISHED.encode().replace(b"Red", b"\xff\xfe"), "character set"),
                           (PUBLISHED.replace("SCT\n", "SCT\r\n").encode(), "service tag")):
        with pytest.raises(QrError) as error:
            read(content)
        assert error.value.where == where
    with pytest.raises(QrError, match="iso8859-1 has no U\\+017D"):
        generate(msgspec.structs.replace(BILL, name="Žižek", character_set=2))


@pytest.mark.parametrize("more", [
    {"amount_minor": -5}, {"name": "A\nB"}, {"version": "001"}, {"amount_minor": 10**11},
    {"iban": "SI56"}, {"text": "and text"}, {"character_set": 0}])
def test_what_cannot_be_written(more: dict[str, str | int]) -> None:
    with pytest.raises(QrError):
        generate(msgspec.structs.replace(BILL, **more))

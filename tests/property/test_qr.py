"""Whatever a code says, it reads back; whatever is read, it is a code or a QrError."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from authhost.payments.names import payment_id
from authhost.payments.qr_codes import beginning, epc_reference, nbs_reference
from authhost.qr import digits, epc, nbs
from authhost.qr.errors import QrError

_WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=24)
_NAMES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21)


@given(_WORD, st.integers(1, epc.LARGEST_MINOR), _NAMES, _WORD, st.sampled_from(range(1, 9)))
def test_an_epc_code_reads_back(name: str, minor: int, reference: str, information: str,
                                characters: int) -> None:
    code = epc.EpcCode(
        name=name, iban="SI56192001234567892", amount_minor=minor, information=information,
        reference=digits.creditor_reference(reference), character_set=characters)
    try:
        text = epc.generate(code)
    except QrError:
        return
    assert epc.read(epc.encoded(text)) == code


@given(_WORD, st.integers(1, nbs.LARGEST_MINOR), _WORD, _NAMES)
def test_an_nbs_code_reads_back(name: str, minor: int, purpose: str, reference: str) -> None:
    code = nbs.NbsCode(account="845000000040484987", name=name, amount_minor=minor,
                       payment_code="221", purpose=purpose, model="97",
                       reference=nbs.modelled(reference))
    try:
        text = nbs.generate(code)
    except QrError:
        return
    assert nbs.read(text.encode()) == code


@given(st.binary(max_size=340) | st.text(alphabet="KVCRNISFOPM:|0123RSD,\n").map(str.encode))
def test_any_bytes_are_a_code_or_refused(content: bytes) -> None:
    for read in (epc.read, nbs.read):
        with contextlib.suppress(QrError):
            read(content)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 25), st.integers(1, 9))
def test_a_reference_names_its_payment_and_no_other(seed: bytes, at: int, by: int) -> None:
    name = payment_id(b"k" * 32, "SHOP", "till-1", seed.hex())
    assert beginning(epc_reference(name)) == name[:18]
    assert beginning(f"97{nbs_reference(name)}") == beginning(nbs_reference(name)) == name[:13]
    for reference in (epc_reference(name), nbs_reference(name)):
        place = at % len(reference)
        if reference[place].isdigit():
            digit = (int(reference[place]) + by) % 10
            assert beginning(f"{reference[:place]}{digit}{reference[place + 1:]}") == ""


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_none(text: str) -> None:
    assert len(beginning(text)) in {0, 13, 18}

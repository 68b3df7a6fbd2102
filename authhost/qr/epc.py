"""The European Payments Council's code for a SEPA credit transfer, as text and back.

PURE. Source: EPC069-12 version 2.1. Lines, in this order: BCD, version, character set, SCT, BIC,
name, IBAN, amount, purpose, structured remittance, unstructured remittance, information. Rules:

1. Version 001 names the BIC; 002 may leave it out (within the European Economic Area).
2. At most 331 bytes in the code's character set; lines end with LF or CR LF, all in the same way.
3. The remittance is structured (a creditor reference) or unstructured, not both.
4. Elements at the end that are empty may be left out; those before stay as empty lines.
5. QR version 13 at most, error correction level M (images.py).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from authhost.qr.digits import is_creditor_reference
from authhost.qr.errors import QrError

MOST_BYTES: Final = 331
LARGEST_MINOR: Final = 99_999_999_999  # EUR999999999.99
CHARACTER_SETS: Final = {
    1: "utf-8", 2: "iso8859-1", 3: "iso8859-2", 4: "iso8859-4", 5: "iso8859-5", 6: "iso8859-7",
    7: "iso8859-10", 8: "iso8859-15"}
_NAMES: Final = ("service tag", "version", "character set", "identification", "BIC", "name",
                 "IBAN", "amount", "purpose", "structured remittance", "unstructured remittance",
                 "information")
_FIRST: Final = 7  # elements that are always there
_AMOUNT: Final = re.compile(r"EUR(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?")
_PURPOSE: Final = re.compile(r"[A-Z]{1,4}")
# The characters of SEPA (EPC217-08), of which references are made.
_REFERENCE: Final = re.compile(r"[0-9A-Za-z/?:().,'+ -]{1,35}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class EpcCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code's elements; '' and 0 where there is none. amount_minor: in cents."""

    name: str
    iban: str
    amount_minor: int = 0
    bic: str = ""
    purpose: str = ""  # ISO 20022's external purpose code
    reference: str = ""  # structured: ISO 11649, or the creditor's own
    text: str = ""  # unstructured
    information: str = ""  # for the payer, not for the bank
    version: str = "002"
    character_set: int = 1


def generate(code: EpcCode) -> str:
    """The text of a code. QrError: which element breaks which rule."""
    amount = f"EUR{code.amount_minor // 100}.{code.amount_minor % 100:02d}" \
        if code.amount_minor else ""
    lines = ["BCD", code.version, str(code.character_set), "SCT", code.bic, code.name, code.iban,
             amount, code.purpose, code.reference, code.text, code.information]
    while not lines[-1] and len(lines) > _FIRST:
        lines.pop()
    text = "\n".join(lines)
    if read(encoded(text)) != code:
        raise QrError("code", "a value reads back as another one")
    return text


def encoded(text: str) -> bytes:
    """A code's text in the character set that its third line names. QrError."""
    name = _character_set("".join(text.split("\n")[2:3]).rstrip("\r"))
    try:
        return text.encode(name)
    except UnicodeEncodeError as error:
        raise QrError("character set", f"{name} has no U+{ord(text[error.start]):04X}") from None


def read(content: bytes) -> EpcCode:
    """A code of its bytes. QrError: which element breaks which rule."""
    if len(content) > MOST_BYTES:
        raise QrError("code", f"{len(content)} bytes, {MOST_BYTES} are the most")
    head = content.replace(b"\r\n", b"\n").split(b"\n")
    if len(head) < _FIRST:
        raise QrError("code", f"{len(head)} lines, {_FIRST} are the least")
    number = head[2].decode("ascii", "replace")
    try:
        text = content.decode(_character_set(number))
    except UnicodeDecodeError as error:
        raise QrError("character set", f"byte {error.start} is not of it") from None
    # A code that was printed with one kind of line's end has the other nowhere.
    lines = text.split("\r\n" if "\r\n" in text else "\n")
    if len(lines) > len(_NAMES):
        raise QrError("code", f"{len(lines)} lines, {len(_NAMES)} are the most")
    lines += [""] * (len(_NAMES) - len(lines))
    for name, line in zip(_NAMES, lines, strict=True):
        if _CONTROL.search(line) or line.strip() != line:
            raise QrError(name, "has a control character, or a blank at an end")
    return _code(lines)


def _code(lines: list[str]) -> EpcCode:
    tag, version, characters, identification, bic, name, iban, amount, *more = lines
    for where, value, right in (("service tag", tag, "BCD"), ("identification", identification,
                                                              "SCT")):
        if value != right:
            raise QrError(where, f"is {right}")
    if version not in {"001", "002"}:
        raise QrError("version", "is 001 or 002")
    if version == "001" and not bic:
        raise QrError("BIC", "version 001 names it")
    _parties(bic, name, iban)
    purpose, reference, text, information = more
    if purpose and _PURPOSE.fullmatch(purpose) is None:
        raise QrError("purpose", "at most four capital letters")
    if reference and text:
        raise QrError("unstructured remittance", "the remittance is structured already")
    _reference(reference)
    for where, value, most in (("unstructured remittance", text, 140),
                               ("information", information, 70)):
        if len(value) > most:
            raise QrError(where, f"{len(value)} characters, {most} are the most")
    return EpcCode(
        name=name, iban=iban, amount_minor=_minor(amount) if amount else 0, bic=bic,
        purpose=purpose, reference=reference, text=text, information=information, version=version,
        character_set=int(characters))


def _parties(bic: str, name: str, iban: str) -> None:
    if not 1 <= len(name) <= 70:
        raise QrError("name", "1 to 70 characters")
    try:
        if bic:
            BIC(bic)
    except SchwiftyException as error:
        raise QrError("BIC", str(error)) from None
    try:
        right = IBAN(iban).compact == iban
    except SchwiftyException as error:
        raise QrError("IBAN", str(error)) from None
    if not right:
        raise QrError("IBAN", "without blanks, in capital letters")
    if bic and BIC(bic).compact != bic:
        raise QrError("BIC", "without blanks, in capital letters")


def _reference(reference: str) -> None:
    if not reference:
        return
    if _REFERENCE.fullmatch(reference) is None:
        raise QrError("structured remittance", "at most 35 characters of SEPA")
    if reference.startswith("RF") and not is_creditor_reference(reference):
        raise QrError("structured remittance", "is no creditor reference of ISO 11649")


def _minor(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise QrError("amount", "EUR and an amount like 12.50, 999999999.99 is the most")
    minor = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if not 1 <= minor <= LARGEST_MINOR:
        raise QrError("amount", "from EUR0.01 to EUR999999999.99")
    return minor


def _character_set(number: str) -> str:
    if number not in map(str, CHARACTER_SETS):
        raise QrError("character set", f"is {', '.join(map(str, CHARACTER_SETS))}")
    return CHARACTER_SETS[int(number)]

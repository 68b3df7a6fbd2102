"""The code of Serbia's instant payments: NBS IPS QR, as text and back.

PURE. Source: the National Bank of Serbia's decision on instant credit transfers (Official Gazette
RS 65/2018 and after) and its recommendations for the text of the code. Rules, by number:

1. Fields are tag:content, parted by |, none empty; neither begins nor ends the text with |.
2. K, V and C come first, in this order; a tag comes once. V is 01, C is 1 (UTF-8).
3. K is PR (a bill), PT (shown by the shop), PK (shown by the buyer), EK (a shop in the web).
4. R and O are accounts of 18 digits that leave 1 when divided by 97 (ISO 7064 MOD 97-10).
5. I is RSD, the amount without points or leading zeros, a comma, at most two decimals.
6. RO is a model of two digits and a reference; under model 97 it begins with its control number.
7. N and P have up to three lines; nothing else has a line's end. | is in none.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import msgspec

from authhost.qr.digits import control, rest
from authhost.qr.errors import QrError

MOST_BYTES: Final = 331  # version 13 with level M
LARGEST_MINOR: Final = 99_999_999_999_999  # RSD999999999999,99: 18 characters
LONGEST_REFERENCE: Final = 23  # of RO, without its model
_SPECIAL: Final = frozenset(" !(/@}):[~#*;]$+<^%,=_\"&->`.?{'")
_LINES: Final = 3
_MODELLED: Final = "97"


class _Rule(msgspec.Struct, frozen=True):
    """What a tag's content is: a pattern, or a text of so many characters in so many lines."""

    name: str  # of the struct's field
    pattern: str = ""
    most: int = 0
    lines: int = 1
    what: str = ""


class NbsCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code's fields; '' and 0 where there is none. amount_minor: in para, 1/100 dinar."""

    kind: str = "PR"
    account: str = ""  # R: the payee's, 18 digits
    payer_account: str = ""  # O: on a code that the buyer shows
    name: str = ""  # N: the payee, up to three lines
    amount_minor: int = 0  # I
    payer: str = ""  # P
    payment_code: str = ""  # SF: three digits, the first says how it is paid
    purpose: str = ""  # S
    category: str = ""  # M: of the shop, ISO 18245
    once: str = ""  # JS: the buyer's code for one payment
    model: str = ""  # of RO; '' where RO is not there
    reference: str = ""  # of RO, its control number included
    note: str = ""  # RL: the payee's words
    point: str = ""  # RP: the number of a payment at a point of sale


# In the order that they are written in.
_TAGS: Final[dict[str, _Rule]] = {
    "R": _Rule("account", r"[0-9]{18}", what="18 digits"),
    "O": _Rule("payer_account", r"[0-9]{18}", what="18 digits"),
    "N": _Rule("name", most=70, lines=_LINES),
    "I": _Rule("amount_minor", r"RSD(0|[1-9][0-9]{0,11}),[0-9]{0,2}",
               what="RSD and an amount like 1025,50 of at most 12 digits before the comma"),
    "P": _Rule("payer", most=70, lines=_LINES),
    "SF": _Rule("payment_code", r"[1-9][0-9]{2}", what="three digits"),
    "S": _Rule("purpose", most=35),
    "M": _Rule("category", r"[0-9]{4}", what="four digits"),
    "JS": _Rule("once", r"[0-9]{5}", what="five digits"),
    "RO": _Rule("reference", r"[0-9]{2}[0-9A-Z-]{1,23}",
                what="a model of two digits and a reference of at most 23"),
    "RL": _Rule("note", most=140),
    "RP": _Rule("point", r"[0-9]{19}", what="19 digits"),
}
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "PR": ("R", "N", "I", "SF"), "PT": ("R", "N", "I", "SF", "M"), "EK": ("R", "N", "I", "SF", "M"),
    "PK": ("O", "JS")}
_ONLY: Final[dict[str, frozenset[str]]] = {
    "M": frozenset({"PT", "PK", "EK"}), "O": frozenset({"PK", "PR"}), "JS": frozenset({"PK"}),
    "RP": frozenset({"PT", "PK", "EK"})}


def modelled(number: str) -> str:
    """A reference under model 97: the control number before it. number: at most 21 characters."""
    return control(number) + number


def generate(code: NbsCode) -> str:
    """The text of a code. QrError: which tag breaks which rule."""
    values = {tag: getattr(code, rule.name) for tag, rule in _TAGS.items()}
    values["I"] = _amount(code.amount_minor) if code.amount_minor else ""
    values["RO"] = code.model + code.reference
    text = "|".join((f"K:{code.kind}", "V:01", "C:1",
                     *(f"{tag}:{value}" for tag, value in values.items() if value)))
    if read(text.encode()) != code:
        raise QrError("code", "a value reads back as another one")
    return text


def read(content: bytes) -> NbsCode:
    """A code of its bytes. QrError: which tag breaks which rule."""
    if len(content) > MOST_BYTES:
        raise QrError("code", f"{len(content)} bytes, {MOST_BYTES} are the most")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise QrError("C", f"no UTF-8 at byte {error.start}") from None
    fields = _fields(text)
    kind = fields.pop("K")
    _check_set(kind, fields)
    values: dict[str, str | int] = {"kind": kind}
    for tag, value in fields.items():
        _check(tag, value)
        values[_TAGS[tag].name] = value
    for tag in ("R", "O"):
        if tag in fields and rest(fields[tag]) != 1:
            raise QrError(tag, "the control number of the account is wrong")
    if "I" in fields:
        values["amount_minor"] = _minor(fields["I"])
    if "RO" in fields:
        values["model"], values["reference"] = _reference(fields["RO"])
    return msgspec.convert(values, NbsCode)


def _fields(text: str) -> dict[str, str]:
    """Tags and contents; of K, V, C only K is left."""
    if text.strip() != text:
        raise QrError("code", "begins or ends with white space")
    fields: dict[str, str] = {}
    for number, part in enumerate(text.split("|"), 1):
        tag, colon, value = part.partition(":")
        if not colon or not value:
            raise QrError(tag[:8] or f"field {number}", "is no tag, colon and content")
        if tag not in _TAGS and tag not in {"K", "V", "C"}:
            raise QrError(tag[:8], "there is no such tag")
        if tag in fields:
            raise QrError(tag, "comes twice")
        fields[tag] = value
    if list(fields)[:3] != ["K", "V", "C"]:
        raise QrError("K", "K, V and C come first")
    for tag, value in (("V", "01"), ("C", "1")):
        if fields.pop(tag) != value:
            raise QrError(tag, f"is {value}")
    return fields


def _check_set(kind: str, fields: dict[str, str]) -> None:
    """Whether a kind of code has what it needs, and nothing of another kind."""
    if kind not in _NEEDED:
        raise QrError("K", f"is one of {', '.join(_NEEDED)}")
    for tag in _NEEDED[kind]:
        if tag not in fields:
            raise QrError(tag, f"is missing, K:{kind} needs it")
    for tag in fields:
        if tag in _ONLY and kind not in _ONLY[tag]:
            raise QrError(tag, f"is not of K:{kind}")


def _check(tag: str, value: str) -> None:
    rule = _TAGS[tag]
    if rule.pattern:
        if re.fullmatch(rule.pattern, value) is None:
            raise QrError(tag, f"is {rule.what}")
        return
    if len(value) > rule.most:
        raise QrError(tag, f"{len(value)} characters, {rule.most} are the most")
    lines = value.replace("\r\n", "\n").split("\n")
    if len(lines) > rule.lines:
        raise QrError(tag, f"{len(lines)} lines, {rule.lines} are the most")
    for line in lines:
        if line.strip() != line or not line:
            raise QrError(tag, "has an empty line, or one that begins or ends with a blank")
        for character in line:
            if not allowed(character):
                raise QrError(tag, f"the character U+{ord(character):04X} is not allowed")


def allowed(character: str) -> bool:
    """Latin and Cyrillic letters, digits and the bank's table of special characters."""
    if character in _SPECIAL or (character.isascii() and character.isalnum()):
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith(
        ("LATIN ", "CYRILLIC "))


def _amount(minor: int) -> str:
    if not 1 <= minor <= LARGEST_MINOR:
        raise QrError("I", f"from 1 to {LARGEST_MINOR} para")
    return f"RSD{minor // 100},{minor % 100:02d}"


def _minor(text: str) -> int:
    whole, _, decimals = text.removeprefix("RSD").partition(",")
    minor = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if minor < 1:
        raise QrError("I", "at least RSD0,01")
    return minor


def _reference(value: str) -> tuple[str, str]:
    model, reference = value[:2], value[2:]
    if model == _MODELLED:
        plain = reference.replace("-", "")
        if len(plain) <= 2 or not plain[:2].isdecimal() or control(plain[2:]) != plain[:2]:
            raise QrError("RO", "the control number of model 97 is wrong")
    return model, reference

"""What a chip's cryptogram was made over, by its scheme: field 55 taken apart for the HSM.

PURE. Knows the data objects of EMV Book 3 and how Visa, Mastercard and our own fleet card say which
cryptogram version (CVN) they use; computes nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.currencies import ALPHABETIC
from iso import tlv

_CRYPTOGRAM, _ISSUER_DATA, _UNPREDICTABLE, _COUNTER = "9F26", "9F10", "9F37", "9F36"
_AMOUNT, _OTHER, _COUNTRY, _RESULTS = "9F02", "9F03", "9F1A", "95"
_CURRENCY, _DATE, _TYPE, _PROFILE = "5F2A", "9A", "9C", "82"
# EMV Book 2, table 26: the objects that every scheme puts first, in this order.
_SIGNED: Final = (_AMOUNT, _OTHER, _COUNTRY, _RESULTS, _CURRENCY, _DATE, _TYPE, _UNPREDICTABLE,
                  _PROFILE, _COUNTER)
_LENGTHS: Final = {_CRYPTOGRAM: 8, _UNPREDICTABLE: 4, _COUNTER: 2, _AMOUNT: 6, _OTHER: 6,
                   _COUNTRY: 2, _RESULTS: 5, _CURRENCY: 2, _DATE: 3, _TYPE: 1, _PROFILE: 2}
_NO_OTHER_AMOUNT: Final = bytes(6)
# Of the card verification results (CVR), the byte that all schemes begin with, Visa's length apart:
# what the card answered to the second and to the first GENERATE AC; 1010 is "none" and ARQC.
_ANSWERED, _ASKS_ISSUER = 0xF0, 0xA0
_APPROVES: Final = frozenset({0x90, 0x60})  # TC at once, or when no issuer could be reached
_PIN_DONE, _PIN_FAILED = 0x04, 0x02  # of the same byte in Visa's layout, which ours shares


class ChipDataError(ValueError):
    """Field 55 lacks what a cryptogram is checked with, or has it in another form."""


class Cryptogram(msgspec.Struct, frozen=True):
    """One application cryptogram with all that the HSM needs to make it again.

    scheme: as authhost.hsm knows it; data: the bytes it was made over, before padding;
    asks_issuer: the card says, under the cryptogram, that it is an ARQC: it has neither approved
    (TC) nor declined (AAC) off line; approves: it is a TC; pin_verified: the PIN was right.
    """

    scheme: str
    arqc: bytes
    atc: bytes
    unpredictable: bytes
    data: bytes
    asks_issuer: bool
    approves: bool
    pin_verified: bool
    amount_minor: int
    currency: str


def read_cryptogram(field_55: bytes, scheme: str) -> Cryptogram:
    """Take the data of a chip apart. scheme: 'fleet', 'visa', 'mastercard'. ChipDataError."""
    try:
        found = tlv.read(field_55)
    except tlv.TlvError as error:
        raise ChipDataError(str(error)) from None
    found.setdefault(_OTHER, _NO_OTHER_AMOUNT)
    for tag, length in _LENGTHS.items():
        if len(found.get(tag, b"")) != length:
            raise ChipDataError(f"tag {tag} is not there with {length} bytes")
    issuer_data = found.get(_ISSUER_DATA, b"")
    version, results, signed_too = _versions(scheme, issuer_data)
    currency = found[_CURRENCY].hex()[-3:]
    amount = found[_AMOUNT].hex()
    if not amount.isdigit():
        raise ChipDataError(f"tag {_AMOUNT} has digits alone")
    return Cryptogram(
        scheme=version, arqc=found[_CRYPTOGRAM], atc=found[_COUNTER],
        unpredictable=found[_UNPREDICTABLE],
        data=b"".join(found[tag] for tag in _SIGNED) + signed_too,
        asks_issuer=results & _ANSWERED == _ASKS_ISSUER,
        approves=results & _ANSWERED in _APPROVES,
        pin_verified=bool(results & _PIN_DONE) and not results & _PIN_FAILED,
        amount_minor=int(amount), currency=ALPHABETIC.get(currency, currency))


def _versions(scheme: str, issuer_data: bytes) -> tuple[str, int, bytes]:
    """(the HSM's name of the cryptogram version, the CVR's first byte as Visa has it, what else is
    signed).

    Visa and fleet: length 06, key index, CVN, CVR 4. Mastercard: key index, CVN, CVR 6, ..., where
    the counters (8 bytes from the 11th) are signed too in CVN 17 and 21.
    """
    if scheme == "mastercard":
        if len(issuer_data) < 18:
            raise ChipDataError(f"tag {_ISSUER_DATA} is shorter than 18 bytes")
        number = issuer_data[1]
        if number not in {0x10, 0x11, 0x14, 0x15}:
            raise ChipDataError(f"tag {_ISSUER_DATA}: no cryptogram version {number:02X} is known")
        counters = issuer_data[10:18] if number & 1 else b""
        # M/Chip's CVR: byte 1, bit 1 off-line PIN successful; byte 4, bit 5 off-line PIN failed.
        done = _PIN_DONE if issuer_data[2] & 0x01 else 0
        failed = _PIN_FAILED if issuer_data[5] & 0x10 else 0
        results = issuer_data[2] & _ANSWERED | done | failed
        return f"mastercard{number}", results, issuer_data[2:8] + counters
    if len(issuer_data) < 7 or issuer_data[0] < 6:
        raise ChipDataError(f"tag {_ISSUER_DATA} is shorter than 7 bytes")
    number = issuer_data[2]
    results = issuer_data[4]
    if scheme == "fleet":
        return "fleet", results, issuer_data
    if number not in {10, 18, 22, 0x22}:
        raise ChipDataError(f"tag {_ISSUER_DATA}: no cryptogram version {number} is known")
    number = {0x0A: 10, 0x12: 18, 22: 22, 0x22: 22}[number]
    return f"visa{number}", results, issuer_data[3:7] if number == 10 else issuer_data

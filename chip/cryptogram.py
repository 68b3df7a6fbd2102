"""EMV application cryptograms with AES: what is under them, the CVR, field 55.

PURE. EMV Book 2 (8.1, 8.2.1, A1.3.1), Book 3 annex A for tags; docs/chip-card.md, "Cryptograms".
"""

from __future__ import annotations

import hmac
from enum import IntEnum
from typing import Final

import msgspec

from chip import bcd, keys, tlv

AIP: Final = bytes.fromhex("3C00")  # DDA, cardholder verification, risk management, issuer auth.
CVN: Final = 0xA6
LONGEST_ATC: Final = 0xFFFF
SIZE: Final = 8
AC, CID, ATC, IAD, AIP_TAG, PSN = 0x9F26, 0x9F27, 0x9F36, 0x9F10, 0x82, 0x5F34
_AMOUNT, _OTHER, _COUNTRY, _TVR, _CURRENCY = 0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A
_DATE, _TYPE, _UN, _CVM = 0x9A, 0x9C, 0x9F37, 0x9F34
_ANSWER: Final = 0x77
_ANSWER_TAGS: Final = (CID, ATC, AC, IAD, AIP_TAG, PSN)
_DATA_TAGS: Final = (_AMOUNT, _OTHER, _COUNTRY, _TVR, _CURRENCY, _DATE, _TYPE, _UN)
_DATA_SIZES: Final = (6, 6, 2, 5, 2, 3, 1, 4)
DATA_SIZE: Final = sum(_DATA_SIZES)
AUTHENTICATION_DATA: Final = 10  # tag 91: ARPC and response code


class Kind(IntEnum):
    """What a cryptogram says; its CID, and P1 of GENERATE AC."""

    AAC = 0x00  # declined
    TC = 0x40  # approved off line
    ARQC = 0x80  # ask the issuer


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal tells the card, EMV's data elements. Digits are text, masks are bytes."""

    amount_minor: int
    currency: str  # ISO 4217 numeric, 3 digits
    country: str  # ISO 3166 numeric, 3 digits
    date: str  # YYMMDD
    unpredictable: bytes  # 4 bytes
    type: str = "00"  # 00: goods and services
    tvr: bytes = bytes(5)
    other_minor: int = 0

    def encode(self) -> bytes:
        """The 29 bytes of GENERATE AC."""
        return b"".join(self._values())

    def objects(self) -> dict[int, bytes]:
        """By tag."""
        return dict(zip(_DATA_TAGS, self._values(), strict=True))

    def _values(self) -> tuple[bytes, ...]:
        assert len(self.unpredictable) == 4
        assert len(self.tvr) == 5
        return (bcd.pack(str(self.amount_minor), 6), bcd.pack(str(self.other_minor), 6),
                bcd.pack(self.country, 2), self.tvr, bcd.pack(self.currency, 2),
                bcd.pack(self.date, 3), bcd.pack(self.type, 1), self.unpredictable)

    @staticmethod
    def parse(data: bytes) -> Transaction:
        """ValueError where a part is not of its kind."""
        if len(data) != DATA_SIZE:
            raise ValueError(f"transaction data have {DATA_SIZE} bytes, not {len(data)}")
        parts, at = [], 0
        for size in _DATA_SIZES:
            parts.append(data[at:at + size])
            at += size
        amount, other, country, tvr, currency, day, kind, number = parts
        bcd.unpack_date(day)
        return Transaction(
            amount_minor=int(bcd.unpack(amount)), other_minor=int(bcd.unpack(other)),
            country=bcd.unpack(country)[1:], currency=bcd.unpack(currency)[1:],
            date=bcd.unpack(day), type=bcd.unpack(kind), tvr=tvr, unpredictable=number)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Card verification results (CVR): what the card says of itself in the IAD."""

    kind: Kind
    pin_tried: bool = False
    pin_failed: bool = False
    online_not_completed: bool = False
    pin_blocked: bool = False
    above_limit: bool = False
    never_online: bool = False
    arpc_failed: bool = False
    offline_count: int = 0

    @property
    def pin_verified(self) -> bool:
        """The card compared the PIN in this session, and it was right."""
        return self.pin_tried and not self.pin_failed

    def encode(self) -> bytes:
        """Three bytes."""
        return bytes([
            0x80 | self.kind >> 2 | self.pin_tried << 2 | self.pin_failed << 1,
            self.online_not_completed << 7 | self.pin_blocked << 6 | self.above_limit << 5
            | self.never_online << 4 | self.arpc_failed << 3,
            min(self.offline_count, 0xFF)])

    def iad(self, version: int) -> bytes:
        """Issuer application data: 06 DKI CVN 03 CVR."""
        return bytes([6, version, CVN, 3]) + self.encode()

    @staticmethod
    def parse(iad: bytes) -> Results:
        """Of issuer application data; ValueError where they have another layout."""
        if len(iad) != 7 or iad[0] != 6 or iad[2] != CVN or iad[3] != 3:
            raise ValueError("not issuer application data of this card")
        first, second, count = iad[4:]
        return Results(
            kind=Kind((first & 0x30) << 2), pin_tried=bool(first & 4), pin_failed=bool(first & 2),
            online_not_completed=bool(second & 0x80), pin_blocked=bool(second & 0x40),
            above_limit=bool(second & 0x20), never_online=bool(second & 0x10),
            arpc_failed=bool(second & 8), offline_count=count)


class Cryptogram(msgspec.Struct, frozen=True, kw_only=True):
    """What GENERATE AC answered."""

    kind: Kind
    atc: int
    value: bytes
    iad: bytes
    aip: bytes
    psn: str

    @property
    def results(self) -> Results:
        """The CVR inside the IAD."""
        return Results.parse(self.iad)

    def encode(self) -> bytes:
        """The template 77."""
        return tlv.encode(_ANSWER, tlv.join(zip(_ANSWER_TAGS, (
            bytes([self.kind]), self.atc.to_bytes(2, "big"), self.value, self.iad, self.aip,
            bcd.pack(self.psn, 1)), strict=True)))

    @staticmethod
    def parse(data: bytes) -> Cryptogram:
        """ValueError where it is no answer of this card."""
        kind, atc, value, iad, aip, psn = tlv.exactly(tlv.only(data, _ANSWER), _ANSWER_TAGS)
        cryptogram = Cryptogram(
            kind=Kind(int.from_bytes(kind, "big")), atc=int.from_bytes(atc, "big"), value=value,
            iad=iad, aip=aip, psn=bcd.unpack(psn))
        if cryptogram.results.kind is not cryptogram.kind or len(value) != SIZE:
            raise ValueError("a cryptogram that does not agree with itself")
        return cryptogram

    def field55(self, transaction: Transaction, cvm_results: bytes) -> bytes:
        """BER-TLV for the host. cvm_results: tag 9F34, 3 bytes."""
        told = transaction.objects()
        return tlv.join((
            (AC, self.value), (CID, bytes([self.kind])), (IAD, self.iad), (_UN, told[_UN]),
            (ATC, self.atc.to_bytes(2, "big")), (_TVR, told[_TVR]), (_DATE, told[_DATE]),
            (_TYPE, told[_TYPE]), (_AMOUNT, told[_AMOUNT]), (_OTHER, told[_OTHER]),
            (_CURRENCY, told[_CURRENCY]), (_COUNTRY, told[_COUNTRY]), (AIP_TAG, self.aip),
            (_CVM, cvm_results), (PSN, bcd.pack(self.psn, 1))))


def session_key(card_key: bytes, atc: int) -> bytes:
    """EMV Book 2 A1.3.1 for a cipher with 16-byte blocks and keys."""
    return keys.encipher(card_key, atc.to_bytes(2, "big") + bytes(14))


def compute(card_key: bytes, data: bytes, atc: int, iad: bytes) -> bytes:
    """The cryptogram over the transaction's 29 bytes, AIP, ATC and the whole IAD."""
    content = data + AIP + atc.to_bytes(2, "big") + iad
    return keys.cmac(session_key(card_key, atc), content)[:SIZE]


def arpc(card_key: bytes, atc: int, arqc: bytes, response_code: bytes) -> bytes:
    """The issuer's answer to an ARQC, method 1. response_code: 2 bytes, ASCII as in field 39."""
    mixed = bytes(a ^ b for a, b in zip(arqc, response_code + bytes(6), strict=True))
    return keys.encipher(session_key(card_key, atc), mixed + bytes(8))[:SIZE]


def arpc_is_good(card_key: bytes, atc: int, arqc: bytes, data: bytes) -> bool:
    """data: tag 91, ARPC ‖ ARC."""
    return hmac.compare_digest(arpc(card_key, atc, arqc, data[SIZE:]), data[:SIZE])

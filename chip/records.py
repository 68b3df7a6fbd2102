"""The three records of the card: who it is, whose it is, what it may.

PURE. docs/chip-card.md, "Files". Card number and names hide themselves in `repr`.
"""

from __future__ import annotations

import calendar
from datetime import date
from typing import Final, TypeVar

import msgspec

from chip import bcd, tlv

SFI: Final = 1
COUNT: Final = 3
LONGEST: Final = 192
IDENTITY, HOLDER, RULES = 1, 2, 3
_TEMPLATE: Final = 0x70
_IDENTITY_TAGS: Final = (0x5A, 0x5F24, 0x5F34, 0x5F30, 0xDF05)
_HOLDER_TAGS: Final = (0x5F20, 0xDF10, 0xDF11, 0xDF12, 0xDF13)
_HOLDER_SIZES: Final = (40, 16, 32, 16, 40)
_RULES_TAGS: Final = (0xDF20, 0x9F42, 0xDF21, 0xDF22, 0xDF23, 0xDF24)
_PRODUCTS: Final = 2  # index of DF21
_MOST_PRODUCTS: Final = 30
_MOST_PROMPTS: Final = 16
_PIN_REQUIRED: Final = 1
_Part = TypeVar("_Part")
_Parsed = TypeVar("_Parsed", bound=msgspec.Struct)


class RecordError(ValueError):
    """A record that is not laid out as it should be. Says what is wrong, never a value."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Record 1. expiry: the last day, as embossed by its month; service_code: 3 digits."""

    pan: str
    expiry: date
    psn: str = "00"
    service_code: str = "000"
    key_version: int = 1

    @staticmethod
    def until(yymm: str) -> date:
        """The last day of a month YYMM."""
        year, month = 2000 + int(yymm[:2]), int(yymm[2:])
        return date(year, month, calendar.monthrange(year, month)[1])

    def encode(self) -> bytes:
        """The record; RecordError where a value does not fit."""
        _digits("card number", self.pan, 12, 19)
        _digits("PSN", self.psn, 2, 2)
        _digits("service code", self.service_code, 3, 3)
        return _record(_IDENTITY_TAGS, (
            bcd.pack_compressed(self.pan), bcd.pack_date(self.expiry), bcd.pack(self.psn, 1),
            bcd.pack(self.service_code, 2), bytes([self.key_version])))

    @staticmethod
    def parse(record: bytes) -> Identity:
        """RecordError where `record` is no such one."""
        try:
            pan, expiry, psn, service, version = _values(record, _IDENTITY_TAGS)
            identity = Identity(
                pan=bcd.unpack_compressed(pan), expiry=bcd.unpack_date(expiry),
                psn=bcd.unpack(psn), service_code=bcd.unpack(service)[1:],
                key_version=int.from_bytes(version, "big"))
            return _the_same(identity, identity.encode(), record)
        except (ValueError, OverflowError) as error:
            raise RecordError(f"record 1: {error}") from None

    def __repr__(self) -> str:
        return f"Identity({self.pan[:6]}{'*' * (len(self.pan) - 10)}{self.pan[-4:]})"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Record 2: names and numbers, '' where the card has none."""

    name: str = ""
    vehicle_number: str = ""
    vehicle_name: str = ""
    driver_number: str = ""
    driver_name: str = ""

    def encode(self) -> bytes:
        """The record; RecordError where a text is too long."""
        texts = [text.encode() for text in msgspec.structs.astuple(self)]
        for text, longest, field in zip(texts, _HOLDER_SIZES, self.__struct_fields__, strict=True):
            if len(text) > longest:
                raise RecordError(f"{field}: {len(text)} bytes, {longest} fit")
        return _record(_HOLDER_TAGS, texts)

    @staticmethod
    def parse(record: bytes) -> Holder:
        """RecordError where `record` is no such one."""
        try:
            holder = Holder(**dict(zip(
                Holder.__struct_fields__,
                (value.decode() for value in _values(record, _HOLDER_TAGS)), strict=True)))
            return _the_same(holder, holder.encode(), record)
        except ValueError as error:
            raise RecordError(f"record 2: {type(error).__name__}") from None

    def __repr__(self) -> str:
        return "Holder(hidden)"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Record 3. products: None is any, () is none; prompts: one character each (field 48-8)."""

    offline_limit_minor: int = 0
    currency: str = "978"  # ISO 4217 numeric
    products: tuple[str, ...] | None = None
    prompts: str = ""
    pin_required: bool = False
    offline_in_a_row: int = 0  # 0: not limited

    def encode(self) -> bytes:
        """The record; RecordError where a value does not fit."""
        _digits("currency", self.currency, 3, 3)
        _digits("off-line limit", str(self.offline_limit_minor), 1, 12)
        if not 0 <= self.offline_in_a_row <= 0xFF:
            raise RecordError("off-line purchases in a row: 0 to 255")
        if len(self.prompts) > _MOST_PROMPTS or not self.prompts.isascii():
            raise RecordError(f"prompts: at most {_MOST_PROMPTS} ASCII characters")
        if len(self.products or ()) > _MOST_PRODUCTS:
            raise RecordError(f"products: at most {_MOST_PRODUCTS}")
        for product in self.products or ():
            _digits("product", product, 3, 3)
        products = b"".join(bcd.pack(product, 2) for product in self.products or ())
        values = (bcd.pack(str(self.offline_limit_minor), 6), bcd.pack(self.currency, 2), products,
                  self.prompts.encode(), bytes([_PIN_REQUIRED * self.pin_required]),
                  bytes([self.offline_in_a_row]))
        if self.products is None:
            return _record(_without_products(_RULES_TAGS), _without_products(values))
        return _record(_RULES_TAGS, values)

    @staticmethod
    def parse(record: bytes) -> Rules:
        """RecordError where `record` is no such one."""
        try:
            values: list[bytes | None] = list(_values(record, _RULES_TAGS))
        except tlv.TlvError:
            values = []
        try:
            if not values:
                values = list(_values(record, _without_products(_RULES_TAGS)))
                values.insert(_PRODUCTS, None)
            limit, currency, products, prompts, flags, in_a_row = (
                value if value is not None else b"" for value in values)
            rules = Rules(
                offline_limit_minor=int(bcd.unpack(limit)), currency=bcd.unpack(currency)[1:],
                products=None if values[_PRODUCTS] is None else tuple(
                    bcd.unpack(products[at:at + 2])[1:] for at in range(0, len(products), 2)),
                prompts=prompts.decode("ascii"), pin_required=flags == bytes([_PIN_REQUIRED]),
                offline_in_a_row=int.from_bytes(in_a_row, "big"))
            return _the_same(rules, rules.encode(), record)
        except ValueError as error:
            raise RecordError(f"record 3: {error}") from None


PARSERS: Final = {IDENTITY: Identity.parse, HOLDER: Holder.parse, RULES: Rules.parse}


class Contents(msgspec.Struct, frozen=True):
    """All three records."""

    identity: Identity
    holder: Holder
    rules: Rules

    def encode(self) -> tuple[bytes, ...]:
        """Records 1, 2 and 3."""
        return self.identity.encode(), self.holder.encode(), self.rules.encode()


def _record(tags: tuple[int, ...], values: tuple[bytes, ...] | list[bytes]) -> bytes:
    record = tlv.encode(_TEMPLATE, tlv.join(zip(tags, values, strict=True)))
    if len(record) > LONGEST:
        raise RecordError(f"a record has at most {LONGEST} bytes, not {len(record)}")
    return record


def _values(record: bytes, tags: tuple[int, ...]) -> list[bytes]:
    return tlv.exactly(tlv.only(record, _TEMPLATE), tags)


def _without_products(parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
    return parts[:_PRODUCTS] + parts[_PRODUCTS + 1:]


def _the_same(parsed: _Parsed, again: bytes, record: bytes) -> _Parsed:
    """There is one coding of each record, so that nothing hides in another."""
    if again != record:
        raise RecordError("an element has another length or coding")
    return parsed


def _digits(what: str, value: str, shortest: int, longest: int) -> None:
    if not (value.isascii() and value.isdecimal() and shortest <= len(value) <= longest):
        raise RecordError(f"{what}: {shortest} to {longest} digits")

"""What may be said of each noun: the bodies of its creation and change, as types.

PURE data. Every field may be left out: a creation says which ones it needs (nouns.py), a change
moves what it names. null is a value: of a field that may be empty.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

END: Final = r"$(?!\n)"

Id = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
Money = Annotated[int, msgspec.Meta(ge=0, le=10**12, description="Minor units.")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=70,
                                   pattern=r"^[^\x00-\x1f\x7f]*" + END)]
Text = Annotated[str, msgspec.Meta(max_length=70, pattern=r"^[^\x00-\x1f\x7f]*" + END)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,12}" + END)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[\x21-\x7e]+" + END)]
GroupName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}" + END)]
Expiry = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}(0[1-9]|1[0-2])" + END)]
Pan = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12,19}" + END)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}" + END)]
Prompted = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{0,16}" + END)]
Products = Annotated[list[Annotated[str, msgspec.Meta(
    pattern=r"^([0-9A-Za-z]{1,12}|@[a-z][a-z0-9_]{0,31})" + END)]], msgspec.Meta(max_length=256)]
ChipProducts = Annotated[list[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}" + END)]],
                         msgspec.Meta(min_length=1, max_length=30)]
Sites = Annotated[list[Key], msgspec.Meta(max_length=5_000)]
Hours = Annotated[list[Annotated[int, msgspec.Meta(ge=0, lt=2**24)]],
                  msgspec.Meta(min_length=7, max_length=7)]
Limits = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=64)]
Prompts = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=16)]
Status = Literal["active", "blocked", "closed"]
Country = Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2})?" + END)]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]" + END)]
Zone = Annotated[str, msgspec.Meta(max_length=64)]
Bic = Annotated[str, msgspec.Meta(max_length=11)]
Sscc = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{18}" + END)]
Pieces = Annotated[int, msgspec.Meta(ge=0, le=10**6)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Fraction = Annotated[str, msgspec.Meta(
    pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?" + END, description="Minor units, a decimal.")]


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it does not know, it refuses."""

    def given(self) -> dict[str, Any]:
        """The fields that were named, as their columns hold them."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        plain: dict[str, Any] = msgspec.to_builtins(
            {name: value for name, value in named.items() if value is not UNSET})
        return plain

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"  # a card's number may be in it


class Address(Fields, frozen=True):
    """Where invoices go. lines: in place of a street that is not known as such."""

    street: Text = ""
    number: Text = ""
    postcode: Text = ""
    town: Text = ""
    country: Country = ""
    lines: Annotated[list[Text], msgspec.Meta(max_length=2)] | UnsetType = UNSET


class Watch(Fields, frozen=True):
    """Outside these a purchase is flagged, not refused."""

    hours: Hours | UnsetType = UNSET
    regions: Annotated[list[Key], msgspec.Meta(max_length=64)] | UnsetType = UNSET


class Contact(Fields, frozen=True):
    """Whom to ask."""

    name: Text = ""
    email: Annotated[str, msgspec.Meta(
        max_length=254, pattern=r"^([^\s@]+@[^\s@]+\.[^\s@]+)?" + END)] = ""
    phone: Annotated[str, msgspec.Meta(pattern=r"^(\+?[0-9 ()/-]{3,24})?" + END)] = ""


class Posting(Fields, frozen=True):
    """How a client's credits are booked: one by safe and day, by deposit, or one of all. fees: net
    is taken off the next credit, invoice is owed. days: of whose nights they go, 1 is Monday."""

    by: Literal["safe", "deposit", "client"] = "safe"
    reference: Annotated[str, msgspec.Meta(max_length=140, pattern=r"^[ -~]*" + END)] = ""
    fees: Literal["net", "invoice"] = "net"
    days: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=7)]],
                    msgspec.Meta(min_length=1, max_length=7)] | UnsetType = UNSET


DepositKey = Annotated[str, msgspec.Meta(
    pattern=r"^[0-9A-Za-z+/]{43}=" + END, description="Ed25519, 32 bytes in base64.")]


class Account(Fields, frozen=True):
    """A fleet, a safe's client, or another party with a balance. credit_line: also the most that a
    safe's client may have been credited and not counted yet."""

    account_id: Id | UnsetType = UNSET
    kind: Literal["fleet", "payer", "safe_client", "merchant", "supplier"] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    iban: Annotated[str, msgspec.Meta(max_length=34)] | UnsetType | None = UNSET
    bic: Bic | UnsetType | None = UNSET
    address: Address | UnsetType = UNSET
    products: Products | UnsetType | None = UNSET
    sites: Sites | UnsetType | None = UNSET
    hours: Hours | UnsetType | None = UNSET
    site_limits: Limits | UnsetType = UNSET
    credit_line: Money | UnsetType | None = UNSET
    prompts: Prompts | UnsetType = UNSET
    watch: Watch | UnsetType = UNSET
    key_entry: Literal["none", "open", "pin", "driver_number", "vehicle_number"] | UnsetType = UNSET
    offline: bool | UnsetType = UNSET
    bank_id: Key | UnsetType | None = UNSET
    credit_rule: Literal["instant", "night", "count"] | UnsetType = UNSET
    standing: Literal["good", "watch", "bad"] | UnsetType = UNSET
    deposit_key: DepositKey | UnsetType | None = UNSET
    posting: Posting | UnsetType = UNSET
    billing: Literal["daily", "weekly", "monthly"] | UnsetType = UNSET
    tolerance_minor: Money | UnsetType = UNSET
    contact: Contact | UnsetType = UNSET


class Mandate(Fields, frozen=True):
    """What a fleet has signed so that its invoices are collected (SEPA direct debit). one_off: for
    one collection. is_last: the next is the last. original_id: the number that it takes over from.
    """

    mandate_id: Annotated[str, msgspec.Meta(
        pattern=r"^[0-9A-Za-z+?/:().,'-]{1,35}" + END)] | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    scheme: Literal["CORE", "B2B"] | UnsetType = UNSET
    signed_on: date | UnsetType = UNSET
    debtor_name: Name | UnsetType = UNSET
    iban: Annotated[str, msgspec.Meta(max_length=34)] | UnsetType = UNSET
    bic: Bic | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    one_off: bool | UnsetType = UNSET
    is_last: bool | UnsetType = UNSET
    original_id: Annotated[str, msgspec.Meta(
        pattern=r"^[0-9A-Za-z+?/:().,'-]{0,35}" + END)] | UnsetType = UNSET
    status: Literal["active", "suspended", "cancelled"] | UnsetType = UNSET


class PayeeVerification(Fields, frozen=True):
    """What a bank has said of a payee's name. bank_name: of a close match, the name that it has;
    source: the message, or the service, that said so."""

    verification_id: Id | UnsetType = UNSET
    iban: Annotated[str, msgspec.Meta(max_length=34)] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    outcome: Literal["match", "close_match", "no_match", "not_possible"] | UnsetType = UNSET
    bank_name: Text | UnsetType = UNSET
    source: Text | UnsetType = UNSET


class Subaccount(Fields, frozen=True):
    """A department or cost centre of a fleet."""

    subaccount_id: Id | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET


class Vehicle(Fields, frozen=True):
    """A vehicle of a fleet. tank_ml: millilitres; null: not known."""

    vehicle_id: Id | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    plate: Name | UnsetType = UNSET
    number: Prompted | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    tank_ml: Annotated[int, msgspec.Meta(ge=1, le=10 ** 8)] | UnsetType | None = UNSET
    limits: Limits | UnsetType = UNSET


class Driver(Fields, frozen=True):
    """A driver of a fleet."""

    driver_id: Id | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    number: Prompted | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET


class Card(Fields, frozen=True):
    """A card. pan: its number, told once, kept as its keyed hash alone."""

    card_id: Id | UnsetType = UNSET
    account_id: Id | UnsetType = UNSET
    pan: Pan | UnsetType = UNSET
    expiry: Expiry | UnsetType = UNSET
    status: Literal["active", "not_effective"] | UnsetType = UNSET
    program_id: Key | UnsetType | None = UNSET
    subaccount_id: Id | UnsetType | None = UNSET
    vehicle_id: Id | UnsetType | None = UNSET
    driver_id: Id | UnsetType | None = UNSET
    products: Products | UnsetType | None = UNSET
    sites: Sites | UnsetType | None = UNSET
    hours: Hours | UnsetType | None = UNSET
    limits: Limits | UnsetType = UNSET
    prompts: Prompts | UnsetType | None = UNSET
    offline_max_minor: Money | UnsetType = UNSET


class CardOrder(Fields, frozen=True):
    """A chip card that is to be made."""

    account_id: Id | UnsetType = UNSET
    program_id: Key | UnsetType = UNSET
    expiry: Expiry | UnsetType = UNSET
    vehicle_id: Id | UnsetType | None = UNSET
    driver_id: Id | UnsetType | None = UNSET
    products: ChipProducts | UnsetType | None = UNSET
    sites: Sites | UnsetType | None = UNSET
    limits: Limits | UnsetType = UNSET
    offline_max_minor: Money | UnsetType = UNSET
    replaces: Id | UnsetType | None = UNSET


class Product(Fields, frozen=True):
    """A product by its code inside."""

    product: Code | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    fuel: bool | UnsetType = UNSET
    unit: Annotated[str, msgspec.Meta(pattern=r"^[LGIKPUCQZO678]" + END)] | UnsetType = UNSET


class ProductGroup(Fields, frozen=True):
    """Products under a name; `001-099` stands for every three-digit code of the range."""

    name: GroupName | UnsetType = UNSET
    group_id: Annotated[int, msgspec.Meta(ge=1, le=1023)] | UnsetType = UNSET
    products: Annotated[list[Annotated[str, msgspec.Meta(
        pattern=r"^([0-9A-Za-z]{1,12}|[0-9]{3}-[0-9]{3})" + END)]],
        msgspec.Meta(min_length=1, max_length=1_000)] | UnsetType = UNSET


class Program(Fields, frozen=True):
    """How the cards of one kind are proved, and what an open hold takes."""

    program_id: Key | UnsetType = UNSET
    pin_method: Literal["none", "pvv", "ibm3624"] | UnsetType = UNSET
    pvki: Annotated[int, msgspec.Meta(ge=0, le=6)] | UnsetType = UNSET
    decimalization: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}" + END)] | UnsetType = UNSET
    pin_required: bool | UnsetType = UNSET
    pin_tries: Annotated[int, msgspec.Meta(ge=1, le=15)] | UnsetType = UNSET
    cvv: bool | UnsetType = UNSET
    scheme: Literal["", "fleet", "visa", "mastercard"] | UnsetType = UNSET
    chip_required: bool | UnsetType = UNSET
    hold_minor: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | UnsetType = UNSET
    hold_ml: Annotated[int, msgspec.Meta(ge=1, le=10**9)] | UnsetType = UNSET
    hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=44640)] | UnsetType | None = UNSET


class Merchant(Fields, frozen=True):
    """Whose terminals they are, and who asks payers for money. display_name: what a payer reads;
    sandbox: a developer's, for whom no bank is asked."""

    merchant_id: Key | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    account_id: Id | UnsetType | None = UNSET
    display_name: Annotated[str, msgspec.Meta(max_length=70)] | UnsetType = UNSET
    capture: Literal["automatic", "manual"] | UnsetType = UNSET
    plan_id: Key | UnsetType | None = UNSET
    sandbox: bool | UnsetType = UNSET


class Site(Fields, frozen=True):
    """A station."""

    site_id: Key | UnsetType = UNSET
    merchant_id: Key | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    region: Annotated[str, msgspec.Meta(max_length=32)] | UnsetType = UNSET
    country: Country | UnsetType = UNSET


class Terminal(Fields, frozen=True):
    """A terminal and what it may do."""

    terminal_id: Key | UnsetType = UNSET
    kind: Literal["pos", "safe", "till"] | UnsetType = UNSET
    acquirer_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,11}" + END)] | UnsetType = UNSET
    merchant_id: Key | UnsetType = UNSET
    site_id: Key | UnsetType | None = UNSET
    account_id: Id | UnsetType | None = UNSET
    partial_approval: bool | UnsetType = UNSET
    mac_required: bool | UnsetType = UNSET
    status: Status | UnsetType = UNSET

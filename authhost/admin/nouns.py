"""The nouns of master data as a table: where they are kept, what they need, what they raise.

PURE. A change of what an account owns raises that account's fence, a change of what terminals and
prices go by raises the rules version, a change of a program raises the fence of every account that
has cards of it, one of a product group or of what is fuel those of the accounts that it says
something about, one of a safe or of the cassette in it those of the safe's clients, one of a
category of notes those of all clients: in the same transaction, so that from its commit on nothing
is approved under the rule before it, on any host.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from authhost.admin import fields, safe_fields
from authhost.admin.fields import Fields


class Raises(StrEnum):
    """What a change moves on."""

    FENCE = "fence"
    RULES = "rules"
    PROGRAM = "program"
    SAFE = "safe"
    CASSETTE = "cassette"
    CLIENTS = "clients"
    NOTHING = "nothing"


class Noun(msgspec.Struct, frozen=True):
    """One kind of thing. key: its column. scope: the column that a scope is compared with.

    fixed: set when it is made, and never after. hidden: columns that nobody is shown. reach: what
    else says whose it is: a column of access -> its own column of that name (''), or a condition
    in sql/. A noun with neither is everybody's; of one with some, a scope that is not among them
    sees nothing.
    """

    name: str
    path: str  # in /v1/admin/<path>
    body: type[Fields]
    key: str
    key_type: str
    raises: Raises
    required: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    scope: str = ""
    made: bool = False  # its id is given out here where none is named
    hidden: tuple[str, ...] = ()
    reach: Mapping[str, str] = {}

    @property
    def bounds(self) -> tuple[str, ...]:
        """The columns of access that say whose it is."""
        return (*((self.scope,) if self.scope else ()), *self.reach)

    @property
    def filters(self) -> Mapping[str, str]:
        """What a list may be asked for -> its column."""
        return {column.removesuffix("_id"): column for column in self.bounds}

    def key_of(self, text: str) -> int | str | None:
        """A key as its column has it; None for what cannot be one."""
        if self.key_type == "text":
            return text if text.isprintable() and len(text) <= 64 else None
        is_id = text.isascii() and text.isdecimal() and len(text) <= 18
        return int(text) if is_id else None


_OWN: Final = ("account_id",)

ACCOUNT: Final = Noun(
    "account", "accounts", fields.Account, "account_id", "bigint", Raises.FENCE,
    ("kind", "name", "currency"), ("kind", "currency"), "account_id", made=True,
    reach={"bank_id": ""})
SUBACCOUNT: Final = Noun(
    "subaccount", "subaccounts", fields.Subaccount, "subaccount_id", "bigint", Raises.FENCE,
    ("account_id", "name"), _OWN, "account_id", made=True)
VEHICLE: Final = Noun(
    "vehicle", "vehicles", fields.Vehicle, "vehicle_id", "bigint", Raises.FENCE,
    ("account_id", "plate"), _OWN, "account_id", made=True)
DRIVER: Final = Noun(
    "driver", "drivers", fields.Driver, "driver_id", "bigint", Raises.FENCE,
    ("account_id", "name"), _OWN, "account_id", made=True)
CARD: Final = Noun(
    "card", "cards", fields.Card, "card_id", "bigint", Raises.FENCE,
    ("account_id", "pan", "expiry"), (*_OWN, "pan", "status"), "account_id", made=True,
    hidden=("pan_hmac", "pin_value", "pin_reset_fence"))
PRODUCT: Final = Noun(
    "product", "products", fields.Product, "product", "text", Raises.RULES, ("product", "name"))
PRODUCT_GROUP: Final = Noun(
    "product_group", "product-groups", fields.ProductGroup, "name", "text", Raises.RULES,
    ("name", "products"), ("group_id",))
PROGRAM: Final = Noun(
    "program", "programs", fields.Program, "program_id", "text", Raises.PROGRAM, ("program_id",))
MERCHANT: Final = Noun(
    "merchant", "merchants", fields.Merchant, "merchant_id", "text", Raises.RULES,
    ("merchant_id", "name"))
SITE: Final = Noun(
    "site", "sites", fields.Site, "site_id", "text", Raises.RULES,
    ("site_id", "merchant_id", "name"), (), "site_id")
TERMINAL: Final = Noun(
    "terminal", "terminals", fields.Terminal, "terminal_id", "text", Raises.RULES,
    ("terminal_id", "kind", "acquirer_id", "merchant_id"), ("kind", "acquirer_id"),
    "site_id")
CARD_ORDER: Final = Noun(
    "card_order", "card-orders", fields.CardOrder, "order_id", "bigint", Raises.NOTHING,
    ("account_id", "program_id", "expiry"), (), "account_id")
# Where a credit goes is looked up by the statement that writes a deposit: a bank raises nothing.
BANK: Final = Noun(
    "bank", "banks", safe_fields.Bank, "bank_id", "text", Raises.NOTHING, ("bank_id", "name"), (),
    "bank_id")
COURIER: Final = Noun(
    "courier", "couriers", safe_fields.Courier, "courier_id", "text", Raises.NOTHING,
    ("courier_id", "name"), (), "courier_id")
SAFE: Final = Noun(
    "safe", "safes", safe_fields.Safe, "terminal_id", "text", Raises.SAFE, ("terminal_id",), (),
    "courier_id", hidden=("sequence_seen",),
    reach={"account_id": "safe_of_account", "bank_id": "safe_of_bank"})
DEPOSITOR: Final = Noun(
    "depositor", "depositors", safe_fields.Depositor, "depositor_id", "bigint", Raises.FENCE,
    ("account_id", "code", "name"), ("account_id", "code"), "account_id", made=True)
CASSETTE: Final = Noun(
    "cassette", "cassettes", safe_fields.Cassette, "cassette_id", "text", Raises.CASSETTE,
    ("cassette_id",), (), reach={"courier_id": "cassette_of_courier"})
NOTE_CATEGORY: Final = Noun(
    "note_category", "note-categories", safe_fields.NoteCategory, "category", "text",
    Raises.CLIENTS, ("category", "name", "kept", "credited", "reported", "source"))

# A mandate may have slashes; in a path they are written %2F.
MANDATE: Final = Noun(
    "mandate", "mandates", fields.Mandate, "mandate_id", "text", Raises.NOTHING,
    ("mandate_id", "account_id", "scheme", "signed_on", "debtor_name", "iban"),
    ("account_id", "scheme", "signed_on", "one_off", "original_id"), "account_id")

# What was said stays; the newest counts.
PAYEE_VERIFICATION: Final = Noun(
    "payee_verification", "payee-verifications", fields.PayeeVerification, "verification_id",
    "bigint", Raises.NOTHING, ("iban", "name", "outcome"),
    ("iban", "name", "outcome", "bank_name", "source"), made=True)

NOUNS: Final = (ACCOUNT, SUBACCOUNT, VEHICLE, DRIVER, CARD, PRODUCT, PRODUCT_GROUP, PROGRAM,
                MERCHANT, SITE, TERMINAL, BANK, COURIER, SAFE, DEPOSITOR, CASSETTE,
                NOTE_CATEGORY, MANDATE, PAYEE_VERIFICATION)

"""Who takes part: the rows of the portfolio, with what only their owners know (the PAN).

Knows shapes, and how a row looks in the database; knows nothing of how many there are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from terminals.purchase import Card

Limit = dict[str, str | int | bool]
Prompt = dict[str, str | int | bool]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold, by its code inside."""

    product: str
    name: str
    unit: str
    fuel: bool = False


class ProductCode(msgspec.Struct, frozen=True, kw_only=True):
    """What a profile calls a product, where it has a code of its own."""

    profile: str
    code: str
    product: str


class ProductGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Products that limits and lists may name together."""

    group_id: int
    name: str
    products: tuple[str, ...]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet, payer, safe's client or merchant, with its bank details.

    credit_line: minor units, 0 is prepaid, None no bound; of a safe's client: what may be credited
    and not be counted yet. watch: flagged outside, not refused. credit_rule: instant, night, count.
    """

    account_id: int
    kind: str
    name: str
    status: str = "active"
    currency: str = "EUR"
    time_zone: str = "Europe/Vienna"
    limits: tuple[Limit, ...] = ()
    site_limits: tuple[Limit, ...] = ()
    products: tuple[str, ...] | None = None
    credit_line: int | None = None
    prompts: tuple[Prompt, ...] = ()
    watch: dict[str, object] = msgspec.field(default_factory=dict)
    key_entry: str = "none"
    offline: bool = False
    iban: str | None = None
    bic: str | None = None
    address: dict[str, str] = msgspec.field(default_factory=dict)
    bank_id: str | None = None
    credit_rule: str = "night"
    standing: str = "good"
    posting: dict[str, str] = msgspec.field(default_factory=dict)
    billing: str = "daily"
    tolerance_minor: int = 0
    contact: dict[str, str] = msgspec.field(default_factory=dict)


class Subaccount(msgspec.Struct, frozen=True, kw_only=True):
    """A department of a fleet."""

    subaccount_id: int
    account_id: int
    name: str
    status: str = "active"
    limits: tuple[Limit, ...] = ()


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle of a fleet."""

    vehicle_id: int
    account_id: int
    plate: str
    status: str = "active"
    number: str = ""
    tank_ml: int | None = None
    limits: tuple[Limit, ...] = ()


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """A driver of a fleet."""

    driver_id: int
    account_id: int
    name: str
    status: str = "active"
    number: str = ""
    limits: tuple[Limit, ...] = ()


class FleetCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card. role: what the day uses it for; 'ordinary', or the restriction that it has."""

    card_id: int
    account_id: int
    card: Card
    role: str
    currency: str
    status: str = "active"
    vehicle_id: int | None = None
    driver_id: int | None = None
    subaccount_id: int | None = None
    prompts: tuple[Prompt, ...] | None = None
    products: tuple[str, ...] | None = None
    sites: tuple[str, ...] | None = None
    hours: tuple[int, ...] | None = None
    limits: tuple[Limit, ...] = ()

    def row(self, pan_hmac: bytes) -> dict[str, Any]:
        """The row that the host keeps: the keyed hash instead of the number."""
        names = ("card_id", "account_id", "status", "vehicle_id", "driver_id", "subaccount_id",
                 "prompts", "products", "sites", "hours", "limits")
        return {name: getattr(self, name) for name in names} | {
            "pan_hmac": f"\\x{pan_hmac.hex()}", "pan_masked": self.card.masked,
            "expiry": self.card.expiry}


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A station, a shop, or the client whose safe it is."""

    merchant_id: str
    name: str
    status: str = "active"
    account_id: int | None = None
    plan_id: str | None = None  # of what payments by phone cost; None: nothing


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a merchant."""

    site_id: str
    merchant_id: str
    name: str
    region: str = ""
    country: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal row: POS or safe. What comes after status is known to the demo alone.

    edge: the profile that it speaks where it runs the edge program of a station, else ''.
    """

    terminal_id: str
    kind: str
    acquirer_id: str
    merchant_id: str
    site_id: str | None = None
    account_id: int | None = None
    partial_approval: bool = False
    status: str = "active"
    outdoor: bool = False
    currency: str = "EUR"
    edge: str = ""

    def row(self) -> dict[str, Any]:
        """The row that the host keeps."""
        row: dict[str, Any] = msgspec.to_builtins(self)
        del row["outdoor"], row["currency"], row["edge"]
        return row


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """A bank of safes' clients and payers. Where it listens is known when it does."""

    bank_id: str
    name: str
    bic: str
    status: str = "active"
    endpoint: str = ""
    server_name: str = ""
    rails: tuple[dict[str, Any], ...] = ()
    answer_s: int = 10


class Courier(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes cassettes to the cash centre."""

    courier_id: str
    name: str
    status: str = "active"
    address: dict[str, str] = msgspec.field(default_factory=dict)
    lead_h: int = 24


class SmartSafe(msgspec.Struct, frozen=True, kw_only=True):
    """What a safe's terminal has besides. cassettes: the one of the morning, and the next."""

    terminal_id: str
    account_id: int
    currency: str
    courier_id: str
    cassettes: tuple[str, str]
    note_capacity: int = 5_000
    coin_capacity: int = 5_000

    def row(self) -> dict[str, Any]:
        """The row that the host keeps; nothing is inside yet."""
        return {"terminal_id": self.terminal_id, "courier_id": self.courier_id,
                "model": "TS-3", "currencies": [self.currency],
                "note_capacity": self.note_capacity, "coin_capacity": self.coin_capacity,
                "time_zone": "Europe/Vienna"}


class Depositor(msgspec.Struct, frozen=True, kw_only=True):
    """Who may put money in, at every safe of a client."""

    depositor_id: int
    account_id: int
    code: str
    name: str
    role: str = "depositor"
    status: str = "active"


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """A payer, known by the phone's number (E.164). role: what the day uses it for."""

    phone: str
    account_id: int
    name: str
    role: str

    def row(self) -> dict[str, Any]:
        """The row that the host keeps; no phone is enrolled yet."""
        return {"phone": self.phone, "account_id": self.account_id, "name": self.name}


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    products: tuple[Product, ...] = ()
    product_codes: tuple[ProductCode, ...] = ()
    product_groups: tuple[ProductGroup, ...] = ()
    accounts: tuple[Account, ...]
    subaccounts: tuple[Subaccount, ...] = ()
    vehicles: tuple[Vehicle, ...]
    drivers: tuple[Driver, ...]
    cards: tuple[FleetCard, ...]
    merchants: tuple[Merchant, ...]
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]
    payers: tuple[Payer, ...]
    banks: tuple[Bank, ...] = ()
    couriers: tuple[Courier, ...] = ()
    safes: tuple[SmartSafe, ...] = ()
    depositors: tuple[Depositor, ...] = ()

    def cards_of(self, role: str, currency: str = "EUR") -> list[FleetCard]:
        """The cards that the day uses for this."""
        return [card for card in self.cards if card.role == role and card.currency == currency]

    def devices_of(self, kind: str) -> list[Device]:
        """All terminals of a kind: 'pos' or 'safe'."""
        return [device for device in self.devices if device.kind == kind]

    def shops(self) -> list[Merchant]:
        """Those that are paid by phone."""
        return [merchant for merchant in self.merchants if merchant.plan_id is not None]

    def payers_of(self, role: str) -> list[Payer]:
        """The payers that the day uses for this."""
        return [payer for payer in self.payers if payer.role == role]

    def account(self, account_id: int) -> Account:
        """The account of a payer."""
        return next(one for one in self.accounts if one.account_id == account_id)

    def edges(self) -> list[Device]:
        """The terminals that run the edge program."""
        return [device for device in self.devices if device.edge]

    def working_pos(self) -> list[Device]:
        """The other fuel terminals that are not blocked, nor their station."""
        blocked = {merchant.merchant_id for merchant in self.merchants
                   if merchant.status != "active"}
        return [device for device in self.devices_of("pos")
                if device.status == "active" and device.merchant_id not in blocked
                and not device.edge]

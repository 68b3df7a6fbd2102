"""The JSON bodies, as types: what msgspec checks, it checks before anything else is done.

PURE data. Amounts are integers in minor units; decimals travel as strings. `fleet` and `fuel` are
named as in Stripe's Issuing API (Authorization object) where the same thing is meant.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

from authhost.model import ContractPrice

# The end of the text, for Python too, whose `$` lets a last newline pass.
_END: Final = r"$(?!\n)"

Terminal = Annotated[
    str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[\x21-\x7e]+" + _END)]
Sequence = Annotated[
    str, msgspec.Meta(min_length=1, max_length=12, pattern=r"^[0-9A-Za-z-]+" + _END)]
LocalTime = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?" + _END,
                      description="The terminal's own local time, without a zone.")]
LocalDate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + _END)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**12, description="Minor units.")]
Positive = Annotated[int, msgspec.Meta(ge=1, le=10**12, description="Minor units.")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}" + _END, description="ISO 4217.")]
Text = Annotated[str, msgspec.Meta(max_length=140, pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
Quantity = Annotated[Decimal, msgspec.Meta(description="As a string, up to four decimals.")]
Phone = Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{6,14}" + _END, description="E.164.")]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every body has in common: what it does not know, it refuses."""


class Card(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fleet card; its number is never stored."""

    pan: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,19}" + _END)]
    expiry: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}(0[1-9]|1[0-2])" + _END)]

    def __repr__(self) -> str:
        return "Card(hidden)"


class Item(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One product sold, as field 63 has it."""

    product: Annotated[
        str, msgspec.Meta(min_length=1, max_length=12, pattern=r"^[0-9A-Za-z]+" + _END)]
    unit: Annotated[str, msgspec.Meta(pattern=r"^[LGIKPUCQZO678]" + _END)] = "L"
    quantity: Quantity
    unit_price: Quantity
    amount_minor: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class PromptData(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answers to prompts. The first three are Stripe's names, the others are ours.

    What cannot be an answer, or could be a card's number, is not kept, and its prompt is wrong.
    """

    driver_id: Text = ""
    vehicle_number: Text = ""
    odometer: Annotated[int, msgspec.Meta(ge=0, le=10**8 - 1, description="Kilometres.")] | None \
        = None
    engine_hours: Annotated[int, msgspec.Meta(ge=0, le=10**6 - 1)] | None = None
    trailer: Text = ""
    job: Text = ""
    order_number: Text = ""

    def __repr__(self) -> str:
        return "PromptData(hidden)"


class FleetData(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a fleet wants to know of a purchase."""

    cardholder_prompt_data: PromptData | None = None
    purchase_type: Literal[
        "fuel_purchase", "non_fuel_purchase", "fuel_and_non_fuel_purchase"] | None = None
    service_type: Literal["self_service", "full_service", "non_fuel_transaction"] | None = None


class Fuel(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one product of a purchase, in place of `items`; its amount is the whole amount."""

    industry_product_code: Annotated[
        str, msgspec.Meta(min_length=1, max_length=12, pattern=r"^[0-9A-Za-z]+" + _END,
                          description="Conexxus product code.")]
    type: Literal["diesel", "unleaded_plus", "unleaded_regular", "unleaded_super", "other"] \
        = "other"
    unit: Literal["liter", "us_gallon", "imperial_gallon", "kilogram", "pound", "kilowatt_hour",
                  "charging_minute", "other"] = "liter"
    quantity_decimal: Quantity = Decimal(0)
    unit_cost_decimal: Annotated[
        Decimal, msgspec.Meta(description="Minor units a unit, as a string.")] = Decimal(0)


class Sale(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sale or an off-line sale.

    second_card is shown beside the one that is charged; entry: how the card's number came; rest:
    the answer shall say what may be sold and what is left.
    """

    terminal_id: Terminal
    sequence: Sequence
    local_time: LocalTime
    card: Card
    amount_minor: Amount
    currency: Currency
    items: Annotated[tuple[Item, ...], msgspec.Meta(max_length=99)] = ()
    partial: bool = False
    odometer: Annotated[int, msgspec.Meta(ge=0, le=10**7)] | None = None
    second_card: Card | None = None
    entry: Literal["chip", "stripe", "key"] | None = None
    rest: bool = False
    fleet: FleetData | None = None
    fuel: Fuel | None = None


class OriginalRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The message that a completion or reversal is about."""

    kind: Literal["sale", "preauthorization", "offline_sale", "completion", "deposit", "return",
                  "increment"]
    sequence: Sequence
    local_date: LocalDate


class HeldRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The message that a completion settles."""

    kind: Literal["sale", "preauthorization"]
    sequence: Sequence
    local_date: LocalDate


class RaisedRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pre-authorization that is raised."""

    kind: Literal["preauthorization"] = "preauthorization"
    sequence: Sequence
    local_date: LocalDate


class SoldRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The message in which goods were bought that come back."""

    kind: Literal["sale", "completion", "offline_sale"]
    sequence: Sequence
    local_date: LocalDate


class Preauthorization(Sale, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Holds an amount before the fuel flows; amount 0: as much as the host lets.

    With an original, or its approval code, it raises that hold by its amount.
    """

    original: RaisedRef | None = None
    approval_code: Annotated[str, msgspec.Meta(max_length=6)] = ""


class Return(Sale, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods come back: of the purchase that `original`, or its approval code, names."""

    original: SoldRef | None = None
    approval_code: Annotated[str, msgspec.Meta(max_length=6)] = ""


class Completion(Sale, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The real amount after a pre-authorization."""

    original: HeldRef | None = None
    approval_code: Annotated[str, msgspec.Meta(max_length=6)] = ""


class Reversal(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Takes back a message, wholly (amount 0) or in part."""

    terminal_id: Terminal
    sequence: Sequence
    local_time: LocalTime
    amount_minor: Amount = 0
    currency: Currency | None = None
    original: OriginalRef


class Denomination(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many notes or coins of one value."""

    value_minor: Positive
    kind: Literal["note", "coin"]
    count: Annotated[int, msgspec.Meta(ge=1, le=10**6)]


class Deposit(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cash that a safe has counted."""

    terminal_id: Terminal
    sequence: Sequence
    local_time: LocalTime
    amount_minor: Positive
    currency: Currency
    denominations: Annotated[tuple[Denomination, ...], msgspec.Meta(min_length=1, max_length=64)]
    depositor: Text
    cassette: Text = ""
    reference: Text = ""


class AllowedProduct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product that may be sold, and what is left of its limits; absent: no limit says."""

    product: str
    money_left_minor: int | None = None
    volume_left_decimal: Annotated[
        Decimal, msgspec.Meta(description="Litres, as a string.")] | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of every POST.

    allowed: what may be sold, absent where it was not asked; an empty list: nothing. prompts: to be
    asked again. prices: what the fleet pays by its contract, a product each.
    """

    key: str
    decision: Literal["approved", "partial", "declined"]
    action_code: str
    reason: str
    amount_minor: int
    currency: str
    approval_code: str
    decided_at: str
    flags: tuple[str, ...]
    allowed: tuple[AllowedProduct, ...] | None = None
    fuel_volume_decimal: Annotated[
        Decimal, msgspec.Meta(description="Litres that a hold is good for.")] | None = None
    prompts: tuple[str, ...] = ()
    prices: tuple[ContractPrice, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with the place in the body that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    where: str = ""

"""The JSON bodies, as types: what msgspec checks, it checks before anything else is done.

PURE data. Amounts are integers in minor units; decimals travel as strings.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

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


class Sale(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sale, a pre-authorization or an off-line sale."""

    terminal_id: Terminal
    sequence: Sequence
    local_time: LocalTime
    card: Card
    amount_minor: Amount
    currency: Currency
    items: Annotated[tuple[Item, ...], msgspec.Meta(max_length=99)] = ()
    partial: bool = False
    odometer: Annotated[int, msgspec.Meta(ge=0, le=10**7)] | None = None


class OriginalRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The message that a completion or reversal is about."""

    kind: Literal["sale", "preauthorization", "offline_sale", "completion", "deposit"]
    sequence: Sequence
    local_date: LocalDate


class HeldRef(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The message that a completion settles."""

    kind: Literal["sale", "preauthorization"]
    sequence: Sequence
    local_date: LocalDate


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


class PaymentRequest(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A merchant asks a payer for money."""

    terminal_id: Terminal
    amount_minor: Positive
    currency: Currency
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=140,
                                         pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
    payer_phone: Phone
    reference: Text = ""
    expires_in_s: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 180


class Approval(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The payer's word, signed on the phone."""

    phone: Phone
    decision: Literal["approve", "refuse"]
    signature: Annotated[str, msgspec.Meta(max_length=100, description="Ed25519, base64.")]


class Cancellation(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The merchant takes a request back."""

    terminal_id: Terminal


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of every POST. id and state: payment requests alone."""

    key: str
    decision: Literal["approved", "partial", "declined"]
    action_code: str
    reason: str
    amount_minor: int
    currency: str
    approval_code: str
    decided_at: str
    flags: tuple[str, ...]
    id: str = ""
    state: str = ""


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    """A payment request as it is now."""

    id: str
    state: str
    amount_minor: int
    currency: str
    merchant_id: str
    merchant_name: str
    purpose: str
    payer_phone: str
    reference: str
    expires_at: str | None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with the place in the body that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    where: str = ""

"""JSON <-> model: the same requests that the ISO dialects make, under the same keys.

PURE. The acquirer is the terminal's own, so that one message through two doors has one key.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec

from authhost import keys
from authhost.clock import as_datetime
from authhost.currencies import EXPONENT
from authhost.model import Action, Answer, CardRef, Kind, Original, Request
from authhost.translate.bodies import (
    AllowedProduct,
    Completion,
    Decision,
    Deposit,
    HeldRef,
    OriginalRef,
    Preauthorization,
    RaisedRef,
    Return,
    Reversal,
    Sale,
    SoldRef,
)
from authhost.translate.deposits import counted as counted_in
from authhost.translate.deposits import deposit_content, deposit_detail
from authhost.translate.fleet import litres
from authhost.translate.incoming import (
    ADVICES,
    HOLDS,
    Refusal,
    adds_to_content,
    checked_date,
    content_of,
    detail,
    goods,
    hold_parts,
    names_no_quantity,
    sale_detail,
    sum_fault,
)
from authhost.translate.prompted import NOTHING_TYPED, Typed, typed
from iso.subfields import SaleItem

DOOR: Final = "json"
# Stripe Issuing's units of fuel, as letters of field 63.
_UNITS: Final = {
    "liter": "L", "us_gallon": "G", "imperial_gallon": "I", "kilogram": "K", "pound": "P",
    "kilowatt_hour": "6", "charging_minute": "7", "other": "O"}
_encode = msgspec.json.Encoder().encode


class Context(msgspec.Struct, frozen=True):
    """What the door knows besides the body. Times in microseconds; deadline real, now business."""

    acquirer_id: str
    idempotency_key: str
    client: str  # whose namespace the Idempotency-Key is in
    deadline_us: int
    now_us: int
    hold_us: int


class JsonTranslator:
    """Bodies to requests, answers to bodies."""

    def __init__(self, fingerprint_key: bytes) -> None:
        self._fingerprint_key = fingerprint_key

    def sale(self, body: Sale, kind: Kind, context: Context, card: CardRef,
             second: CardRef | None = None) -> Request:
        """A sale, return, pre-authorization, increment, off-line sale or completion.

        card and second are the body's; a pre-authorization that names another is an increment.
        """
        if isinstance(body, Preauthorization) and (body.original or body.approval_code):
            kind = Kind.INCREMENT
        exponent = _exponent(body.currency)
        amount = body.amount_minor
        sold = goods(_sold(body, exponent), exponent)
        original = self._about(body, kind, context)
        answers = _typed(body)
        about = body.fleet
        advice, holds = kind in ADVICES, kind in HOLDS
        opens = kind is Kind.PREAUTHORIZATION
        return Request(
            key=self._key(body, kind, context),
            fingerprint=content_of(self._fingerprint_key, kind, card, amount, body.currency,
                                   sold.volume_ml, sold.products,
                                   *adds_to_content(kind, original, second)),
            kind=kind, door=DOOR, terminal_id=body.terminal_id, deadline_us=context.deadline_us,
            amount_minor=amount, currency=body.currency, card=card,
            volume_ml=sold.volume_ml, products=sold.products, partial_ok=body.partial,
            advice=advice, original=original,
            alias=keys.alias_key(context.client, context.idempotency_key),
            expires_at_us=context.now_us + context.hold_us if holds else 0,
            wrong="" if sold.sum_minor == amount else sum_fault(sold, holds=holds),
            detail=sale_detail(sold, kind, stan=body.sequence, typed=answers,
                               entry=body.entry or "", second=second,
                               purchase_type=about and about.purchase_type,
                               service_type=about and about.service_type,
                               fuel_type=body.fuel and body.fuel.type),
            items=sold.items, parts=hold_parts(sold, amount) if holds else sold.parts,
            second=second, prompted=answers.prompted, key_entered=body.entry == "key",
            wants_rest=holds or (not advice and body.rest),
            volume_open=opens and names_no_quantity(sold), amount_open=opens and not amount)

    def _about(self, body: Sale, kind: Kind, context: Context) -> Original | None:
        """What a body says it is about. Refusal where it must, and does not."""
        if isinstance(body, Completion):
            if body.original is None:
                return Original(self._same_number(body, context).keys, body.approval_code)
            return self._original(body.original, body.terminal_id, context, body.approval_code)
        if isinstance(body, (Preauthorization, Return)) and kind in {Kind.INCREMENT, Kind.RETURN}:
            if not body.amount_minor:
                raise Refusal("amount_minor", f"is zero, and this is a {kind.value}")
            if body.original is not None:
                return self._original(body.original, body.terminal_id, context,
                                      body.approval_code)
            if not body.approval_code:
                raise Refusal("original", "is missing, and so is approval_code: what is it about?")
            return Original((), body.approval_code)
        return self._same_number(body, context) if kind is Kind.OFFLINE_SALE else None

    def reversal(self, body: Reversal, context: Context) -> Request:
        """Takes back a message of the same terminal."""
        original = self._original(body.original, body.terminal_id, context, "")
        return Request(
            key=self._key(body, Kind.REVERSAL, context),
            fingerprint=content_of(self._fingerprint_key, Kind.REVERSAL, None, body.amount_minor,
                                   body.currency or "", 0, (), *original.keys),
            kind=Kind.REVERSAL, door=DOOR, terminal_id=body.terminal_id,
            deadline_us=context.deadline_us, amount_minor=body.amount_minor,
            currency=body.currency or "", advice=True, original=original,
            alias=keys.alias_key(context.client, context.idempotency_key),
            detail=detail(stan=body.sequence))

    def deposit(self, body: Deposit, context: Context) -> Request:
        """Cash in the safe: it is there, so it cannot be refused, only its credit withheld.

        Refusal where the denominations do not add up: that is no count at all.
        """
        _exponent(body.currency)
        counted = sum(row.value_minor * row.count for row in body.denominations)
        if counted != body.amount_minor:
            raise Refusal("denominations", f"add up to {counted}, not to {body.amount_minor}")
        told = counted_in(body)
        return Request(
            key=self._key(body, Kind.DEPOSIT, context),
            fingerprint=deposit_content(self._fingerprint_key, Kind.DEPOSIT, body.amount_minor,
                                        body.currency, told, "", body.reference),
            kind=Kind.DEPOSIT, door=DOOR, terminal_id=body.terminal_id,
            deadline_us=context.deadline_us, amount_minor=body.amount_minor,
            currency=body.currency, advice=True, deposit=told,
            alias=keys.alias_key(context.client, context.idempotency_key),
            detail=deposit_detail(told, reference=body.reference, receipt=body.sequence))

    def answer(self, request: Request, answer: Answer) -> bytes:
        """The body of an answer."""
        said: Literal["approved", "partial", "declined"] = "declined"
        if answer.action == Action.PARTIAL:
            said = "partial"
        elif answer.approved:
            said = "approved"
        return _encode(Decision(
            key=request.key, decision=said, action_code=answer.action, reason=answer.reason,
            amount_minor=answer.amount_minor, currency=request.currency,
            approval_code=answer.approval_code,
            decided_at=instant(answer.decided_at_ms * 1000),
            flags=answer.flags,
            allowed=None if answer.allowed is None else tuple(
                AllowedProduct(product=one.product, money_left_minor=one.money_left,
                               volume_left_decimal=None if one.volume_left_ml is None
                               else litres(one.volume_left_ml))
                for one in answer.allowed),
            fuel_volume_decimal=litres(answer.volume_ml) if answer.volume_ml else None,
            prompts=answer.prompts, prices=answer.prices))

    def _key(self, body: Sale | Reversal | Deposit, kind: Kind, context: Context) -> str:
        day = checked_date(body.local_time[:10].replace("-", ""), "local_time")
        return keys.message_key(context.acquirer_id, body.terminal_id, kind, day, body.sequence)

    @staticmethod
    def _same_number(body: Sale, context: Context) -> Original:
        day = body.local_time[:10].replace("-", "")
        return Original(tuple(
            keys.message_key(context.acquirer_id, body.terminal_id, kind, day, body.sequence)
            for kind in (Kind.PREAUTHORIZATION, Kind.SALE)))

    @staticmethod
    def _original(named: OriginalRef | HeldRef | RaisedRef | SoldRef, terminal_id: str,
                  context: Context, approval_code: str) -> Original:
        day = checked_date(named.local_date.replace("-", ""), "original.local_date")
        return Original((keys.message_key(context.acquirer_id, terminal_id, Kind(named.kind), day,
                                          named.sequence),), approval_code)


def public_id(key: str) -> str:
    """The id of a message in URLs: its key, base64url (RFC 4648) without padding."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def key_of(identity: str) -> str | None:
    """The key behind an id; None where it is none."""
    try:
        padded = identity + "=" * (-len(identity) % 4)
        return base64.urlsafe_b64decode(padded.encode("ascii")).decode()
    except (ValueError, UnicodeError):
        return None


def _exponent(currency: str) -> int:
    if currency not in EXPONENT:
        raise Refusal("currency", f"{currency} is no currency known here")
    return EXPONENT[currency]


def _sold(body: Sale, exponent: int) -> Sequence[SaleItem]:
    """The items of a body, or its one fuel."""
    fuel = body.fuel
    if fuel is not None:
        if body.items:
            raise Refusal("fuel", "stands in place of items: give one of them")
        if not fuel.unit_cost_decimal.is_finite():
            raise Refusal("fuel.unit_cost_decimal", "is no number")
        return [SaleItem(
            fuel.industry_product_code, _UNITS[fuel.unit],
            _scaled(fuel.quantity_decimal, "fuel.quantity_decimal"),
            _scaled(fuel.unit_cost_decimal.scaleb(-exponent), "fuel.unit_cost_decimal"),
            Decimal(body.amount_minor).scaleb(-exponent))]
    return [SaleItem(item.product, item.unit, _scaled(item.quantity, f"items[{at}].quantity"),
                     _scaled(item.unit_price, f"items[{at}].unit_price"),
                     Decimal(item.amount_minor).scaleb(-exponent))
            for at, item in enumerate(body.items)]


def _typed(body: Sale) -> Typed:
    """The answers to prompts; the odometer may be told by itself."""
    told = body.fleet and body.fleet.cardholder_prompt_data
    kilometres = body.odometer
    if not told:
        return NOTHING_TYPED if kilometres is None else typed({"odometer": str(kilometres)})
    if told.odometer is not None:
        if kilometres not in {None, told.odometer}:
            raise Refusal("odometer", "is not the one of fleet.cardholder_prompt_data")
        kilometres = told.odometer
    return typed({
        "odometer": "" if kilometres is None else str(kilometres),
        "engine_hours": "" if told.engine_hours is None else str(told.engine_hours),
        "driver_number": told.driver_id, "vehicle_number": told.vehicle_number,
        "trailer": told.trailer, "job": told.job, "order_number": told.order_number})


def _scaled(value: Decimal, where: str) -> Decimal:
    """A quantity or price: not negative, at most four decimals and nine digits before them."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -4 or value < 0 or value.adjusted() > 8:
        raise Refusal(where, "must be 0 to 999999999 with at most four decimals")
    return value


def instant(us: int) -> str:
    """As answers say it; '' of what was set aside: nothing was decided."""
    return as_datetime(us).isoformat(timespec="milliseconds") if us else ""

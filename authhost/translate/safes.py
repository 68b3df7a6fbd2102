"""What safes say of deposits <-> model, over JSON: authorization, confirm, cancellation. PURE."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal

import msgspec

from authhost import keys, limits
from authhost.currencies import EXPONENT
from authhost.model import Action, Answer, Deposit, Kind, Original, Piece, Request, Suspect
from authhost.rules import WITHHELD
from authhost.translate import safe_bodies
from authhost.translate.deposits import (
    deposit_content,
    deposit_detail,
    instant_of,
    number_key,
    order_text,
    refuse_date,
)
from authhost.translate.incoming import Refusal, content_of, detail
from authhost.translate.json_door import Context, instant, key_of, public_id

DOOR: Final = "safe"
_ENDED: Final = frozenset({Action.REVERSED, Action.ALREADY_REVERSED})
_encode = msgspec.json.Encoder().encode


class SafeTranslator:
    """Bodies to requests, answers to bodies."""

    def __init__(self, fingerprint_key: bytes) -> None:
        self._fingerprint_key = fingerprint_key

    def authorization(self, terminal_id: str, body: safe_bodies.Authorization,
                      context: Context) -> Request:
        """Notes in escrow. Refusal where its date cannot be meant: it is asked now, or not."""
        instant_of(body.local_time)
        refuse_date(body.local_time, context.now_us)
        return self._deposit(terminal_id, body, context, Kind.DEPOSIT_AUTHORIZATION)

    def deposit(self, terminal_id: str, body: safe_bodies.Deposit, context: Context) -> Request:
        """The cash is in the safe: what speaks against it withholds its credit, no more."""
        instant_of(body.local_time)
        request = self._deposit(terminal_id, body, context, Kind.DEPOSIT)
        if not body.authorization:
            return request
        key = authorization_key(body.authorization, context.acquirer_id, terminal_id)
        if key is None:
            return msgspec.structs.replace(
                request, flags=(*request.flags, "authorization_unknown"))
        return msgspec.structs.replace(request, original=Original((key,)))

    def _deposit(self, terminal_id: str, body: safe_bodies.Authorization, context: Context,
                 kind: Kind) -> Request:
        if body.currency not in EXPONENT:
            raise Refusal("currency", f"{body.currency} is no currency known here")
        told = _told(terminal_id, body)
        advice = kind is Kind.DEPOSIT
        return Request(
            key=number_key(context.acquirer_id, terminal_id, kind, body.sequence),
            fingerprint=deposit_content(self._fingerprint_key, kind, body.amount_minor,
                                        body.currency, told, body.reference_model, body.reference),
            kind=kind, door=DOOR, terminal_id=terminal_id, deadline_us=context.deadline_us,
            amount_minor=body.amount_minor, currency=body.currency, advice=advice, deposit=told,
            # Cash that is inside is stored, whatever key its device has used twice.
            alias="" if advice else keys.alias_key(context.client, context.idempotency_key),
            expires_at_us=0 if advice else context.now_us + limits.ESCROW_S * 1_000_000,
            flags=("suspects",) if told.suspects else (),
            detail=deposit_detail(
                told, rejected=body.rejected and body.rejected.count, receipt=body.receipt,
                reference_model=body.reference_model, reference=body.reference,
                cheque=body.cheque, envelope=body.envelope,
                authorization=getattr(body, "authorization", "")))

    def cancellation(self, terminal_id: str, body: safe_bodies.Cancellation, original: str,
                     context: Context) -> Request:
        """The notes of an authorization were handed back. original: its key."""
        instant_of(body.local_time)
        return Request(
            key=number_key(context.acquirer_id, terminal_id, Kind.REVERSAL, body.sequence),
            fingerprint=content_of(self._fingerprint_key, Kind.REVERSAL, None, 0, "", 0, (),
                                   original),
            kind=Kind.REVERSAL, door=DOOR, terminal_id=terminal_id,
            deadline_us=context.deadline_us, advice=True, original=Original((original,)),
            alias=keys.alias_key(context.client, context.idempotency_key),
            detail=detail(sequence=body.sequence, local_time=body.local_time))

    def answer(self, request: Request, answer: Answer) -> bytes:
        """The body of an answer."""
        said: Literal["approved", "declined", "parked", "cancelled"] = "declined"
        if answer.reason == "parked":
            said = "parked"
        elif request.kind is Kind.REVERSAL:
            said = "cancelled" if answer.action in _ENDED else "declined"
        elif answer.approved:
            said = "approved"
        held = request.kind is Kind.DEPOSIT_AUTHORIZATION and said == "approved"
        withheld = () if request.kind is not Kind.DEPOSIT else tuple(
            flag.removeprefix(WITHHELD) for flag in answer.flags if flag.startswith(WITHHELD))
        return _encode(safe_bodies.DepositAnswer(
            key=request.key, decision=said, action_code=answer.action, reason=answer.reason,
            amount_minor=answer.amount_minor, currency=request.currency,
            approval_code=answer.approval_code, decided_at=instant(answer.decided_at_ms * 1000),
            flags=answer.flags, withheld=withheld,
            authorization=public_id(request.key) if held else "",
            # What was answered at another door was asked at another time.
            expires_at=instant(request.expires_at_us) if held and not answer.state else ""))


def authorization_key(identity: str, acquirer: str, terminal_id: str) -> str | None:
    """The key behind an authorization's id; None where it is none of this terminal's."""
    key = key_of(identity)
    own = keys.terminal_prefix(acquirer, terminal_id)
    held = f"{own}{keys.CLASS[Kind.DEPOSIT_AUTHORIZATION]}/"
    return key if key is not None and key.startswith(held) and key.isprintable() else None


def _told(terminal_id: str, body: safe_bodies.Authorization) -> Deposit:
    told = Deposit(
        kind=body.kind, client=body.client, account=body.account, depositor=body.depositor,
        cassette=body.cassette, shift=body.shift, local_time=body.local_time,
        sequence=body.sequence,
        pieces=tuple(Piece(row.value_minor, row.count, row.kind, row.category)
                     for row in body.denominations),
        suspects=tuple(Suspect(one.value_minor, one.currency, one.category, one.serial)
                       for one in body.suspects))
    if body.order is None:
        return told
    try:
        signature = base64.b64decode(body.order.signature, validate=True)
    except (binascii.Error, ValueError):
        signature = b"\0"  # it was signed, and by nobody
    return msgspec.structs.replace(
        told, signature=signature, order=order_text(
            terminal_id, told, body.amount_minor, body.currency, body.reference_model,
            body.reference, body.receipt))

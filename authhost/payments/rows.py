"""The journal rows of a payment. PURE: values in, entries out, in the order of Entry.

    request   one row, counts nothing
    word      the payer's yes: two legs that count (payer, merchant) and book nothing; else one row
    bank      yes: books what was signed; no: gives back what the word has counted
    later     captures book the merchant's part; refunds book both parts back

The detail of the first leg says to append_payments.sql what becomes of the payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from authhost.journal.entry import Entry
from authhost.model import Action, Kind
from authhost.payments.model import Asked
from authhost.settlement import Take
from authhost.standing import Whose, Windows
from authhost.states import State as ClaimState
from authhost.streams import stream_of

DOOR: Final = "payments"
_encode = msgspec.json.Encoder().encode
_NEVER: Final = Windows()


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One posting. money, count: what counters move by; posted_minor: what the night books."""

    kind: Kind
    account_id: int | None
    fence: int
    windows: Windows = _NEVER
    money: int = 0
    count: int = 0
    posted_minor: int = 0
    original_key: str = ""


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the legs of one message have in common. deadline_us: real; 0: never late."""

    key: str
    fingerprint: bytes
    answer: bytes
    asked: Asked
    approved: bool
    reason: str
    decided_ms: int
    rules_version: int
    detail: dict[str, Any]
    code: str = ""  # by chance: tells this try of a message from another that says the same
    amount_minor: int | None = None  # None: the payment's own
    deadline_us: int = 0


def entries(message: Message, legs: Sequence[Leg]) -> tuple[Entry, ...]:
    """The rows: the first carries the claim and says what happens."""
    asked = message.asked
    amount = asked.amount_minor if message.amount_minor is None else message.amount_minor
    state = ClaimState.NOTED if message.approved else ClaimState.DECLINED
    action = Action.APPROVED if message.approved else Action.DO_NOT_HONOUR
    detail = _encode(message.detail | {"payment": asked.payment_id}).decode()
    return tuple([Entry(
        message.key, number, message.fingerprint, message.answer, DOOR, state, 0, 0,
        message.code, "",
        leg.kind, message.approved, action, message.reason, amount,
        amount if message.approved else 0, leg.posted_minor, asked.currency, "",
        asked.merchant_id, "", leg.original_key, "", "", message.decided_ms,
        message.rules_version, message.deadline_us, leg.account_id, leg.fence, None, None, None,
        leg.windows.day, leg.windows.week, leg.windows.month, leg.money, 0, leg.count,
        detail if number == 0 else _about(asked), 0, leg.windows.minute,
        stream=stream_of(leg.kind, message.key))
        for number, leg in enumerate(legs)])


def taken(takes: Sequence[Take]) -> list[Leg]:
    """What the payer's yes counts: nothing is booked before the bank has spoken."""
    return [Leg(Kind.PAYMENT_AUTHORIZATION, take.whose.account_id, take.outcome.fence,
                Windows(take.outcome.day, take.outcome.week, take.outcome.month,
                        take.outcome.minute),
                take.outcome.amount_minor, take.outcome.count) for take in takes]


def booked(asked: Asked, payer: tuple[int, int], merchant_fence: int) -> list[Leg]:
    """What the bank's yes books: of a sandbox nothing. payer: account and fence. The merchant's
    part comes with the capture, which is at once where it is automatic."""
    posted_minor = 0 if asked.sandbox else asked.amount_minor
    legs = [Leg(Kind.PAYMENT, *payer, posted_minor=posted_minor)]
    if asked.capture == "automatic":
        legs.append(Leg(Kind.PAYMENT_RECEIPT, asked.account_id, merchant_fence,
                        posted_minor=posted_minor))
    return legs


def given_back(legs: Sequence[tuple[Whose, Windows, int, int]],
               fences: dict[int, int]) -> list[Leg]:
    """What the bank's no gives back: (whose, windows, money, count) of the word's legs."""
    return [Leg(Kind.PAYMENT_RELEASE, whose.account_id, fences[whose.account_id or 0], windows,
                -money, -count) for whose, windows, money, count in legs]


def _about(asked: Asked) -> str:
    """What the files print beside the merchant's part."""
    return _encode({"payment": asked.payment_id, "purpose": asked.purpose,
                    "reference": asked.reference}).decode()

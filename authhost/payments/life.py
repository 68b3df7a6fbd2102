"""The life of a payment: what may happen to it, and what it is then. The table.

PURE data. This is the only place that names a transition; append_payments.sql and moves.py make
them. Rules, by number:

1. A pair that is not named does nothing: the payment stays, and who asked hears what it is.
2. One word ends the asking: SIGN, DECLINE, REFUSE, CANCEL and EXPIRE claim one key, so that the
   first stands, and the others hear of it (claim `.../word`).
3. One word of the bank ends the debit: PAY and FAIL claim one key (claim `.../bank`). Silence is no
   word: UNKNOWN stays until the bank has spoken.
4. What was paid is CAPTURED, PARTLY_REFUNDED or REFUNDED by its amounts alone (`paid_state`), so
   that a refund that its bank refuses leaves what was there before.
5. Nobody refunds or captures what is DISPUTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What a payment is now."""

    CREATED = "created"  # the merchant has asked
    SENT = "sent"  # it was handed to the payer's phone
    OPENED = "opened"  # the phone has shown it
    SIGNED = "signed"  # the payer said yes; the payer's bank is being asked
    PAID = "paid"  # the bank has moved the money
    UNKNOWN = "unknown"  # the bank has not said what became of it
    DECLINED_BY_PAYER = "declined_by_payer"
    DECLINED = "declined"  # by a limit, a check or the bank: the reason is beside it
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CAPTURED = "captured"  # the merchant has said that the goods went out, for all of it
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Event(StrEnum):
    """What can happen to a payment."""

    NOTIFY = "notify"  # the phone has it
    OPEN = "open"  # the phone shows it
    SIGN = "sign"  # the payer's yes, and nothing speaks against it
    DECLINE = "decline"  # the payer's yes, and something does
    REFUSE = "refuse"  # the payer's no
    CANCEL = "cancel"  # the merchant's
    EXPIRE = "expire"  # the clock's
    MATCH = "match"  # a QR's: the bank has credited it
    PAY = "pay"  # the bank's yes
    FAIL = "fail"  # the bank's no
    SILENCE = "silence"  # the bank says nothing
    CAPTURE = "capture"
    REFUND = "refund"
    UNREFUND = "unrefund"  # the bank would not give it back
    DISPUTE = "dispute"
    WIN = "win"  # the merchant keeps it
    LOSE = "lose"  # the payer has it back


OPEN: Final = (State.CREATED, State.SENT, State.OPENED)  # the payer may still answer
ASKED: Final = (State.SIGNED, State.UNKNOWN)  # the bank may still answer
MOVED: Final = (State.PAID, State.CAPTURED, State.PARTLY_REFUNDED)  # and something can be done
CLOSED: Final = frozenset({State.DECLINED_BY_PAYER, State.DECLINED, State.EXPIRED, State.CANCELLED,
                           State.REFUNDED})
# By its amounts: which of PAID, CAPTURED, PARTLY_REFUNDED, REFUNDED. See paid_state.
BY_AMOUNT: Final = None

_EVENTS: Final[dict[Event, tuple[tuple[State, ...], State | None]]] = {
    Event.NOTIFY: ((State.CREATED,), State.SENT),
    Event.OPEN: ((State.CREATED, State.SENT), State.OPENED),
    Event.SIGN: (OPEN, State.SIGNED),
    Event.DECLINE: (OPEN, State.DECLINED),
    Event.REFUSE: (OPEN, State.DECLINED_BY_PAYER),
    Event.CANCEL: (OPEN, State.CANCELLED),
    Event.EXPIRE: (OPEN, State.EXPIRED),
    Event.MATCH: (OPEN, BY_AMOUNT),
    Event.PAY: (ASKED, BY_AMOUNT),
    Event.FAIL: (ASKED, State.DECLINED),
    Event.SILENCE: ((State.SIGNED,), State.UNKNOWN),
    Event.CAPTURE: ((State.PAID, State.PARTLY_REFUNDED), BY_AMOUNT),
    Event.REFUND: (MOVED, BY_AMOUNT),
    Event.UNREFUND: ((State.PARTLY_REFUNDED, State.REFUNDED), BY_AMOUNT),
    Event.DISPUTE: (MOVED, State.DISPUTED),
    Event.WIN: ((State.DISPUTED,), BY_AMOUNT),
    Event.LOSE: ((State.DISPUTED,), BY_AMOUNT),
}

TABLE: Final[Mapping[tuple[State, Event], State | None]] = {
    (before, event): leads_to for event, (leads_out_of, leads_to) in _EVENTS.items()
    for before in leads_out_of}
# Who won the word, or the bank's: these events have a claim, see rules 2 and 3.
WORD: Final = frozenset({Event.SIGN, Event.DECLINE, Event.REFUSE, Event.CANCEL, Event.EXPIRE,
                         Event.MATCH})
BANK: Final = frozenset({Event.PAY, Event.FAIL})


def befores(event: Event) -> tuple[State, ...]:
    """The states that an event leads out of."""
    return _EVENTS[event][0]


def after(event: Event) -> State | None:
    """The state that an event leads to; BY_AMOUNT: by the payment's amounts."""
    return _EVENTS[event][1]


def step(before: State, event: Event, amount_minor: int, captured_minor: int,
         refunded_minor: int) -> State | None:
    """What a payment is after an event; None: the event does nothing to it (rule 1).

    captured_minor, refunded_minor: after the event.
    """
    if before not in befores(event):
        return None
    return after(event) or paid_state(amount_minor, captured_minor, refunded_minor)


def paid_state(amount_minor: int, captured_minor: int, refunded_minor: int) -> State:
    """What a payment is that was paid, by what was captured and given back of it (rule 4)."""
    if refunded_minor == amount_minor:
        return State.REFUNDED
    if refunded_minor:
        return State.PARTLY_REFUNDED
    return State.CAPTURED if captured_minor == amount_minor else State.PAID

"""Where is killed: every transition of a payment's life and of its bank's orders, and every step
beside them, in each moment, whoever may die there.

Transitions of a payment are those of `authhost/payments/life.py`; no table names those of an order,
so ORDERS does, and a test holds it to the statements that write them. PURE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from authhost.payments.life import TABLE, Event, State
from tests.crash.points import Moment, Point, Target

# What no host makes: a code is handed to no phone.
NEVER: Final = frozenset({(State.SENT, Event.MATCH), (State.OPENED, Event.MATCH)})
CREATE: Final = ("none", "create")  # it begins: no row of the table
# (kind and state of an order, what becomes of it). A debit that this host sends is born with SIGN,
# and its bank's words are SILENCE, PAY and FAIL.
ORDERS: Final = (
    ("debit queued", "send"), ("debit queued", "give_up"), ("debit unknown", "resend"),
    ("refund queued", "send"), ("refund queued", "give_up"), ("refund sent", "silence"),
    ("refund unknown", "resend"), ("refund sent", "accept"), ("refund sent", "refuse"),
    ("refund unknown", "accept"), ("refund unknown", "refuse"))
# (who, what): the moments. Which function each is, says killed.py.
STEPS: Final[Mapping[tuple[str, str], tuple[Moment, ...]]] = {
    ("counters", "take"): ("before", "after"),  # counted, and no row
    ("counters", "give_back"): ("before", "after"),  # a row, and counted still
    ("word", "say"): ("after",),  # answered, and the phone has not heard
    ("bank", "pay"): ("before", "after"),  # SENT, and not sent; answered, and nothing written
    ("bank", "status"): ("after",),  # it has said what became of it, and nothing is written
    ("bank", "claim"): ("after",),  # its no is claimed, and not said
    ("webhook", "post"): ("before", "after"),  # told, and not noted
    ("webhook", "note"): ("after",),
    ("hub", "say"): ("before", "after"),  # other hosts are told
    ("capture", "book"): ("after",),  # within the transaction: booked, and not moved
    ("capture", "make"): ("after",),  # committed, and not answered
    ("refund", "book"): ("after",),
    ("refund", "make"): ("after",),
    ("dispute", "open"): ("after",),
    ("dispute", "resolve"): ("after",),
    ("credit", "match"): ("before", "after"),  # what the bank told is matched, and it has not heard
    ("phone", "certify"): ("after",),  # within the transaction: signed, and not kept
    ("phone", "enrol"): ("before", "after"),  # kept, and the phone has not heard
    ("phone", "renew"): ("before", "after"),
    ("phone", "revoke"): ("before", "after"),
    ("sandbox", "decide"): ("before", "after"),
}
MOMENTS: Final[Mapping[str, tuple[Moment, ...]]] = {
    "payment": ("before", "committed", "after"), "order": ("before", "committed")}
_WORDS: Final = frozenset({"pay", "fail", "silence"})  # that a connector brings to a payment
_COUNTED: Final = frozenset({"sign", "decline", "fail", "take", "give_back"})  # in Valkey


def transitions() -> list[tuple[str, str]]:
    """All rows of the payments' table that a host makes, and a payment's beginning."""
    return [CREATE, *((str(before), str(event)) for before, event in TABLE
                      if (before, event) not in NEVER)]


def names() -> list[str]:
    """All transitions and steps."""
    return [f"{before} {event}" for before, event in (*transitions(), *ORDERS, *STEPS)]


def points() -> list[Point]:
    """Every transition and step, every moment, everybody who may die there."""
    tables: Sequence[tuple[str, Iterable[tuple[str, str]]]] = (
        ("payment", transitions()), ("order", ORDERS), ("step", STEPS))
    return [Point(column=column, before=before, event=event, moment=moment, target=target)
            for column, pairs in tables for before, event in pairs
            for moment in (STEPS[before, event] if column == "step" else MOMENTS[column])
            for target in _targets(column, before, event, moment)]


def _targets(column: str, before: str, event: str, moment: Moment) -> list[Target]:
    found: list[Target] = ["process", "postgres"]
    connectors = {"payment": event in _WORDS, "order": True, "step": before == "bank"}
    # What was told already is the connector's no more, but not what only it has heard.
    if connectors[column] and (moment != "after" or column == "step"):
        found.append("connector")
    if event in _COUNTED or before == "hub":
        found.append("valkey")
    return found

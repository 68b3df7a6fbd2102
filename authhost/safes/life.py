"""The life of a deposit: what may happen to its custody and to its credit. The table of both.

PURE data. A deposit has two states side by side: where its cash is (column deposit.state) and how
far the bank's credit is (column deposit.credit). This is the only place that names a transition;
moves.py makes them. The states of custody are those of provisional credit as banks know it.

1. A pair that is not named does nothing: the deposit stays, and is not among those that moved.
2. SENT and UNKNOWN are in no file, ever: only a bank's word leads out of them.
3. QUEUED becomes SENT in a commit of its own, before the request leaves.
4. What a person decides has an event of its own: RELEASE*, REJECT, WITHDRAW, REVERSED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final


class Custody(StrEnum):
    """Where the cash is."""

    REPORTED = "reported"  # the safe told it
    PROVISIONAL = "provisional"  # and the client has the credit
    PICKED_UP = "picked_up"  # its cassette has left the safe
    VERIFIED = "verified"  # counted, and as it was told
    ADJUSTED = "adjusted"  # counted, and otherwise: the difference is decided and booked
    REVERSED = "reversed"  # taken back whole


class Credit(StrEnum):
    """How far the bank's credit is."""

    NONE = "none"  # there is none, or none before the count
    WITHHELD = "withheld"  # a check failed: two people decide
    QUEUED = "queued"  # waits for the connector
    SENT = "sent"  # the request may have left
    UNKNOWN = "unknown"  # no answer came
    ACCEPTED = "accepted"  # the bank has it; the night has not booked it yet
    REFUSED = "refused"  # the bank will not
    NIGHT = "night"  # waits for the night's file
    FILE = "file"  # is in a file
    BOOKED = "booked"  # accepted, and booked by a night


_CUSTODY: Final[dict[str, tuple[tuple[Custody, ...], Custody]]] = {
    "credited": ((Custody.REPORTED,), Custody.PROVISIONAL),
    "picked_up": ((Custody.REPORTED, Custody.PROVISIONAL), Custody.PICKED_UP),
    "matched": ((Custody.PICKED_UP,), Custody.VERIFIED),
    # Of a recount too: what was verified may turn out to differ.
    "differed_decided": ((Custody.PICKED_UP, Custody.VERIFIED), Custody.ADJUSTED),
    "reversed": ((Custody.REPORTED, Custody.PROVISIONAL, Custody.PICKED_UP, Custody.VERIFIED,
                  Custody.ADJUSTED), Custody.REVERSED),
}
_CREDIT: Final[dict[str, tuple[tuple[Credit, ...], Credit]]] = {
    "send": ((Credit.QUEUED,), Credit.SENT),
    "accept": ((Credit.SENT, Credit.UNKNOWN), Credit.ACCEPTED),
    "refuse": ((Credit.SENT, Credit.UNKNOWN), Credit.REFUSED),
    "silence": ((Credit.SENT,), Credit.UNKNOWN),
    # The bank has never heard of it: once more, under the same EndToEndId.
    "resend": ((Credit.UNKNOWN,), Credit.SENT),
    "give_up": ((Credit.QUEUED,), Credit.NIGHT),
    "rejected_to_night": ((Credit.REFUSED,), Credit.NIGHT),
    "release": ((Credit.WITHHELD,), Credit.QUEUED),
    "release_to_night": ((Credit.WITHHELD,), Credit.NIGHT),
    "reject": ((Credit.WITHHELD,), Credit.NONE),
    "counted": ((Credit.NONE,), Credit.NIGHT),  # credit_rule 'count', envelopes, cheques
    "withdraw": ((Credit.WITHHELD, Credit.QUEUED, Credit.NIGHT), Credit.NONE),  # it was reversed
    "file": ((Credit.NIGHT,), Credit.FILE),
    "book": ((Credit.ACCEPTED,), Credit.BOOKED),
}

CUSTODY: Final[Mapping[tuple[Custody, str], Custody]] = {
    (before, event): after for event, (befores, after) in _CUSTODY.items() for before in befores}
CREDIT: Final[Mapping[tuple[Credit, str], Credit]] = {
    (before, event): after for event, (befores, after) in _CREDIT.items() for before in befores}

# The client has, or may have, the money: a reversal must take it back by an adjustment.
GIVEN: Final = frozenset({Credit.SENT, Credit.UNKNOWN, Credit.ACCEPTED, Credit.BOOKED, Credit.FILE})
# Somebody has counted it, and its exposure is freed.
COUNTED: Final = frozenset({Custody.VERIFIED, Custody.ADJUSTED})
_END_TO_END_ID: Final = re.compile(r"D([0-9]{2})([0-9]{2})([0-9]{2})([0-9A-F]{1,16})")


def steps(event: str) -> tuple[str, dict[str, str]]:
    """('state' or 'credit', {before: after}) of an event. KeyError: no such event, a bug."""
    if event in _CUSTODY:
        befores, after = _CUSTODY[event]
        return "state", {str(before): str(after) for before in befores}
    waiting, credit = _CREDIT[event]
    return "credit", {str(before): str(credit) for before in waiting}


def end_to_end_id(business_date: date, journal_id: int) -> str:
    """The EndToEndId of a deposit's credit (ISO 20022, at most 35 characters): it never changes.

    By it a bank refuses to pay a second time, over any way that the credit takes.
    """
    return f"D{business_date:%y%m%d}{journal_id:X}"


def read_end_to_end_id(text: str) -> tuple[date, int] | None:
    """(business date, journal id) of what end_to_end_id has written; None: it has not."""
    named = _END_TO_END_ID.fullmatch(text)
    if named is None:
        return None
    try:
        day = date(2000 + int(named[1]), int(named[2]), int(named[3]))
    except ValueError:
        return None
    journal_id = int(named[4], 16)
    written = journal_id < 2**63 and end_to_end_id(day, journal_id) == text
    return (day, journal_id) if written else None

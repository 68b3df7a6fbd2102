"""The life of a message at the edge, as a table. PURE.

A request (sale, pre-authorization, increment, return) begins, is sent and is answered; one that no
answer came to is reversed, by its own number. An advice (off-line sale, completion, reversal) has
happened: it is stored with its number, and waits until the host has taken it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message stands. Only what is STORED is ever sent by the forwarder."""

    BEGUN = "begun"  # has a number; nothing has left the terminal
    SENT = "sent"  # may have arrived
    ANSWERED = "answered"
    ABANDONED = "abandoned"  # never left the terminal, and never will
    REVERSED = "reversed"  # its reversal is stored, or given by hand
    STORED = "stored"  # waits for the host
    FORWARDED = "forwarded"  # the host has taken it
    PARKED = "parked"  # the host answered with an error: a person looks


class Kind(StrEnum):
    """What a message of the edge is."""

    SALE = "sale"
    PREAUTHORIZATION = "preauthorization"
    INCREMENT = "increment"
    RETURN = "return"
    OFFLINE_SALE = "offline_sale"
    COMPLETION = "completion"
    REVERSAL = "reversal"
    NETWORK = "network"  # echo, key change, reconciliation: a number, and nothing to keep


REQUESTS: Final = frozenset({Kind.SALE, Kind.PREAUTHORIZATION, Kind.INCREMENT, Kind.RETURN})

# An answered request is stored again when the host says at a shift's end that it does not have it;
# an advice, when it was lost there, or when a person sends a parked one again.
MOVES: Final[dict[State, frozenset[State]]] = {
    State.BEGUN: frozenset({State.SENT, State.ABANDONED}),
    State.SENT: frozenset({State.ANSWERED, State.REVERSED, State.ABANDONED}),
    State.ANSWERED: frozenset({State.REVERSED, State.STORED}),
    State.STORED: frozenset({State.FORWARDED, State.PARKED}),
    State.FORWARDED: frozenset({State.STORED}),
    State.PARKED: frozenset({State.STORED}),
    State.ABANDONED: frozenset(),
    State.REVERSED: frozenset(),
}


def move(old: State, new: State) -> State:
    """`new`, where the table allows it. AssertionError is a bug of ours."""
    assert new in MOVES[old], f"a message that is {old} never becomes {new}"
    return new


# What the host says to an advice, ISO 8583:1993 field 39.
_TAKEN: Final = frozenset({"000", "002", "400", "480", "481"})
TRY_LATER: Final = frozenset({"906", "907", "911", "912"})  # no error of the message
_MAYBE_LATER: Final = frozenset({"909", "916"})  # malfunction; a MAC of keys that have changed
_MOST_MAYBES: Final = 5


def after_answer(action: str, errors: int) -> State:
    """Where a stored advice goes: FORWARDED, PARKED, or STORED still (to be sent again).

    errors: how often it has been answered with an error before.
    """
    if action in _TAKEN:
        return State.FORWARDED
    if action in TRY_LATER or (action in _MAYBE_LATER and errors + 1 < _MOST_MAYBES):
        return State.STORED
    return State.PARKED

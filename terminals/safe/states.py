"""The life of a safe's messages, and of the notes in its escrow, as tables. PURE.

Everything that a safe says has happened, or is asked once: it is stored with its number, and waits
until the host has taken it. Notes that were counted lie in the escrow until they are let into the
cassette or handed back; what was ordered before a crash is done after it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message stands. Only what is STORED is sent."""

    STORED = "stored"  # waits for the host
    FORWARDED = "forwarded"  # the host has answered it
    PARKED = "parked"  # the host cannot take it: a person looks


class Kind(StrEnum):
    """What a message is."""

    SIGN_ON = "sign_on"
    SIGN_OFF = "sign_off"
    SHIFT_OPEN = "shift_open"
    SHIFT_CLOSE = "shift_close"
    AUTHORIZATION = "authorization"
    CANCELLATION = "cancellation"
    DEPOSIT = "deposit"
    SWAP = "swap"
    END_OF_DAY = "end_of_day"
    STATUS = "status"
    ALARM = "alarm"


class Escrow(StrEnum):
    """Where notes stand that were counted. None: the escrow is empty."""

    COUNTED = "counted"  # nobody has decided yet
    STACKING = "stacking"  # they go into the cassette: then they are a deposit
    RETURNING = "returning"  # they go back to the depositor


# A forwarded message is stored again when the host lacks it; a parked one, by a person.
MOVES: Final[dict[State, frozenset[State]]] = {
    State.STORED: frozenset({State.STORED, State.FORWARDED, State.PARKED}),
    State.FORWARDED: frozenset({State.STORED}),
    State.PARKED: frozenset({State.STORED}),
}
ESCROW_MOVES: Final[dict[Escrow, frozenset[Escrow]]] = {
    Escrow.COUNTED: frozenset({Escrow.STACKING, Escrow.RETURNING}),
    Escrow.STACKING: frozenset(),
    Escrow.RETURNING: frozenset(),
}


def move(old: State, new: State) -> State:
    """`new`, where the table allows it. AssertionError is a bug of ours."""
    assert new in MOVES[old], f"a message that is {old} never becomes {new}"
    return new


def move_escrow(old: Escrow, new: Escrow) -> Escrow:
    """`new`, where the table allows it. AssertionError is a bug of ours."""
    assert new in ESCROW_MOVES[old], f"notes that are {old} are never {new}"
    return new


_TRY_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# The certificate, or that the host does not know this safe yet: no fault of the message.
_NOT_ADMITTED: Final = frozenset({401, 403, 404})


def after_answer(kind: Kind, status: int) -> State:
    """Where a message goes by the HTTP status of its answer."""
    if 200 <= status < 300:
        return State.FORWARDED
    if status in _TRY_LATER:
        return State.STORED
    if status in _NOT_ADMITTED and (kind is not Kind.CANCELLATION or status != 404):
        return State.STORED
    return State.PARKED

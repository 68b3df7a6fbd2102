"""What may become of one line of a batch: the table of states, and what each means after a crash.

PURE. 1. Whatever is written about a card is written before the next thing is done to it. 2. The
card row is not effective until its card is loaded and its mailer lies in the spool. 3. The PIN is
known to nobody between its birth and the mailer, so an attempt that was cut off before the mailer
cannot be gone on with: its card is spoiled, its row closed, and the line starts again with
another number. 4. A line has one present card: activation names it, and all others of the line
are closed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How far a line has come."""

    PLANNED = "planned"  # nothing was begun, or what was begun is spoiled
    NUMBERED = "numbered"  # the card row is there, not effective; the card may hold anything
    LOADED = "loaded"  # the card is locked and was read back
    MAILED = "mailed"  # the mailer is in the spool
    ACTIVE = "active"  # done


class Event(StrEnum):
    """What moves a line."""

    NUMBER = "number"
    LOAD = "load"
    MAIL = "mail"
    ACTIVATE = "activate"
    SPOIL = "spoil"


MOVES: Final[dict[tuple[State, Event], State]] = {
    (State.PLANNED, Event.NUMBER): State.NUMBERED,
    (State.NUMBERED, Event.LOAD): State.LOADED,
    (State.LOADED, Event.MAIL): State.MAILED,
    (State.MAILED, Event.ACTIVATE): State.ACTIVE,
    (State.NUMBERED, Event.SPOIL): State.PLANNED,
    (State.LOADED, Event.SPOIL): State.PLANNED,
}


class WrongMove(Exception):
    """A line that is not where this event could find it: somebody else has moved it."""


def after(state: State, event: Event) -> State:
    """The state that follows. WrongMove for a pair that is not in the table."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise WrongMove(f"a line that is {state} cannot {event}") from None


def is_lost(state: State) -> bool:
    """Found in this state at a start, an attempt cannot be gone on with."""
    return (state, Event.SPOIL) in MOVES

"""The one table of states: what a claim may become, and what each event does to the money.

PURE. A claim is born by its own message and moved only by the events below, under a row lock.
Rules, by number:
  1  give back what remains, once
  2  settle: the difference between what was held and the real amount, either sign
  3  take the whole real amount with force: the hold is gone, the sale has happened
  4  nothing moves; the answer says that it was done already
  5  nothing moves; there is nothing to give back
  6  pay: the take on the payer's and the merchant's account stands
  7  end without money
  8  take again, with force, what a return gave back; the sale can be returned again
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class State(IntEnum):
    """What a claim is now. The numbers are stored; never renumber."""

    DECLINED = 0
    TAKEN = 1  # a sale, deposit, off-line sale, completion: money counted for good
    HOLD = 2  # a pre-authorization that waits for its completion
    COMPLETED = 3
    REVERSED = 4
    EXPIRED = 5
    TOMBSTONE = 6  # reversed before it came
    LATE = 7  # committed after its deadline: a decline
    NOTED = 8  # answered and kept, moved nothing
    ALIAS = 13  # 9 to 12 were payment requests, whose life is payments/life.py's
    RETURNED = 14  # a sale of which all goods came back
    GIVEN = 15  # a return: money given back for good


class Event(StrEnum):
    """What can happen to an original."""

    COMPLETION = "completion"
    REVERSAL = "reversal"
    RETURN = "return"
    EXPIRY = "expiry"


class Rule(IntEnum):
    """What an event does to the money, as numbered above."""

    GIVE_BACK = 1
    SETTLE = 2
    FORCE = 3
    ALREADY = 4
    NOTHING = 5
    TAKE_AGAIN = 6


TABLE: Final[dict[tuple[State, Event], tuple[State, Rule]]] = {
    (State.HOLD, Event.COMPLETION): (State.COMPLETED, Rule.SETTLE),
    (State.EXPIRED, Event.COMPLETION): (State.COMPLETED, Rule.FORCE),
    (State.DECLINED, Event.COMPLETION): (State.DECLINED, Rule.FORCE),
    (State.LATE, Event.COMPLETION): (State.LATE, Rule.FORCE),
    (State.TOMBSTONE, Event.COMPLETION): (State.TOMBSTONE, Rule.FORCE),
    (State.REVERSED, Event.COMPLETION): (State.REVERSED, Rule.FORCE),
    (State.COMPLETED, Event.COMPLETION): (State.COMPLETED, Rule.FORCE),
    # A sale that was answered and then told again as an advice: only the difference moves.
    (State.TAKEN, Event.COMPLETION): (State.COMPLETED, Rule.SETTLE),
    (State.HOLD, Event.REVERSAL): (State.REVERSED, Rule.GIVE_BACK),
    (State.TAKEN, Event.REVERSAL): (State.REVERSED, Rule.GIVE_BACK),
    (State.TAKEN, Event.RETURN): (State.RETURNED, Rule.GIVE_BACK),
    (State.RETURNED, Event.COMPLETION): (State.RETURNED, Rule.FORCE),
    (State.REVERSED, Event.REVERSAL): (State.REVERSED, Rule.ALREADY),
    (State.TOMBSTONE, Event.REVERSAL): (State.TOMBSTONE, Rule.ALREADY),
    (State.DECLINED, Event.REVERSAL): (State.DECLINED, Rule.NOTHING),
    (State.LATE, Event.REVERSAL): (State.LATE, Rule.NOTHING),
    (State.EXPIRED, Event.REVERSAL): (State.EXPIRED, Rule.NOTHING),
    (State.COMPLETED, Event.REVERSAL): (State.COMPLETED, Rule.NOTHING),
    (State.RETURNED, Event.REVERSAL): (State.RETURNED, Rule.NOTHING),
    (State.GIVEN, Event.REVERSAL): (State.REVERSED, Rule.TAKE_AGAIN),
    (State.HOLD, Event.EXPIRY): (State.EXPIRED, Rule.GIVE_BACK),
}


def step(state: State, event: Event) -> tuple[State, Rule]:
    """The state after, and what happens to the money. What the table does not name does nothing."""
    return TABLE.get((state, event), (state, Rule.NOTHING))

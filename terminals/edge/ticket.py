"""What the edge says to whoever asked it to sell: a till, the screen, a demo. PURE."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from terminals.answers import Rest
from terminals.edge.offline import Objection
from terminals.edge.rows import Row
from terminals.edge.states import Kind, State


class Outcome(StrEnum):
    """What became of it. Goods may leave with the first three alone."""

    APPROVED = "approved"
    PARTIAL = "partial"  # for approved_minor, and not more
    OFFLINE = "offline"  # sold without the host
    DECLINED = "declined"
    REFUSED = "refused"  # the host is silent, and the off-line rules say no
    UNANSWERED = "unanswered"  # the host is silent: nothing was sold, and is given back
    STORED = "stored"  # an advice that waits for the host
    FORWARDED = "forwarded"  # an advice that the host has taken
    PARKED = "parked"  # an advice that the host answered with an error: a person looks


class BadOrder(ValueError):
    """What was asked for cannot be done. Nothing was."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """row: the message, where one was made. rest: what may be sold and what is left, where it was
    asked; prompts: to be asked (again); objections: why nothing was sold off line."""

    outcome: Outcome
    row: Row | None = None
    objections: tuple[Objection, ...] = ()
    prompts: tuple[str, ...] = ()
    rest: Rest | None = None

    @property
    def done(self) -> bool:
        """Whether the goods may leave."""
        return self.outcome in (Outcome.APPROVED, Outcome.PARTIAL, Outcome.OFFLINE)

    def told(self) -> dict[str, Any]:
        """As JSON for a till. No card number but the masked one."""
        row = self.row
        said: dict[str, Any] = {
            "outcome": self.outcome, "done": self.done, "objections": self.objections,
            "prompts": self.prompts}
        if self.rest is not None:
            said["allowed"] = {"products": self.rest.products, "litres": self.rest.litres,
                               "text": self.rest.text}
        if row is not None:
            said |= summary(row)
        return said


def summary(row: Row) -> dict[str, Any]:
    """A message in short."""
    return {
        "kind": row.kind, "state": row.state, "sequence": row.sequence,
        "local_date": row.local_date, "local_time": row.local_time,
        "amount_minor": row.amount_minor, "approved_minor": row.approved_minor,
        "currency": row.currency, "card": row.pan_masked, "action": row.action,
        "reason": row.reason, "approval_code": row.approval_code, "reference": row.reference}


_OF_AN_ADVICE = {State.STORED: Outcome.STORED, State.FORWARDED: Outcome.FORWARDED,
                 State.PARKED: Outcome.PARKED}


# Answered, and nothing was decided: nobody reserved anything.
HOST_IS_AWAY: Final = frozenset({"906", "907", "911", "912"})


def is_settled(row: Row) -> bool:
    """Whether a till that asks again under the same reference hears of this message. What nobody
    decided is over, and may be asked for anew."""
    return bool(row.action or row.state not in (State.ABANDONED, State.REVERSED)) \
        and row.action not in HOST_IS_AWAY


def outcome_of(row: Row) -> Outcome:
    """What a message's row says, also long after."""
    if row.kind is Kind.OFFLINE_SALE:
        return Outcome.OFFLINE
    if row.kind in (Kind.COMPLETION, Kind.REVERSAL):
        return _OF_AN_ADVICE[row.state]
    if not row.action:
        return Outcome.UNANSWERED
    if row.action == "000":
        return Outcome.APPROVED
    return Outcome.PARTIAL if row.action == "002" else Outcome.DECLINED

"""The row of a take, made from what was asked, decided and answered.

PURE. Knows the columns of an Entry by their order; what an event writes is journal/settle.py's.
"""

from __future__ import annotations

from typing import Final

from authhost import limits
from authhost.journal.entry import Entry
from authhost.journal.views import AccountView, TerminalView
from authhost.model import Answer, Kind, Outcome, Request
from authhost.states import State

_STATES: Final = {
    Kind.PREAUTHORIZATION: State.HOLD,
    Kind.PAYMENT_REQUEST: State.REQUESTED,
    Kind.RECONCILIATION: State.NOTED,
}


def entry_of(request: Request, terminal: TerminalView, view: AccountView | None, outcome: Outcome,
             answer: Answer, body: bytes) -> Entry:
    """The row of a take: positional, in the order of Entry, for it is made once a message."""
    approved = outcome.status != "declined"
    state = _STATES.get(request.kind, State.TAKEN) if approved else State.DECLINED
    amount = outcome.amount_minor
    posted = amount if state is State.TAKEN else 0
    return Entry(
        request.key, 0, request.fingerprint, body, request.door, state,
        amount if approved else 0, request.expires_at_us if approved else 0, answer.approval_code,
        request.alias, request.kind, approved, answer.action, answer.reason,
        request.amount_minor, amount, posted, request.currency, request.terminal_id,
        terminal.merchant_id, terminal.site_id, "", ",".join(answer.flags) if answer.flags else "",
        request.card.pan_masked if request.card else "", outcome.decided_at_ms,
        terminal.rules_version,
        request.deadline_us - limits.COMMIT_MARGIN_MS * 1000 if approved and not request.advice
        else 0,
        view.account_id if view else None, outcome.fence,
        view.card_id if view else None, view.vehicle_id if view else None,
        view.driver_id if view else None, outcome.day, outcome.week, outcome.month, amount,
        outcome.volume_ml, outcome.count, request.detail, outcome.pin_tries)

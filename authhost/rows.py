"""The row of a take, made from what was asked, decided and answered.

PURE. Knows the columns of an Entry by their order; what an event writes is journal/settle.py's.
"""

from __future__ import annotations

from typing import Final

from authhost import limits
from authhost.asks import Ask, taken_shares
from authhost.journal.entry import Entry
from authhost.journal.views import AccountView, TerminalView
from authhost.model import Answer, Kind, Outcome, Request
from authhost.parts import to_text
from authhost.states import State
from authhost.streams import stream_of

_STATES: Final = {
    Kind.PREAUTHORIZATION: State.HOLD,
    Kind.INCREMENT: State.HOLD,
    Kind.DEPOSIT_AUTHORIZATION: State.HOLD,
    Kind.RECONCILIATION: State.NOTED,
}


def entry_of(request: Request, terminal: TerminalView, view: AccountView | None, outcome: Outcome,
             answer: Answer, body: bytes, ask: Ask | None = None) -> Entry:
    """The row of a take: positional, in the order of Entry, for it is made once a message."""
    approved = outcome.status != "declined"
    raised = request.original.keys[0] if request.kind is Kind.INCREMENT \
        and request.original is not None and request.original.keys else ""
    state = _STATES.get(request.kind, State.TAKEN) if approved else State.DECLINED
    # What is only declared moves no counter, and is in the row all the same.
    declared = request.declared_minor if approved else 0
    amount = outcome.amount_minor + declared
    posted = amount if state is State.TAKEN else 0
    return Entry(
        request.key, 0, request.fingerprint, body, request.door, state,
        outcome.amount_minor if approved else 0,
        _ends_us(request, view, outcome) if approved else 0,
        answer.approval_code,
        request.alias, request.kind, approved, answer.action, answer.reason,
        request.amount_minor, amount, posted, request.currency, request.terminal_id,
        terminal.merchant_id, terminal.site_id, raised,
        ",".join(answer.flags) if answer.flags else "",
        request.card.pan_masked if request.card else "", outcome.decided_at_ms,
        terminal.rules_version,
        request.deadline_us - limits.COMMIT_MARGIN_MS * 1000 if approved and not request.advice
        else 0,
        view.account_id if view else None, outcome.fence,
        view.card_id if view else None, view.vehicle_id if view else None,
        view.driver_id if view else None, outcome.day, outcome.week, outcome.month,
        outcome.amount_minor,
        outcome.volume_ml, outcome.count, request.detail, outcome.pin_tries, outcome.minute,
        to_text(taken_shares(ask, outcome)) if ask is not None else "",
        view.subaccount_id if view else None, view.second_card_id if view else None,
        _shown(ask.odometer) if approved and ask is not None else None,
        _shown(ask.engine_hours) if approved and ask is not None else None,
        raised if approved else "", stream_of(request.kind, request.key))


def _ends_us(request: Request, view: AccountView | None, outcome: Outcome) -> int:
    """When an open hold gives back by itself: by its card's program, else as its door says."""
    minutes = view.purchasing.hold_minutes if view is not None else 0
    if not minutes or _STATES.get(request.kind) is not State.HOLD:
        return request.expires_at_us
    return outcome.decided_at_ms * 1_000 + minutes * 60_000_000


def _shown(reading: int) -> int | None:
    return reading if reading >= 0 else None

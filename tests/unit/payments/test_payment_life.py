"""Every state of a payment with every event, against a table that was written down by hand.

The table here says it a second time, as a merchant reads it: a row a state, and what each event
makes of it. What is not named does nothing.
"""

from __future__ import annotations

import pytest

from authhost.payments.life import Event, State, befores, paid_state, step

# The amounts after the event: of 100, captured and given back.
NOTHING = (100, 0, 0)
CAPTURED = (100, 100, 0)
PARTLY_CAPTURED = (100, 40, 0)
PARTLY = (100, 100, 30)
ALL = (100, 100, 100)

# state: what leads out of it, and where to; '*' by the amounts.
EXPECTED: dict[str, dict[str, str]] = {
    "created": {"notify": "sent", "open": "opened", "sign": "signed", "decline": "declined",
                "refuse": "declined_by_payer", "cancel": "cancelled", "expire": "expired",
                "match": "*"},
    "sent": {"open": "opened", "sign": "signed", "decline": "declined",
             "refuse": "declined_by_payer", "cancel": "cancelled", "expire": "expired",
             "match": "*"},
    "opened": {"sign": "signed", "decline": "declined", "refuse": "declined_by_payer",
               "cancel": "cancelled", "expire": "expired", "match": "*"},
    "signed": {"pay": "*", "fail": "declined", "silence": "unknown"},
    "unknown": {"pay": "*", "fail": "declined"},
    "paid": {"capture": "*", "refund": "*", "dispute": "disputed"},
    "captured": {"refund": "*", "dispute": "disputed"},
    "partly_refunded": {"capture": "*", "refund": "*", "unrefund": "*", "dispute": "disputed"},
    "refunded": {"unrefund": "*"},
    "disputed": {"win": "*", "lose": "*"},
    "declined_by_payer": {}, "declined": {}, "expired": {}, "cancelled": {},
}
STATES = ("created", "sent", "opened", "signed", "paid", "unknown", "declined_by_payer",
          "declined", "expired", "cancelled", "captured", "partly_refunded", "refunded",
          "disputed")
EVENTS = ("notify", "open", "sign", "decline", "refuse", "cancel", "expire", "match", "pay",
          "fail", "silence", "capture", "refund", "unrefund", "dispute", "win", "lose")
BY_AMOUNT = {NOTHING: "paid", PARTLY_CAPTURED: "paid", CAPTURED: "captured",
             PARTLY: "partly_refunded", ALL: "refunded"}


def test_the_states_and_events_are_these_and_no_others() -> None:
    assert {str(state) for state in State} == set(STATES) == set(EXPECTED)
    assert {str(event) for event in Event} == set(EVENTS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_state_with_every_event(state: str, event: str) -> None:
    expected = EXPECTED[state].get(event)
    for amounts, by_amount in BY_AMOUNT.items():
        after = step(State(state), Event(event), *amounts)
        assert after == (by_amount if expected == "*" else expected), (state, event, amounts)
    assert (State(state) in befores(Event(event))) == (expected is not None)


def test_what_is_paid_is_what_its_amounts_say() -> None:
    found = {(captured, refunded): str(paid_state(2, captured, refunded))
             for captured in range(3) for refunded in range(3)}
    assert found == {
        (0, 0): "paid", (1, 0): "paid", (2, 0): "captured",
        (0, 1): "partly_refunded", (1, 1): "partly_refunded", (2, 1): "partly_refunded",
        (0, 2): "refunded", (1, 2): "refunded", (2, 2): "refunded"}

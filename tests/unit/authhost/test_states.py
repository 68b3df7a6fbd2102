"""The table of states against the plan: every pair in it, and every pair that is not."""

from datetime import date

import pytest

from authhost.model import Action, Outcome, Request
from authhost.settlement import EVENTS, Take, need, plan
from authhost.standing import Found, Leg, Whose, Windows
from authhost.states import TABLE, Event, Rule, State, step

KINDS = {event: kind for kind, event in EVENTS.items()}
PAIRS = [(state, event) for state in State for event in Event]
LEG = Leg("sale", Whose(7, 70), Windows(1, 1, 1, 1), 1_000, 500, 1, 1_000, 1_000)
RETURN = Leg("return", Whose(7, 70), Windows(1, 1, 1, 1), -400, -200, 0, 400, -400)


def request_for(event, amount=400, **more):
    return Request(key="e", fingerprint=b"", kind=KINDS[event], door="t", terminal_id="T",
                   deadline_us=0, amount_minor=amount, volume_ml=100, currency="EUR", **more)


def found_in(state, **more):
    holds = state in {State.HOLD, State.TAKEN}
    legs = (LEG,) if holds else (RETURN,) if state is State.GIVEN else ()
    return Found(key="o", state=state,
                 remaining=1_000 if holds else 400 if state is State.GIVEN else 0,
                 business_date=date(2026, 7, 23), journal_id=1, legs=legs, **more)


def takes_for(request, found):
    wanted = need(request, found)
    return (Take(Whose(7, 70), outcome(wanted.money, wanted.volume, wanted.count)),) \
        if wanted else ()


def outcome(money, volume, count):
    return Outcome("approved", "approved", money, volume, count, 0, 1, 1, 2, 2, 2)


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_has_a_plan_that_follows_the_table(state, event):
    request, found = request_for(event), found_in(state)
    after, rule = step(state, event)
    made = plan(request, found, takes_for(request, found))
    assert made is not None
    assert made.effects, "each message has its row"
    taken = sum(effect.money for effect in made.effects)
    posted = sum(effect.posted_minor for effect in made.effects)
    if event is Event.COMPLETION:
        assert (made.action, made.amount_minor, made.state) == (Action.APPROVED, 400, after)
        assert (taken, posted) == ((-600, 400) if state is State.HOLD else
                                   (-600, -600) if state is State.TAKEN else (400, 400))
    elif rule is Rule.GIVE_BACK:
        assert taken == -made.amount_minor
        assert made.state == (after if made.remaining == 0 else state)
        assert posted == (-made.amount_minor if state is State.TAKEN else 0)
    elif rule is Rule.TAKE_AGAIN:
        assert (taken, posted, made.state) == (400, 400, State.REVERSED)
    else:
        own = State.DECLINED if event is Event.RETURN else State.NOTED
        assert (taken, posted, made.own_state) == (0, 0, own)
        assert made.state == after


@pytest.mark.parametrize(("state", "event"), [
    pair for pair in PAIRS if pair[1] is not Event.COMPLETION
    and step(*pair)[1] is not Rule.TAKE_AGAIN])
def test_what_was_reserved_for_nothing_is_written_by_nobody(state, event):
    takes = (Take(Whose(7, 70), outcome(400, 0, 1)),)
    assert plan(request_for(event), found_in(state), takes) is None


@pytest.mark.parametrize(("state", "event"), [pair for pair in PAIRS if pair not in TABLE])
def test_what_the_table_does_not_name_moves_nothing(state, event):
    assert step(state, event) == (state, Rule.NOTHING)
    if event is not Event.COMPLETION:  # it has happened: posted all the same
        request, found = request_for(event), found_in(state)
        made = plan(request, found, takes_for(request, found))
        assert made.state == state
        assert made.action != Action.APPROVED
        assert made.remaining == found_in(state).remaining


def test_no_end_state_is_ever_left_for_one_in_which_money_stands():
    ends = {State.REVERSED, State.TOMBSTONE, State.DECLINED, State.LATE}
    assert all(after in ends for (state, _), (after, _) in TABLE.items() if state in ends)


@pytest.mark.parametrize("state", [State.HOLD, State.EXPIRED, State.DECLINED, State.TAKEN])
def test_a_zero_completion_takes_nothing_not_even_a_count(state):
    request = request_for(Event.COMPLETION, 0)
    assert not need(request, found_in(state))
    made = plan(request, found_in(state), ())
    assert sum(effect.count for effect in made.effects) == (-1 if found_in(state).legs else 0)
    assert sum(effect.posted_minor for effect in made.effects) == (
        -1_000 if state is State.TAKEN else 0)


def test_what_was_reserved_for_another_state_makes_no_plan():
    request = request_for(Event.COMPLETION, 1_500)
    assert plan(request, found_in(State.HOLD), ()) is None
    forced = takes_for(request, found_in(State.EXPIRED))
    assert plan(request, found_in(State.HOLD), forced) is None


def test_a_tombstone_that_this_message_put_there_says_so():
    made = plan(request_for(Event.REVERSAL), found_in(State.TOMBSTONE, fresh=True), ())
    assert (made.action, made.reason) == (Action.REVERSED, "reversed_before_it_came")

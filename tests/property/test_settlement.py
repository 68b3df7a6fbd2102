"""Any sequence of reversals, completions and expiries: never more back than was taken.

The journal of this test is a list of effects; what the counters hold is their sum, and so is what
hydration would find.
"""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authhost.model import Kind, Outcome, Part, Request
from authhost.settlement import Plan, Take, need, plan
from authhost.standing import Found, Leg, Whose, Windows
from authhost.states import State

WHOSE = Whose(7, 70)
money = st.integers(0, 9_000)
volume = st.integers(0, 9_000)
KINDS = [Kind.REVERSAL, Kind.REVERSAL, Kind.COMPLETION, Kind.EXPIRY]


class Claim(msgspec.Struct):
    """One message as the journal would keep it."""

    state: State
    remaining: int
    legs: tuple[Leg, ...]
    asked: int


class Book:
    """A claim table and a journal in memory."""

    def __init__(self, amount, litres, state):
        leg = Leg("sale", WHOSE, Windows(1, 1, 1, 1), amount, litres, 1, amount,
                  0 if state is State.HOLD else amount, (Part("*", amount, litres),))
        self.claims = [Claim(state, amount, (leg,), amount)]
        self.rows = [leg]

    def apply(self, at, kind, amount, litres):
        """One event on one claim; the plan that was written."""
        claim = self.claims[at % len(self.claims)]
        found = Found(key="o", state=claim.state, remaining=claim.remaining,
                      business_date=date(2026, 7, 23), journal_id=1, legs=claim.legs)
        request = Request(key="e", fingerprint=b"", kind=kind, door="t", terminal_id="T",
                          deadline_us=0, amount_minor=amount, volume_ml=litres, currency="EUR")
        shares = (Part("019", amount, litres),) if kind is Kind.COMPLETION and amount else ()
        wanted = need(request, found, shares)
        takes = ()
        if wanted:
            outcome = Outcome("approved", "approved", wanted.money, wanted.volume, wanted.count,
                              0, 1, 1, 2, 2, 2)
            takes = (Take(WHOSE, outcome, wanted.shares),)
        made = plan(request, found, takes, shares)
        assert made is not None
        claim.state, claim.remaining = made.state, made.remaining
        legs = tuple(Leg(one.kind, one.whose, one.windows, one.money, one.volume, one.count,
                         made.amount_minor, one.posted_minor, one.shares) for one in made.effects)
        self.rows += legs
        if made.own_state is State.TAKEN:
            self.claims.append(Claim(State.TAKEN, made.own_remaining, legs, amount))
        return made

    def total(self, name):
        """What the rows sum to."""
        return sum(getattr(row, name) for row in self.rows)

    def shares(self, column):
        """What the rows' shares sum to: a group that any product is in counts them all."""
        return sum(getattr(share, column) for row in self.rows for share in row.shares)

    def standing(self):
        """What all claims together can still give back, and the most that was ever asked."""
        return sum(claim.remaining for claim in self.claims
                   if claim.state in {State.TAKEN, State.HOLD})


events = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(KINDS), money, volume), max_size=8)


@pytest.mark.invariant(7)
@settings(max_examples=400, deadline=None)
@given(st.integers(0, 9_000), volume, st.sampled_from([State.HOLD, State.TAKEN]), events)
def test_what_remains_is_what_the_effects_sum_to(amount, litres, state, sequence):
    book = Book(amount, litres, state)
    for at, kind, some, fuel in sequence:
        made = book.apply(at, kind, some, fuel)
        assert isinstance(made, Plan)
        assert book.total("money") == book.standing()
        assert book.total("volume") >= 0
        assert book.shares("money") == book.total("money")
        assert book.shares("volume") == book.total("volume")
        assert book.total("count") >= 0
        assert all(claim.remaining >= 0 for claim in book.claims)
        holds = sum(claim.remaining for claim in book.claims if claim.state is State.HOLD)
        assert book.total("posted_minor") == book.standing() - holds


@pytest.mark.invariant(7)
@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9_000), volume, st.sampled_from([State.HOLD, State.TAKEN]), events)
def test_everything_reversed_leaves_nothing(amount, litres, state, sequence):
    book = Book(amount, litres, state)
    for at, kind, some, fuel in sequence:
        book.apply(at, kind, some, fuel)
    for at in range(len(book.claims)):
        book.apply(at, Kind.REVERSAL, 0, 0)
    assert [book.total(name) for name in ("money", "volume", "count", "posted_minor")] == [0] * 4


@pytest.mark.invariant(7)
@settings(max_examples=200, deadline=None)
@given(st.integers(1, 9_000), volume, st.lists(money, max_size=6))
def test_partial_reversals_give_back_in_all_what_one_would(amount, litres, amounts):
    book = Book(amount, litres, State.TAKEN)
    given_back = [book.apply(0, Kind.REVERSAL, one, 0).amount_minor for one in amounts if one]
    assert sum(given_back) <= amount
    last = book.apply(0, Kind.REVERSAL, 0, 0)
    assert sum(given_back) + last.amount_minor in {amount, sum(given_back)}
    assert book.total("money") == book.total("volume") == book.total("count") == 0

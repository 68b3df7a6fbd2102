"""Random programs of a fleet against the real host and the model: they agree to the cent.

Sales, holds, increments, completions, reversals, returns and uploads, while limits change, cards
are blocked, time turns every window there is, and the state is wiped.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.property.fleet_model import Part
from tests.property.fleet_rig import Fleet, fleet_sql
from tests.property.fleet_windows import Limit, instant
from tests.support.leaping import LeapingClock
from tests.support.rig import running

MINUTE_MS = 60_000
STARTS = [("Europe/Vienna", "2026-10-24T20:10:00"),  # the night of 25 hours, a Saturday
          ("Europe/Vienna", "2027-03-27T22:50:00"),  # the night of 23
          ("Europe/Vienna", "2026-12-31T21:30:00"),  # day, month, quarter and year end
          ("America/New_York", "2026-10-31T22:40:00"),
          ("America/New_York", "2027-03-13T21:00:00"),
          ("America/New_York", "2027-09-30T23:15:00")]
LEAPS = [1, 7, 31, 59, 61, 180, 12 * 60, 24 * 60, 25 * 60, 3 * 24 * 60, 8 * 24 * 60, 32 * 24 * 60]
PRODUCTS = ("001", "012", "100", "400")
at = st.integers(0, 2)
site = st.sampled_from(["S1", "S2"])
which = st.integers(0, 30)
scope = st.sampled_from(["account", "subaccount", "site", "card", "vehicle", "driver"])
group = st.sampled_from(["", "", "fuel", "shop", "road"])
maximum = st.integers(0, 400)


@st.composite
def limits(draw):
    """One of any kind: counts are small numbers."""
    window = draw(st.sampled_from(["transaction", "day", "week", "month", "quarter", "year",
                                   "total", "rolling", "rolling", "gap"]))
    if window == "gap":
        return Limit("gap", "count", 1, minutes=draw(st.sampled_from([1, 10, 30, 60, 1440])),
                     group=draw(group))
    measure = draw(st.sampled_from(["money", "volume", "count"]))
    hours = draw(st.sampled_from([1, 5, 24, 25, 100, 744])) if window == "rolling" else 0
    most = draw(st.integers(0, 3)) if measure == "count" else draw(maximum)
    return Limit(window, measure, most, hours=hours, group=draw(group),
                 watch=draw(st.sampled_from([False, False, False, True])))


def _once_each(sets):
    names = {(limit.window, limit.measure, limit.hours, limit.group) for limit in sets}
    return len(names) == len(sets)


def some_limits(most=4):
    return st.lists(limits(), max_size=most).filter(_once_each)


@st.composite
def baskets(draw):
    """One to three products, fuel with its litres."""
    names = draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3, unique=True))
    return tuple(Part(name, draw(st.integers(1, 150)),
                      draw(st.integers(1, 150)) if name in {"001", "012"} else 0)
                 for name in names)


class Program(RuleBasedStateMachine):
    """What may happen to a fleet, in any order."""

    rig = None
    clock = None

    def __init__(self):
        super().__init__()
        self.fleet = None

    @initialize(start=st.sampled_from(STARTS), tank=st.sampled_from([None, 120]),
                everywhere=st.tuples(*[some_limits(3)] * 3), of=st.tuples(scope, scope, scope))
    def opened(self, start, tank, everywhere, of):
        zone, local = start
        self.fleet = Fleet(self.rig, self.clock, zone, instant(zone, local), tank_ml=tank)
        for holder, chosen in zip(of, everywhere, strict=True):
            self.fleet.set_limits(holder, 0, chosen)

    @rule(at=at, site=site, basket=baskets(), partial=st.booleans(),
          odometer=st.none() | st.integers(1, 40))
    def buy(self, at, site, basket, partial, odometer):
        self._drive(odometer)
        self.fleet.buy(at, site, basket, partial=partial, odometer=odometer)

    @rule(at=at, site=site, basket=baskets(), odometer=st.none() | st.integers(1, 40))
    def upload(self, at, site, basket, odometer):
        self._drive(odometer)
        self.fleet.buy(at, site, basket, odometer=odometer, force=True)

    @rule(at=at, site=site, money=st.sampled_from([0, 50, 300]),
          fuel=st.sampled_from([((), 0), (("012",), 0), (("001", "012"), 0), (("012",), 90),
                                (("012", "400"), 0)]), partial=st.booleans(),
          odometer=st.none() | st.integers(1, 40))
    def hold(self, at, site, money, fuel, partial, odometer):
        products, volume = fuel
        volume = volume if money else 0
        self._drive(odometer)
        self.fleet.hold(at, site, money, volume=volume, products=products, partial=partial,
                        odometer=odometer)

    @precondition(lambda self: self._keys("hold"))
    @rule(which=which, money=st.integers(1, 80))
    def increment(self, which, money):
        key, at, site = self._pick(which, "hold", "completed")
        self.fleet.increment(key, at, site, money)

    @precondition(lambda self: self._keys("hold"))
    @rule(which=which, share=st.sampled_from(["zero", "equal", "any", "any"]), basket=baskets(),
          named_by=st.sampled_from(["key", "key", "code", "nothing"]),
          odometer=st.none() | st.integers(1, 40))
    def complete(self, which, share, basket, named_by, odometer):
        key, at, site = self._pick(which, "hold", "expired", "completed", "reversed")
        if share == "zero":
            basket, named_by = (), "key" if named_by == "nothing" else named_by
        elif share == "equal":
            held = self.fleet.model.claims[key].slots
            basket = (Part("012", sum(slot.money for slot in held) or 1,
                           sum(slot.volume for slot in held)),)
        self._drive(odometer)
        self.fleet.complete(key, at, site, basket, odometer=odometer, named_by=named_by)

    @precondition(lambda self: self._keys())
    @rule(which=which, money=st.sampled_from([0, 0, 1, 33, 200]))
    def reverse(self, which, money):
        key, at, site = self._pick(which)
        self.fleet.reverse(key, at, site, money)

    @precondition(lambda self: self._keys("taken"))
    @rule(which=which, money=st.sampled_from([1, 20, 100, 500]))
    def bring_back(self, which, money):
        key, at, site = self._pick(which, "taken", "reversed")
        self.fleet.bring_back(key, at, site, money)

    @precondition(lambda self: self._keys("taken"))
    @rule(which=which, parts=st.sampled_from([1, 2]), basket=st.none() | baskets(),
          more=st.sampled_from([0, 0, 7]))
    def bring_goods_back(self, which, parts, basket, more):
        """One of the products that were bought, all of it or half; or any basket."""
        key, at, site = self._pick(which, "taken")
        bought = [(name, *amounts) for slot in self.fleet.model.claims[key].slots
                  for name, amounts in slot.parts.items() if amounts[0] >= parts]
        if bought and basket is None:
            name, money, volume = bought[which % len(bought)]
            basket = (Part(name, money // parts, volume // parts),)
        if basket:
            self.fleet.bring_back(key, at, site, sum(part.money for part in basket) + more, basket)

    @rule(at=at, site=site, basket=baskets())
    def reverse_first(self, at, site, basket):
        self.fleet.reverse_first(at, site, basket)

    @precondition(lambda self: self._keys("hold"))
    @rule(which=which)
    def expire(self, which):
        key, *_ = self._pick(which, "hold")
        self.fleet.expire(key)

    @rule(scope=scope, at=at, chosen=some_limits())
    def set_limits(self, scope, at, chosen):
        self.fleet.set_limits(scope, at, chosen)

    @rule(scope=st.sampled_from(["account", "subaccount", "card", "vehicle", "driver"]), at=at,
          status=st.sampled_from(["active", "active", "blocked"]))
    def set_status(self, scope, at, status):
        self.fleet.set_status(scope, at, status)

    @rule(steps=st.none() | st.just((1, 10)))
    def set_steps(self, steps):
        self.fleet.set_steps(steps)

    @rule(credit=st.none() | st.integers(0, 1_500))
    def set_credit(self, credit):
        self.fleet.set_credit(credit)

    @rule(at=at, products=st.none() | st.sets(st.sampled_from(PRODUCTS), min_size=1).map(sorted))
    def set_products(self, at, products):
        self.fleet.set_products(at, products)

    @rule(minutes=st.sampled_from(LEAPS), told=st.booleans())
    def later(self, minutes, told):
        self.fleet.later(minutes * MINUTE_MS, told=told)

    @rule(what=st.sampled_from(["all", "account", "meta"]))
    def lose(self, what):
        self.fleet.lose(what)

    @rule()
    def roll_up(self):
        self.fleet.roll_up()

    @precondition(lambda self: self.fleet and self.fleet.sent)
    @rule(which=which)
    def repeat(self, which):
        self.fleet.repeat(which % len(self.fleet.sent))

    @invariant()
    def agrees(self):
        if self.fleet is not None:
            self.fleet.agrees()

    def _drive(self, odometer):
        """Between two readings a minute has gone: of two in one the host keeps the larger."""
        if odometer is not None:
            self.fleet.later(MINUTE_MS)

    def _keys(self, *states):
        claims = self.fleet.model.claims if self.fleet is not None else {}
        return [key for key, claim in claims.items()
                if claim.message.count and (not states or claim.state in states)]

    def _pick(self, which, *states):
        """A claim in the first state where there is one, else in any of them; with its card."""
        keys = self._keys(*states)
        key = keys[which % len(keys)]
        spot = self.fleet.model.claims[key].message.spot
        cards = [one["card"] for one in self.fleet.spots]
        return key, cards.index(spot["card"]), spot["site"]


@pytest.fixture(scope="module")
def clock():
    return LeapingClock()


@pytest.fixture(scope="module")
def rig(servers, clock):
    with running(servers, clock=clock) as made:
        made.sql(fleet_sql("fleet_products"))
        yield made


@pytest.mark.invariant(1)
@pytest.mark.invariant(7)
@pytest.mark.invariant(12)
def test_random_programs_of_a_fleet_come_to_what_the_model_says(rig, clock):
    class Bound(Program):
        pass

    Bound.rig, Bound.clock = rig, clock
    run_state_machine_as_test(Bound, settings=settings(
        max_examples=60, stateful_step_count=30, deadline=None, derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck)))

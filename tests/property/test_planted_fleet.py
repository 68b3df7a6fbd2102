"""Bugs planted against a fleet: a short program agrees with the model, and then does not."""

import importlib

import pytest

from tests.planted import FLEETS
from tests.property.fleet_model import Part
from tests.property.fleet_rig import Fleet, fleet_sql
from tests.property.fleet_windows import Limit, instant
from tests.support.leaping import LeapingClock
from tests.support.rig import running

ZONE = "Europe/Vienna"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def diesel(money):
    return (Part("012", money, money),)


def key(fleet):
    """Of the last message."""
    return fleet.sent[-1][0].key


def a_group_is_spent(fleet):
    fleet.set_limits("card", 0, [Limit("day", "money", 100, group="fuel")])
    for _ in range(2):
        fleet.buy(0, "S1", diesel(60))


def the_oldest_bucket_is_in_force_still(fleet):
    fleet.set_limits("card", 0, [Limit("rolling", "money", 100, hours=24)])
    fleet.buy(0, "S1", diesel(60))
    fleet.later(24 * HOUR_MS + 30 * MINUTE_MS)
    fleet.buy(0, "S1", diesel(60))


def yesterday_is_reversed(fleet):
    fleet.set_limits("card", 0, [Limit("day", "money", 100)])
    fleet.buy(0, "S1", diesel(60))
    bought = key(fleet)
    fleet.later(24 * HOUR_MS)
    fleet.buy(0, "S1", diesel(10))
    fleet.reverse(bought, 0, "S1")
    fleet.buy(0, "S1", diesel(95))


def rolled_up_again_and_again(fleet):
    fleet.set_limits("account", 0, [Limit("month", "money", 100)])
    fleet.buy(0, "S1", diesel(40))
    for _ in range(2):
        fleet.lose("account")
        fleet.buy(0, "S1", diesel(1))
        fleet.roll_up()
    fleet.lose("account")
    fleet.buy(0, "S1", diesel(50))


def lost_in_december(fleet):
    fleet.later(5 * 31 * 24 * HOUR_MS)
    fleet.set_limits("card", 0, [Limit("quarter", "money", 100)])
    fleet.buy(0, "S1", diesel(60))
    fleet.lose("account")
    fleet.buy(0, "S1", diesel(60))


def a_group_is_spent_and_lost(fleet):
    fleet.set_limits("card", 0, [Limit("month", "volume", 100, group="fuel")])
    fleet.buy(0, "S1", diesel(60))
    fleet.lose("account")
    fleet.buy(0, "S1", diesel(60))


def a_reading_is_reversed_and_lost(fleet):
    fleet.set_steps((1, 10))
    fleet.buy(0, "S1", diesel(1), odometer=10)
    fleet.later(MINUTE_MS)
    fleet.buy(0, "S1", diesel(1), odometer=20)
    fleet.reverse(key(fleet), 0, "S1")
    fleet.lose("account")
    fleet.later(MINUTE_MS)
    fleet.buy(0, "S1", diesel(1), odometer=12)


def a_raised_hold_is_completed(fleet):
    fleet.hold(0, "S1", 50)
    held = key(fleet)
    fleet.increment(held, 0, "S1", 30)
    fleet.complete(held, 0, "S1", diesel(40))
    fleet.agrees()


SEEN_BY = {
    "group_limit_ignored": a_group_is_spent,
    "rolling_forgets_a_bucket": the_oldest_bucket_is_in_force_still,
    "gives_back_today": yesterday_is_reversed,
    "roll_up_counts_twice": rolled_up_again_and_again,
    "quarter_from_wrong_month": lost_in_december,
    "hydration_forgets_products": a_group_is_spent_and_lost,
    "reversed_reading_stays": a_reading_is_reversed_and_lost,
    "increment_outlives_its_hold": a_raised_hold_is_completed,
}


@pytest.fixture(scope="module")
def clock():
    return LeapingClock()


@pytest.fixture(scope="module")
def rig(servers, clock):
    with running(servers, clock=clock) as made:
        made.sql(fleet_sql("fleet_products"))
        yield made


@pytest.fixture
def fleet(rig, clock):
    return Fleet(rig, clock, ZONE, instant(ZONE, "2026-07-22T12:00:00"))


@pytest.mark.parametrize("program", SEEN_BY.values())
def test_agrees(fleet, program):
    program(fleet)
    fleet.agrees()


@pytest.mark.parametrize("bug", FLEETS)
def test_is_seen_to_fail(fleet, bug, monkeypatch):
    importlib.import_module(f"tests.planted.{bug}").plant(monkeypatch.setattr)
    with pytest.raises(AssertionError):
        SEEN_BY[bug](fleet)

"""Whether somebody has to come: the threshold, the forecast, and a courier's hours."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from authhost.forecast.courier_time import arrival, last_chance
from authhost.forecast.status import Filling, forecast, patterns

ZONE = ZoneInfo("Europe/Vienna")
THURSDAY = datetime(2026, 7, 23, 12, tzinfo=ZONE)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(("asked", "hours", "there"), [
    ("2026-07-23T12:00", 0, "2026-07-23T12:00"), ("2026-07-23T12:00", 24, "2026-07-24T12:00"),
    ("2026-07-24T12:00", 24, "2026-07-27T12:00"),  # over a weekend
    ("2026-07-25T15:00", 24, "2026-07-28T00:00"),  # asked on a Saturday: Monday counts
    ("2026-07-23T12:00", 48, "2026-07-27T12:00"), ("2026-04-30T12:00", 24, "2026-05-04T12:00"),
    ("2026-12-24T06:00", 36, "2026-12-28T18:00"), ("2026-07-23T12:00", 720, "2026-09-03T12:00")])
def test_when_a_courier_is_there(asked, hours, there):
    assert arrival(at(asked), hours) == at(there)


def test_who_is_asked_on_the_next_working_day_comes_later():
    assert last_chance(at("2026-07-23T12:00"), 24) == date(2026, 7, 27)
    assert last_chance(at("2026-07-24T12:00"), 24) == date(2026, 7, 28)
    assert last_chance(at("2026-07-25T12:00"), 0) == date(2026, 7, 27)


def filling(**more):
    known = {"terminal_id": "S", "cassette_id": "c",
             "capacity": {"notes": 1_000, "coins": 0}, "counted": {"notes": 100, "coins": 0},
             "told": {"notes": 0, "coins": 0}, "fill_percent": 80, "lead_h": 24,
             "asked": False, "quiet": False}
    return Filling(**{**known, **more})


def history(each, days=84, coins=0):
    return patterns({date(2026, 7, 22) - timedelta(days=age): {"notes": each, "coins": coins}
                     for age in range(days)}, date(2026, 7, 22))


def look(each=100, days=84, today=0, **more):
    return forecast(filling(**more), history(each, days), {"notes": today}, THURSDAY)


def test_nothing_is_wanted_while_there_is_time():
    found = look(counted={"notes": 150, "coins": 0})
    assert (found.percent, found.wanted, found.needed_by) == (15, None, None)
    # 850 pieces at a hundred a day, today among them: the ninth day.
    assert found.full.expected == date(2026, 7, 31)
    assert found.full.earliest < found.full.expected < found.full.latest
    assert found.compartments[0].basis == "weekday_average"
    assert found.compartments[0].weekdays == (100,) * 7


@pytest.mark.parametrize("inside", [
    {"counted": {"notes": 800, "coins": 0}}, {"told": {"notes": 800, "coins": 0}}])
def test_the_threshold_counts_by_our_own_word_or_the_safe_s(inside):
    found = look(each=1, **inside)
    assert (found.percent, found.wanted) == (80, "threshold")
    assert found.needed_by == THURSDAY + timedelta(days=1)
    assert look(each=1, told={"notes": 799, "coins": 0}).wanted is None


def test_a_safe_that_would_be_full_before_the_courier_is_asked_for_now():
    # Room for 450: full on Monday, when somebody comes who is asked tomorrow.
    found = look(counted={"notes": 550, "coins": 0})
    assert (found.percent, found.wanted) == (55, "forecast")
    assert found.full.earliest <= date(2026, 7, 27)
    assert found.needed_by.date() == found.full.earliest
    assert look(counted={"notes": 350, "coins": 0}).wanted is None
    assert look(counted={"notes": 350, "coins": 0}, lead_h=72).wanted == "forecast"


def test_the_compartment_that_is_full_first_counts():
    found = forecast(filling(capacity={"notes": 1_000, "coins": 500},
                             counted={"notes": 0, "coins": 399}),
                     history(10, coins=10), {}, THURSDAY)
    assert [part.kind for part in found.compartments] == ["notes", "coins"]
    assert found.percent == 79
    assert found.full == found.compartments[1].full


def test_without_history_or_capacity_nothing_is_forecast():
    found = look(days=0)
    assert (found.full, found.compartments[0].basis) == (None, "no_history")
    found = look(capacity={"notes": 0, "coins": 0})
    assert (found.percent, found.full, found.wanted) == (None, None, None)
    assert found.compartments[0].inside == 100
    full = look(days=0, counted={"notes": 1_000, "coins": 0})
    assert (full.wanted, full.full.expected) == ("threshold", date(2026, 7, 22))


def test_little_history_does_not_send_a_courier_on_a_guess():
    found = look(days=5, counted={"notes": 550, "coins": 0}, each=60)
    assert found.compartments[0].basis == "little_history"
    assert found.full.earliest <= date(2026, 7, 27) < found.full.expected
    assert found.wanted is None
    assert look(days=5, counted={"notes": 600, "coins": 0}, each=200).wanted == "forecast"


def test_days_without_a_deposit_are_days():
    days = {date(2026, 7, 1): {"notes": 90, "coins": 0}, date(2026, 7, 22): {"notes": 90,
                                                                            "coins": 0},
            date(2026, 7, 23): {"notes": 500, "coins": 0}}
    found = patterns(days, date(2026, 7, 22))["notes"]
    assert found.days == 22

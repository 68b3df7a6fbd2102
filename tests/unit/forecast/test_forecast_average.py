"""The weekday average: exact where nothing varies, honest where it does, silent about nothing."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.forecast.average import MEASURED, WEEK, coming, pattern
from authhost.forecast.filling import Full, when_full

SUNDAY = date(2026, 7, 19)
MONDAY = date(2026, 7, 20)
STEADY = [90, 80, 90, 100, 130, 150, 0]  # Monday first


def test_a_steady_week_is_repeated_exactly():
    found = pattern(STEADY * 12, SUNDAY)
    assert found.measured
    assert [round(mean, 6) for mean in found.means] == STEADY
    assert max(found.variances) < 1e-6
    sums = coming(found, MONDAY, 21)
    assert [round(mean) for mean in sums.means[:7]] == [90, 170, 260, 360, 490, 640, 640]
    assert when_full(sums, MONDAY, 560) == Full(
        date(2026, 7, 25), date(2026, 7, 25), date(2026, 7, 25))


def test_the_history_may_end_on_any_day():
    for cut in range(WEEK):
        pieces = (STEADY * 12)[:84 - cut]
        found = pattern(pieces, SUNDAY - timedelta(days=cut))
        assert [round(mean, 6) for mean in found.means] == STEADY


def test_another_level_is_followed():
    found = pattern(STEADY * 20 + [2 * count for count in STEADY] * 5, SUNDAY)
    assert sum(found.means) == pytest.approx(2 * sum(STEADY), rel=0.1)


def test_nothing_comes_where_nothing_came():
    for pieces in ([], [0] * 10, [0] * 100):
        sums = coming(pattern(pieces, SUNDAY), MONDAY, 30)
        assert sums.chance(30, 1) == 0
        assert when_full(sums, MONDAY, 1, 30) == Full(None, None, None)
        assert sums.between(7, 0.1, 0.9) == (0, 0)


def test_little_history_is_a_plain_mean_with_a_wide_range():
    little = pattern([100, 0, 200, 100, 100], SUNDAY)
    assert not little.measured
    assert little.means == (100,) * WEEK
    wide = when_full(coming(little, MONDAY, 120), MONDAY, 1_000)
    steady = when_full(coming(pattern([100] * 84, SUNDAY), MONDAY, 120), MONDAY, 1_000)
    assert (wide.latest - wide.earliest).days > 3 * (steady.latest - steady.earliest).days + 7
    assert not pattern([5] * (MEASURED - 1), SUNDAY).measured
    assert pattern([5] * MEASURED, SUNDAY).measured


def test_what_came_today_does_not_come_again():
    found = pattern(STEADY * 12, SUNDAY)
    assert round(coming(found, MONDAY, 2, 60).means[0]) == 30
    assert round(coming(found, MONDAY, 2, 500).means[0]) == 0
    assert round(coming(found, SUNDAY, 1, 500).means[0]) == 0


def test_a_safe_that_is_full_was_full_yesterday():
    day = MONDAY - timedelta(days=1)
    assert when_full(coming(pattern([], SUNDAY), MONDAY, 9), MONDAY, 0) == Full(day, day, day)


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=250), st.integers(1, 50_000),
       st.integers(0, 3_000))
def test_chances_grow_with_the_days_and_the_range_is_in_order(pieces, room, already):
    sums = coming(pattern(pieces, SUNDAY), MONDAY, 60, already)
    chances = [sums.chance(days, room) for days in range(1, 61)]
    assert all(0 <= chance <= 1 for chance in chances)
    full = when_full(sums, MONDAY, room, 60)
    told = [day or date.max for day in (full.earliest, full.expected, full.latest)]
    assert told == sorted(told)
    low, high = sums.between(7, 0.1, 0.9)
    assert 0 <= low <= high


def test_four_of_five_lie_in_the_range():
    """Days with a spread of a quarter: whole days make it a little more than four of five."""
    random = Random(5)
    inside = 0
    for _ in range(200):
        days = [round(random.gammavariate(16, count / 16)) if count else 0
                for count in STEADY * 16]
        full = when_full(coming(pattern(days[:84], SUNDAY), MONDAY, 28), MONDAY, 1_400)
        total, filled = 0, MONDAY - timedelta(days=1)
        for count in days[84:]:
            total += count
            filled += timedelta(days=1)
            if total >= 1_400:
                break
        inside += full.earliest <= filled <= full.latest
    assert 160 <= inside <= 198

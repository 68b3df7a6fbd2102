"""Litres over 100 km from odometers: gaps, typing errors, other meters, unusual figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from authhost.admin.consumption import Fill, consumption

START = datetime(2026, 7, 1, tzinfo=UTC)


def figures(*fills, reset=()):
    made = [Fill(key=f"k{number}", decided_at=START + timedelta(days=number), site_id="S1",
                 amount_minor=1, currency="EUR", volume_ml=volume, odometer=odometer,
                 reset=number in reset) for number, (volume, odometer) in enumerate(fills)]
    found = consumption(made)
    return found, [(one.litres_per_100km and str(one.litres_per_100km), one.mark)
                   for one in found.figures]


def test_each_fill_was_burnt_since_the_one_before():
    found, shown = figures((50_000, 1_000), (40_000, 1_500), (45_000, 2_100))
    assert shown == [(None, "first"), ("8.00", ""), ("7.50", "")]
    assert (found.distance_km, found.volume_ml) == (1_100, 85_000)
    assert found.litres_per_100km == Decimal("7.73")


def test_a_reading_that_goes_back_is_marked_and_its_fuel_is_not_lost():
    found, shown = figures((50_000, 1_000), (20_000, 900), (20_000, 1_500))
    assert shown == [(None, "first"), (None, "odometer_back"), ("8.00", "")]
    assert found.litres_per_100km == Decimal("8.00")


def test_what_cannot_be_is_in_no_mean():
    found, shown = figures((50_000, 1_000), (40_000, 1_001), (40_000, 1_501))
    assert shown == [(None, "first"), ("4000.00", "implausible"), ("8.00", "")]
    assert found.litres_per_100km == Decimal("8.00")


def test_a_figure_far_from_the_usual_one_is_marked():
    _, shown = figures((9_000, 0), (40_000, 500), (40_000, 1_000), (40_000, 1_500),
                       (40_000, 4_000))
    assert [mark for _, mark in shown] == ["first", "", "", "", "unusual"]


def test_another_meter_begins_anew():
    _, shown = figures((40_000, 90_000), (40_000, 90_500), (40_000, 10), (40_000, 510),
                       reset={0, 1})
    assert shown == [(None, "first"), ("8.00", ""), (None, "first"), ("8.00", "")]


def test_nothing_comes_of_nothing():
    found, shown = figures((0, 100), (-5, 200))
    assert (shown, found.litres_per_100km) == ([], None)

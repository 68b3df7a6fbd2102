"""How fast the demo's day goes."""

from demo.day import RATE, rate_of


def test_a_slow_machine_plays_a_longer_day():
    assert rate_of(5.0) == RATE
    assert rate_of(24.0) == RATE // 4
    assert rate_of(10_000.0) == 400

"""The model of a fleet host against sums done by hand: who judges must be judged first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.fleet_model import ANY, Holder, Message, Model, Part
from tests.property.fleet_windows import Limit, in_force, instant, span_minutes

VIENNA, NEW_YORK = "Europe/Vienna", "America/New_York"
HOUR_MS = 3_600_000
NOON = instant(VIENNA, "2026-07-23T12:00:00")
SPOT = {"account": "a", "card": "1", "vehicle": "9", "site": "S1"}


def model(**limits):
    made = Model(VIENNA, {"fuel": frozenset({"001", "012"}), "shop": frozenset({"400"})},
                 frozenset({"001", "012"}), hold_minor=15_000, hold_ml=150_000)
    for scope, who in SPOT.items():
        made.holders[scope, who] = Holder(tuple(limits.get(scope, ())))
    return made


def sale(money, volume=0, product="012", **more):
    parts = more.pop("parts", (Part(product, money, volume),))
    return Message(spot=SPOT, money=money, volume=volume, parts=parts, **more)


def hold(money, **more):
    return sale(money, product=more.pop("product", ANY), hold=True, **more)


@pytest.mark.parametrize(("window", "then", "now", "counts"), [
    ("day", "2026-10-25T00:00:00", "2026-10-25T23:59:59", True),  # 25 hours
    ("day", "2026-10-24T23:59:59", "2026-10-25T00:00:00", False),
    ("week", "2026-10-19T00:00:00", "2026-10-25T23:59:59", True),  # Monday to Sunday
    ("week", "2026-10-25T23:59:59", "2026-10-26T00:00:00", False),
    ("week", "2026-12-28T00:00:00", "2027-01-03T23:59:59", True),
    ("month", "2028-02-29T23:59:59", "2028-03-01T00:00:00", False),
    ("quarter", "2026-10-01T00:00:00", "2026-12-31T23:59:59", True),
    ("quarter", "2026-03-31T23:59:59", "2026-04-01T00:00:00", False),
    ("quarter", "2025-11-01T00:00:00", "2026-11-01T00:00:00", False),
    ("year", "2026-12-31T23:59:59", "2027-01-01T00:00:00", False),
    ("total", "2020-01-01T00:00:00", "2027-01-01T00:00:00", True),
])
@pytest.mark.parametrize("zone", [VIENNA, NEW_YORK])
def test_calendar_windows_turn_on_the_fleets_own_clock(window, then, now, counts, zone):
    limit = Limit(window, "money", 1)
    assert in_force(limit, "card", zone, instant(zone, then), instant(zone, now)) is counts


@given(hours=st.integers(1, 744), scope=st.sampled_from(["card", "account"]),
       then=st.integers(0, 4_000_000_000), after=st.integers(0, 3_000_000_000))
def test_a_rolling_window_is_never_too_short_and_one_bucket_longer_at_most(hours, scope, then,
                                                                          after):
    limit = Limit("rolling", "money", 1, hours=hours)
    span_ms = span_minutes(limit, scope) * 60_000
    if after < hours * HOUR_MS:
        assert in_force(limit, scope, "UTC", then, then + after)
    if after >= -(-hours * HOUR_MS // span_ms) * span_ms + span_ms:
        assert not in_force(limit, scope, "UTC", then, then + after)


@pytest.mark.parametrize(("hours", "card", "account"), [(1, 3, 60), (24, 60, 60), (25, 63, 120),
                                                        (744, 1860, 1860)])
def test_buckets_at_wide_scopes_are_whole_hours(hours, card, account):
    limit = Limit("rolling", "money", 1, hours=hours)
    assert (span_minutes(limit, "card"), span_minutes(limit, "site")) == (card, account)


def test_the_strictest_limit_binds_and_a_part_may_be_sold():
    made = model(card=[Limit("day", "money", 5_000)], account=[Limit("day", "money", 3_000)],
                 vehicle=[Limit("day", "volume", 40_000)])
    ruling = made.rule(sale(6_000, 60_000), NOON)
    assert (ruling.approved, ruling.reasons) == (False, {"limit:account:day:money"})
    ruling = made.take("1", sale(6_000, 60_000, partial_ok=True), NOON)
    assert (ruling.money, ruling.volume, ruling.partial) == (3_000, 30_000, True)
    assert made.rule(sale(1, 0, partial_ok=True), NOON).reasons == {"limit:account:day:money"}


def test_a_group_limit_cuts_the_whole_sale_to_what_its_own_part_may_be():
    made = model(card=[Limit("day", "money", 1_000, group="shop")])
    parts = (Part("012", 4_000, 40_000), Part("400", 2_001, 0))
    ruling = made.take("1", sale(6_001, 40_000, parts=parts, partial_ok=True), NOON)
    assert ruling.money == 6_001 * 1_000 // 2_001
    assert [part.money for part in ruling.parts] == [1_999, 999]
    assert made.rule(sale(9_999), NOON).approved


def test_a_sale_of_two_products_of_a_group_is_one_purchase_in_it():
    made = model(card=[Limit("day", "count", 2, group="fuel")])
    both = (Part("001", 10, 1), Part("012", 10, 1))
    assert made.take("1", sale(20, 2, parts=both), NOON).approved
    assert made.take("2", sale(20, 2, parts=both), NOON).approved
    assert made.rule(sale(20, 2, parts=both), NOON).reasons == {"limit:card:day:count:fuel"}


def test_a_completion_counts_where_its_hold_was_and_what_goes_beyond_it_today():
    made = model(card=[Limit("day", "money", 10_000)])
    made.take("1", hold(5_000), NOON)
    later = NOON + 24 * HOUR_MS
    made.complete("2", "1", sale(7_000), later)
    limit = Limit("day", "money", 0)
    assert made.used(limit, "card", "1", NOON) == 5_000
    assert made.used(limit, "card", "1", later) == 2_000
    assert made.give_back("2") == 7_000
    assert made.balance_used() == 0


def test_an_increment_ends_with_its_hold_and_is_filled_after_it():
    made = model(card=[Limit("day", "money", 10_000)])
    made.take("1", hold(3_000), NOON)
    later = NOON + 24 * HOUR_MS
    made.take("2", hold(2_000, count=0), later, extends="1")
    made.complete("3", "1", sale(4_000), later)
    limit = Limit("day", "money", 0)
    assert [made.used(limit, "card", "1", at) for at in (NOON, later)] == [3_000, 1_000]
    assert made.used(Limit("total", "count", 0), "card", "1", later) == 1


def test_a_zero_completion_and_an_expiry_leave_nothing_behind():
    made = model(card=[Limit("gap", "count", 1, minutes=30)])
    made.take("1", hold(3_000), NOON)
    assert made.rule(sale(1), NOON).reasons == {"limit:card:gap:count"}
    made.complete("2", "1", sale(0, parts=()), NOON)
    made.take("3", hold(3_000), NOON)
    made.expire("3")
    assert made.take("4", sale(1), NOON).approved
    assert not made.rule(sale(1), NOON + 29 * 60_000).approved
    assert made.rule(sale(1), NOON + 34 * 60_000).approved


def test_an_open_hold_is_good_for_what_the_strictest_leaves():
    made = model(card=[Limit("day", "money", 9_000), Limit("day", "volume", 50_000, group="fuel")])
    made.holders["vehicle", "9"].tank_ml = 60_000
    ruling = made.take("1", hold(0, money_open=True, volume_open=True), NOON)
    assert (ruling.money, ruling.volume) == (9_000, 50_000)
    ruling = made.rule(hold(0, money_open=True, volume_open=True), NOON)
    assert ruling.reasons == {"limit:card:day:money", "limit:card:day:volume:fuel"}
    made.give_back("1")
    assert "tank" in made.rule(sale(9, 60_001, advice=True), NOON).flags


def test_a_reversal_in_part_gives_the_same_share_of_everything_back():
    made = model()
    made.take("1", sale(1_000, 333), NOON)
    assert made.give_back("1", 500) == 500
    assert made.used(Limit("total", "volume", 0), "card", "1", NOON) == 333 * 500 // 1_000
    assert made.give_back("1", 900) == 500
    assert made.used(Limit("total", "count", 0), "card", "1", NOON) == 0


def test_the_odometer_goes_on_from_the_last_reading_that_stands():
    made = model()
    made.holders["card", "1"].steps = (1, 500)
    made.take("1", sale(1, odometer=1_000), NOON)
    assert made.rule(sale(1, odometer=1_501), NOON).reasons == {"prompt_wrong:odometer"}
    assert made.take("2", sale(1, odometer=1_500), NOON).approved
    made.give_back("2")
    assert made.rule(sale(1, odometer=1_200), NOON).approved
    assert "prompt_wrong:odometer" in made.take("3", sale(1, odometer=5, advice=True), NOON).flags


def test_credit_is_the_line_and_what_was_paid_in():
    made = model()
    made.credit_line = 0
    assert made.rule(sale(1), NOON).reasons == {"limit:account:balance:money"}
    made.paid_in = 700
    assert made.take("1", sale(1_000, partial_ok=True), NOON).money == 700

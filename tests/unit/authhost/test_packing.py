"""Zones for a function without a database of zones, limits, and the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authhost.clock import Clock, as_datetime
from authhost.counters import Limit, decode_limits
from authhost.packing import Holder, View, expiry_month, pack_view, zone_offsets

AROUND = datetime(2026, 7, 23, tzinfo=UTC)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
         "Africa/Casablanca", "America/St_Johns", "Pacific/Apia")
OFFSETS = {zone: zone_offsets(zone, AROUND) for zone in ZONES}


def offset_at(offsets, seconds):
    """As functions.lua reads them."""
    found = 0
    for start, offset in zip(offsets[::2], offsets[1::2], strict=True):
        if start > seconds:
            break
        found = offset
    return found


@given(st.sampled_from(ZONES), st.integers(int(datetime(2025, 1, 2, tzinfo=UTC).timestamp()),
                                           int(datetime(2028, 12, 30, tzinfo=UTC).timestamp())))
def test_an_offset_is_what_the_zone_database_says(zone, seconds):
    instant = datetime.fromtimestamp(seconds, UTC)
    expected = instant.astimezone(ZoneInfo(zone)).utcoffset().total_seconds()
    assert offset_at(OFFSETS[zone], seconds) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_each_change_is_met_to_the_second(zone):
    for change in OFFSETS[zone][2::2]:
        for seconds in (change - 1, change, change + 1):
            instant = datetime.fromtimestamp(seconds, UTC)
            expected = instant.astimezone(ZoneInfo(zone)).utcoffset().total_seconds()
            assert offset_at(OFFSETS[zone], seconds) == expected
    if zone == "Europe/Paris":
        assert int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()) in OFFSETS[zone]


def test_no_such_zone():
    with pytest.raises(ZoneInfoNotFoundError):
        zone_offsets("Mars/Olympus", AROUND)


@pytest.mark.parametrize("text", [
    '[{"window": "day"}]', "{}", '[{"window": "day", "measure": "money", "maximum": "7"}]',
    '[{"window": "day", "measure": "money", "maximum": 1, "more": 1}]'])
def test_limits_of_the_wrong_shape(text):
    with pytest.raises(msgspec.ValidationError):
        decode_limits(text)


@pytest.mark.parametrize(("limit", "why"), [
    ({"window": "hour", "measure": "money", "maximum": 1}, "no such window: hour"),
    ({"window": "balance", "measure": "money", "maximum": 1}, "no such window: balance"),
    ({"window": "day", "measure": "cash", "maximum": 1}, "no such measure: cash"),
    ({"window": "day", "measure": "money", "maximum": -1}, "maximum is not between"),
    ({"window": "rolling", "measure": "money", "maximum": 1}, "hours belong to"),
    ({"window": "rolling", "measure": "money", "maximum": 1, "hours": 745}, "hours belong to"),
    ({"window": "day", "measure": "money", "maximum": 1, "hours": 2}, "hours belong to"),
    ({"window": "gap", "measure": "count", "maximum": 1}, "minutes belong to"),
    ({"window": "gap", "measure": "money", "maximum": 1, "minutes": 5}, "a gap counts purchases"),
])
def test_a_limit_that_nobody_knows(limit, why):
    with pytest.raises(msgspec.ValidationError, match=why):
        decode_limits(msgspec.json.encode([limit]).decode())


def test_holders_that_count_come_before_those_that_do_not():
    packed = pack_view(View(fence=1, account_status="active", holders=(
        Holder("account", "a", (Limit("transaction", "money", 5),)),
        Holder("card", "c1", (Limit("day", "money", 7),)))))
    view = msgspec.msgpack.decode(packed.view)
    assert view[7] == ["c1"]
    assert view[10] == ["limit:card:day:money", "limit:account:transaction:money"]
    assert [limit.name for limit in packed.limits] == view[10]


def test_limits_of_one_window_share_a_counter_and_groups_have_their_own():
    groups = {"fuel": (3, frozenset({"019", "001"})), "shop": (4, frozenset({"421"}))}
    packed = pack_view(View(fence=1, account_status="active", groups=groups, holders=(
        Holder("card", "c1", (
            Limit("day", "money", 7), Limit("day", "money", 5, watch=True),
            Limit("day", "money", 3, group="fuel"), Limit("transaction", "money", 1, group="shop"),
            Limit("day", "money", 3, group="gone"))),)))
    view = msgspec.msgpack.decode(packed.view)
    assert len(view[13]) == 2 * 7
    assert packed.groups == (groups["fuel"][1], groups["shop"][1])
    assert view[14] == ["group_unknown:gone"]


@pytest.mark.parametrize(("yymm", "month"), [("2601", 2026 * 12), ("2612", 2026 * 12 + 11)])
def test_a_card_is_good_to_the_end_of_its_month(yymm, month):
    assert expiry_month(yymm) == month


def test_the_real_clock_is_the_identity_and_a_simulated_one_a_line():
    assert Clock.parse("") == Clock()
    assert Clock().skew_us() == 0
    assert abs(Clock().now_us() - Clock.real_now_us()) < 1_000_000
    now_us = Clock.real_now_us()
    fast = Clock(now_us, 1_000_000_000, 60)
    assert Clock.parse(str(fast)) == fast
    assert fast.now_us() >= 1_000_000_000
    assert abs(fast.skew_us() - (1_000_000_000 - now_us)) < 60_000_000
    shifted = Clock(now_us, now_us + 3_600_000_000, 1)
    assert shifted.skew_us() == 3_600_000_000
    assert as_datetime(1) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["1:2", "a:b:c", "1"])
def test_a_clock_that_cannot_be_read(text):
    with pytest.raises(ValueError, match=r"."):
        Clock.parse(text)

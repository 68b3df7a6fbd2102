"""When a day ends, on clocks that are moved twice a year too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.days.cut_off import Schedule, ends_at

DAY = date(2026, 7, 23)


@pytest.mark.parametrize(("zone", "cut_off", "day", "end"), [
    ("UTC", time(0, 0), DAY, "2026-07-24 00:00"),
    ("UTC", time(22, 0), DAY, "2026-07-23 22:00"),
    ("UTC", time(12, 0), DAY, "2026-07-23 12:00"),
    ("UTC", time(11, 59), DAY, "2026-07-24 11:59"),
    ("Europe/Ljubljana", time(0, 0), DAY, "2026-07-23 22:00"),
    ("Europe/Ljubljana", time(23, 30), DAY, "2026-07-23 21:30"),
    ("Europe/Ljubljana", time(2, 0), date(2026, 12, 30), "2026-12-31 01:00"),
    ("Asia/Kolkata", time(0, 0), DAY, "2026-07-23 18:30"),
    ("America/Los_Angeles", time(18, 0), DAY, "2026-07-24 01:00"),
    # 29 March 2026 has no 02:30, 25 October has it twice.
    ("Europe/Berlin", time(2, 30), date(2026, 3, 28), "2026-03-29 01:30"),
    ("Europe/Berlin", time(2, 30), date(2026, 10, 24), "2026-10-25 00:30"),
])
def test_when_a_day_ends(zone: str, cut_off: time, day: date, end: str) -> None:
    assert ends_at(day, Schedule("fuel", zone, cut_off)).strftime("%Y-%m-%d %H:%M") == end


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.times(),
       st.sampled_from(sorted(available_timezones() & {
           "UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles", "Australia/Lord_Howe",
           "Pacific/Kiritimati", "America/Sao_Paulo"})))
def test_days_follow_each_other_without_a_gap(day: date, cut_off: time, zone: str) -> None:
    schedule = Schedule("cash", zone, cut_off)
    end, following = ends_at(day, schedule), ends_at(day + timedelta(days=1), schedule)
    assert end.tzinfo is UTC
    assert timedelta(hours=22) <= following - end <= timedelta(hours=26)
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    assert timedelta(hours=-2) <= end - noon < timedelta(hours=26)

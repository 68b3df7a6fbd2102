"""Time as a fleet's limits know it: which purchases of the past a limit still counts.

Written from the specification alone, with zoneinfo and whole instants; knows no counter, no bucket
that is stored, nothing of the host. Instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

WIDE = frozenset({"account", "subaccount", "site"})  # their buckets are whole hours
MINUTE_MS = 60_000


class Limit(msgspec.Struct, frozen=True):
    """One limit: a window, a measure, a maximum, and what of a purchase it looks at."""

    window: str
    measure: str
    maximum: int
    hours: int = 0
    minutes: int = 0
    group: str = ""
    watch: bool = False

    def named(self, scope: str) -> str:
        """What a decline or a flag calls it."""
        window = f"rolling{self.hours}h" if self.window == "rolling" else self.window
        return f"limit:{scope}:{window}:{self.measure}" + (f":{self.group}" if self.group else "")

    def row(self) -> dict[str, object]:
        """As a column of limits holds it."""
        return {name: value for name, value in msgspec.structs.asdict(self).items()
                if value or name in {"window", "measure", "maximum"}}


def span_minutes(limit: Limit, scope: str) -> int:
    """How long one bucket of a rolling window or a gap is, in minutes."""
    if scope in WIDE:
        return 60 * max(1, -(-_length_minutes(limit) // (24 * 60)))
    return max(1, -(-_length_minutes(limit) // 24))


def in_force(limit: Limit, scope: str, zone: str, then_ms: int, now_ms: int) -> bool:
    """Whether what was taken `then` still counts `now` against this limit."""
    if limit.window == "transaction":
        return False
    if limit.window == "total":
        return True
    if limit.window in {"rolling", "gap"}:
        span = span_minutes(limit, scope)
        back = -(-_length_minutes(limit) // span)
        bucket_now, bucket_then = (at // MINUTE_MS // span for at in (now_ms, then_ms))
        return bucket_now - back <= bucket_then <= bucket_now
    return _calendar(limit.window, zone, then_ms) == _calendar(limit.window, zone, now_ms)


def local(zone: str, at_ms: int) -> datetime:
    """The instant on the fleet's own clocks."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(zone))


def instant(zone: str, text: str) -> int:
    """Milliseconds of a local time, ISO 8601 without an offset."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def _length_minutes(limit: Limit) -> int:
    return limit.hours * 60 if limit.window == "rolling" else limit.minutes


def _calendar(window: str, zone: str, at_ms: int) -> tuple[int, ...] | date:
    day = local(zone, at_ms).date()
    match window:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.year, day.month
        case "quarter":
            return day.year, (day.month - 1) // 3
        case "year":
            return (day.year,)
    raise AssertionError(window)

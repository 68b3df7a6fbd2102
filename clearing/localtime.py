"""The time that a driver or a shopkeeper had on the wall.

PURE. Knows the IANA time zones; an unknown one counts as UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MINUTE_S: Final = 60


def date_and_time(moment: datetime, time_zone: str) -> tuple[str, str]:
    """`2026-07-23`, `14:05`, in the zone."""
    return of_minute(int(moment.timestamp()) // _MINUTE_S, time_zone)


@lru_cache(maxsize=8_192)  # a day of minutes, in a few zones
def of_minute(number: int, time_zone: str) -> tuple[str, str]:
    """The same of a minute since 1970."""
    local = datetime.fromtimestamp(number * _MINUTE_S, _zone(time_zone)).isoformat()
    return local[:10], local[11:16]


@lru_cache(maxsize=600)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, a path, a folder
        return UTC

"""Dates as a device's own clock says them, against ours. PURE.

Local dates are a day off ours at most; beyond that one is to come, or another month's.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from authhost import limits

_EPOCH: Final = date(1970, 1, 1)
_DAY_US: Final = 86_400_000_000
_AHEAD: Final = timedelta(days=1)
_BEHIND: Final = timedelta(days=limits.MESSAGE_DAYS)


def date_fault(local_date: str, now_us: int) -> str:
    """What is wrong with a date YYYY-MM-DD in microseconds of business time; '' nothing is."""
    current = _EPOCH + timedelta(days=now_us // _DAY_US)
    try:
        day = date.fromisoformat(local_date)
    except ValueError:
        return "is no date"
    if day > current + _AHEAD:
        return "is more than a day ahead"
    if day < current - _BEHIND:
        return f"is more than {limits.MESSAGE_DAYS} days ago"
    return ""

"""Answers that take as long for a number that is nobody's as for one that is somebody's.

Knows a monotonic clock and nothing else. What a database does for the one and not for the other is
a fraction of a millisecond, that hundreds of answers would show.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

EVEN_S: Final = 0.05  # longer than any of them takes


async def even(began: float) -> None:
    """Wait until EVEN_S after an instant of the monotonic clock."""
    await asyncio.sleep(max(EVEN_S - (time.monotonic() - began), 0))

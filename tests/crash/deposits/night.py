"""One night as a process: closes a day, clears it, and brings its files to the bank's folder.

Knows the clearing; started by `killed`, so that it can die where a deposit is booked.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path

from clearing.errors import ClearingError
from clearing.run import Progress, clear


def main(arguments: list[str], progress: Progress) -> int:
    """DATABASE-URL DAY OUT; 0 where the night is done. progress: told of each step."""
    url, day, out = arguments
    try:
        summary = asyncio.run(clear(url, date.fromisoformat(day), Path(out),
                                    progress=lambda told: progress(told.removeprefix("cash ")),
                                    streams=["cash"]))
    except ClearingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if summary.balanced else 1

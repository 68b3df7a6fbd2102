"""The last word is the files': the night's control totals against the client's own record.

Knows the clearing's summary; the files themselves are read back by the clearing's control.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from clearing.errors import ClearingError
from clearing.run import clear

_KIND: Final = "invoice_json"


async def files_minor(database_url: str, day: date, out_dir: Path) -> tuple[int, str]:
    """Close the day, clear it, and add up what the fleets' invoices say: (minor units, '').

    Where the night refuses to release anything: (0, why).
    """
    try:
        summary = await clear(database_url, day, out_dir)
    except ClearingError as error:
        return 0, str(error)
    assert summary.balanced, "debits are not credits"
    return sum(file.sum_minor for file in summary.files if file.kind == _KIND), ""

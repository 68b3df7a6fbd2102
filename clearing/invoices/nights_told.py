"""What earlier nights were told: the settings that their runs have kept.

Knows the table of runs. A rate of VAT is that of the day of the supply (Directive 2006/112/EC,
article 93), so what is invoiced or given back later looks here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from clearing.invoices.statements import statement
from clearing.queries import Connection
from clearing.settings import Settings


async def told_to_runs(connection: Connection, runs: Iterable[str]) -> dict[str, Settings]:
    """By run; no query where none is asked for."""
    wanted = sorted(set(runs))
    found = await connection.fetch(statement("settings"), wanted) if wanted else ()
    return {row["run_id"]: msgspec.json.decode(row["settings"], type=Settings) for row in found}


async def told_on_days(connection: Connection, days: Iterable[date]) -> dict[date, Settings]:
    """By business date of fuel; a day that no night has closed has none."""
    wanted = sorted(set(days))
    found = await connection.fetch(statement("settings_of_days"), wanted) if wanted else ()
    return {row["business_date"]: msgspec.json.decode(row["settings"], type=Settings)
            for row in found}

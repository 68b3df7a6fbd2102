"""What earlier nights were told: the settings that their runs have kept.

Knows the table of runs. A supply is taxed as it was on its day (Directive 2006/112/EC, article 93),
whatever is told since, so what is invoiced or given back later looks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import asyncpg
import msgspec

from clearing.invoices.statements import statement
from clearing.invoices.supply import speaks_of
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


def nights_of(rows: Iterable[asyncpg.Record], settings: Settings) -> set[str]:
    """The runs that told_by may choose from for lines that are due. settings: tonight's."""
    wanted = {row["corrected_run"] or ("" if speaks_of(settings, row["country"]) else row["run_id"])
              for row in rows}
    return wanted - {""}


def told_by(rows: Sequence[asyncpg.Record], settings: Settings,
            nights: Mapping[str, Settings]) -> str:
    """The run whose settings hold for lines of one buyer and country, '' for tonight's.

    Of what corrects an invoice that which the invoice was told by; else, where the country is told
    of no more, the last of the lines' own runs that was told of it.
    """
    country: str = rows[0]["country"]
    corrected: str | None = rows[0]["corrected_run"]
    if corrected is not None or speaks_of(settings, country):
        return corrected or ""
    return next((row["run_id"] for row in reversed(rows)
                 if speaks_of(nights[row["run_id"]], country)), "")

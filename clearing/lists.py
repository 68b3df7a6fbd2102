"""The two lists of a night: what is still open, and what needs a person.

Knows their files; must not decide what belongs in them.
"""

from __future__ import annotations

import msgspec

from clearing.folder import DayFolder
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.summary import Case, FileRecord
from clearing.tables import write_table

_HOLD_COLUMNS = ("reference", "business_date", "account_id", "amount_minor", "currency",
                 "terminal_id", "merchant_id")


async def held_cases(connection: Connection, run_id: RunId) -> list[Case]:
    """What was booked but goes into no file."""
    rows = await connection.fetch(query("held"), str(run_id), run_id.business_date)
    return [Case(**dict(row)) for row in rows]


def write_cases(folder: DayFolder, cases: tuple[Case, ...]) -> FileRecord:
    """cases.json: a list, empty on a good day."""
    content = msgspec.json.format(msgspec.json.encode(cases)) + b"\n"
    folder.write("cases.json", content)
    return FileRecord("cases.json", "cases_json", len(cases), 0, "")


async def write_open_holds(connection: Connection, run_id: RunId,
                           folder: DayFolder) -> FileRecord:
    """open_holds.csv: pre-authorizations of this and earlier days that nothing has ended yet."""
    rows = await connection.fetch(query("open_holds"), str(run_id), run_id.business_date,
                                  run_id.stream)
    with folder.open("open_holds.csv") as sink:
        write_table(sink, _HOLD_COLUMNS, (tuple(row.values()) for row in rows))
    return FileRecord("open_holds.csv", "open_holds_csv", len(rows), 0, "")

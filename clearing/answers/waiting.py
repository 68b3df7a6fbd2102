"""Files that a bank owes an answer: said once, by the run that finds them late.

Knows how long a bank has, in working days; no clock: a run's day is today.
"""

from __future__ import annotations

from datetime import date, timedelta

from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.days.calendars import Calendar, target
from clearing.exceptions import open_exception
from clearing.queries import Connection
from clearing.run_id import RunId


async def miss_answers(connection: Connection, run_id: RunId, rules: Answers) -> None:
    """An exception a file that has no pain.002, and one a file that is not booked, by now."""
    for row in await connection.fetch(
            statement("files_waiting"), run_id.stream,
            _before(run_id.business_date, rules.report_days, target),
            _before(run_id.business_date, rules.booked_days, target)):
        await open_exception(
            connection, stream=run_id.stream, reason=row["reason"], subject_kind="bank_file",
            subject=row["message_id"], run_id=row["run_id"], currency=row["currency"],
            amount_minor=row["sum_minor"], content={"kind": row["kind"], "count": row["count"]})


def _before(day: date, count: int, works: Calendar) -> date | None:
    """The last day of which `count` working days are over at the end of this one; None: 0 days."""
    if not count:
        return None
    while count:
        count -= works(day)
        day -= timedelta(days=1)
    return day

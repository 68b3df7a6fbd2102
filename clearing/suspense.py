"""The way out of suspense: what was decided of captures that nobody could be invoiced for.

Knows the decisions of its exceptions and that a row comes out once, with what gives it back; must
not know why it was there (clearing.engine.matching) nor how it is invoiced (clearing.invoices).
All of it is in the transaction that posts a run: on the run's own day, and with it or not at all.
"""

from __future__ import annotations

from clearing.answers.statements import statement as decision_statement
from clearing.exceptions import close_explained
from clearing.queries import Connection, query
from clearing.run_id import RunId


async def release_suspense(connection: Connection, run_id: RunId) -> None:
    """Book what two people have decided since the last run, and what is given back of what came
    out before; close what nothing is left of."""
    run, day = str(run_id), run_id.business_date
    done = [row["exception_id"] for row in
            await connection.fetch(query("suspense_out"), run, day, run_id.stream)]
    await connection.execute(decision_statement("decision_done"), done, run)
    gone: dict[str, list[str]] = {}
    for row in await connection.fetch(query("suspense_given_back"), day):
        gone.setdefault(row["reason"], []).append(row["subject"])
    for reason, subjects in gone.items():
        await close_explained(connection, reason=reason, subject_kind="suspense",
                              subjects=subjects, why=f"given back, as {run_id} has found",
                              who=run)
    await connection.execute(query("suspense_taken_again"), day)

"""What a night's invoices leave for a person: told as cases of the run, kept as exceptions.

Knows the table of cases, for a repeat tells the same ones; an exception is open until somebody, or
a later night, has mended it.
"""

from __future__ import annotations

from clearing.exceptions import open_exception
from clearing.invoices.statements import statement
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.summary import Case


class Found:
    """The cases of a run, in the order in which they are found."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def add(self, kind: str, account_id: int, reference: str, amount_minor: int, currency: str,
            reason: str) -> None:
        """One more."""
        self.cases.append(Case(kind, account_id, reference, amount_minor, currency, reason))

    async def store(self, connection: Connection, run_id: RunId) -> None:
        """Keep them with the run, and open an exception for each."""
        await connection.copy_records_to_table(
            "invoice_case",
            columns=("run_id", "position", "kind", "account_id", "reference", "amount_minor",
                     "currency", "reason"),
            records=[(str(run_id), number, case.kind, case.account_id, case.reference,
                      case.amount_minor, case.currency, case.reason)
                     for number, case in enumerate(self.cases)])
        for case in self.cases:
            await open_exception(
                connection, stream=run_id.stream, reason=case.reason, subject_kind=case.kind,
                subject=case.reference, run_id=str(run_id), account_id=case.account_id,
                currency=case.currency, amount_minor=case.amount_minor)


async def stored_cases(connection: Connection, run_id: RunId) -> list[Case]:
    """The cases of a run, as it has told them first."""
    return [Case(**dict(row)) for row in await connection.fetch(statement("cases"), str(run_id))]

"""Transfers to suppliers: each self-billed paper when it is due, once.

Knows which are due and not paid; whether a bank would take a transfer is clearing.party's to say.
One that no bank would take is held, and the next night tries again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from clearing.bankfiles.payees import load_payees
from clearing.charset import clean
from clearing.credits import store_credits
from clearing.ownbooks.statements import statement
from clearing.party import creditor_defect, parse_party
from clearing.queries import Connection
from clearing.run_id import RunId
from clearing.settings import Settings

_PURPOSE: Final = "supplier_payment"
_TO_THE_BANK: Final = timedelta(days=1)  # what is sent tonight is there tomorrow
_LONGEST: Final = 140


async def pay_suppliers(connection: Connection, run_id: RunId, settings: Settings) -> None:
    """Decide the transfers of tonight, and book those that go."""
    rows = await connection.fetch(statement("suppliers_to_pay"), run_id.stream,
                                  run_id.business_date + _TO_THE_BANK)
    if not rows:
        return
    await connection.execute(statement("snapshot"), str(run_id),
                             sorted({row["account_id"] for row in rows}))
    payees = await load_payees(connection, settings.bankfiles)
    transfers = []
    for position, row in enumerate(rows, 1):
        currency, minor, party = row["currency"], row["amount_minor"], parse_party(row["party"])
        name = run_id.end_to_end_id("U", position)
        held = "no_debtor_account" if settings.debtor(currency) is None \
            else creditor_defect(party, minor, currency)
        if not held and party is not None:
            held = payees.defect(name, row["account_id"], party, currency, minor)
        transfers.append((
            str(run_id), name, _PURPOSE, row["account_id"],
            row["number"], currency, minor, row["count"],
            clean(f"SELF-BILLED INVOICE {row['number']}", _LONGEST), held, ""))
    await payees.store(connection, run_id)
    await store_credits(connection, transfers)
    await connection.execute(statement("post_payments"), str(run_id))

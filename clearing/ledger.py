"""The books: a trial balance at any time, and the proof that nobody has changed what was booked.

Knows the balances that each run leaves, and the chain of their digests; what is booked, and when,
is the posting's. Money is in minor units, debits positive.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Final

import msgspec

from clearing.errors import ClearingError
from clearing.queries import Connection, query

_LONGEST_S: Final = 600  # one run's rows are read again; a day of ten million takes a minute


class AccountBalance(msgspec.Struct, frozen=True):
    """An account of the chart in one currency. balance_minor: debits less credits."""

    code: str
    name: str
    type: str  # asset, liability, income, expense, suspense
    currency: str
    entries: int
    debits_minor: int
    credits_minor: int
    balance_minor: int


async def trial_balance(connection: Connection, known_at: datetime | None = None,
                        up_to: date | None = None) -> tuple[AccountBalance, ...]:
    """All accounts that were ever moved, by currency and code; each currency comes to nothing.

    known_at: as the books stood then, whatever was booked later for days before; None: now.
    up_to: the last business date that counts; None: all.
    """
    rows = await connection.fetch(query("trial_balance_at"), known_at, up_to)
    return tuple(AccountBalance(**dict(row)) for row in rows)


class Verified(msgspec.Struct, frozen=True):
    """So many runs are what was booked. chain_digest: of the last one, which stands for all before
    it; whoever has kept it from an earlier day knows that nobody has rewritten the books since."""

    runs: int
    last_run_id: str
    chain_digest: str


async def verify(connection: Connection, known_at: datetime | None = None) -> Verified:
    """Recompute every run's digest from what is booked, and the chain over all of them.

    known_at: of the runs that were posted by then; None: of all. ClearingError names the first run
    that is not what it was when it was posted.
    """
    before = run_id = ""
    runs = await connection.fetch(query("chain_runs"), known_at)
    for run in runs:
        run_id = run["run_id"]
        digest = await connection.fetchval(query("ledger_digest"), run_id, run["business_date"],
                                           run["stream"], timeout=_LONGEST_S)
        if digest != run["ledger_digest"]:
            raise ClearingError(f"{run_id}: what is booked is not what was booked")
        off = await connection.fetchrow(query("balance_off"), run_id)
        if off is not None:
            raise ClearingError(f"{run_id}: account {off['code']} in {off['currency']} was left at "
                                f"{off['kept_minor']}, its entries come to {off['booked_minor']}")
        link = "|".join((before, run_id, run["journal_digest"], str(run["journal_count"]), digest))
        before = hashlib.sha256(link.encode()).hexdigest()
        if before != run["chain_digest"]:
            raise ClearingError(f"{run_id}: its digest does not follow from the run before it")
    return Verified(len(runs), run_id, before)

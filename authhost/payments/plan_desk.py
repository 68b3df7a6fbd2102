"""Plans of merchants: a new version from a day on, what they are, when a payment is paid out.

Knows one table. A version is never changed: a later one holds. A day that is closed has been
settled: no version begins on one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit
from authhost.admin.refusals import Invalid, Unknown
from authhost.journal.reads import Borrowed
from authhost.payments.plans import Fees, Plan, Settlement, objection, payout_date
from authhost.payments.statements import statement
from clearing.days.calendars import calendar

_NAME: Final = re.compile(r"[!-~]{1,32}")
Row = dict[str, Any]


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a plan, as it is put."""

    valid_from: date
    fees: Fees = Fees()
    settlement: Settlement = Settlement()


class Plans:
    """Over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def put(self, actor: Actor, plan_id: str, new: NewPlan) -> Row:
        """One more version, as it is kept; none where that day says the same. Refused."""
        allow(actor, "merchant_plan.change")
        if _NAME.fullmatch(plan_id) is None:
            raise Invalid("1 to 32 printable characters of ASCII", "id")
        why, where = objection(Plan(new.fees, new.settlement))
        if why:
            raise Invalid(why, where)
        fees, settlement = (msgspec.json.encode(part).decode()
                            for part in (new.fees, new.settlement))
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            rules = await connection.fetchrow(statement("plan_lock"), plan_id)
            assert rules is not None, "there is one rules row, always"
            if new.valid_from < rules["business_date"]:
                raise Invalid(f"before {rules['business_date']}, which is not closed yet, "
                              "everything is settled", "valid_from")
            version = await connection.fetchval(statement("plan_new"), plan_id, new.valid_from,
                                                fees, settlement, actor.name)
            if version is not None:
                await audit(connection, actor, f"merchant_plan/{plan_id}",
                            f"plan {plan_id} from {new.valid_from}",
                            {"fees": (None, msgspec.Raw(fees.encode())),
                             "settlement": (None, msgspec.Raw(settlement.encode())),
                             "version": (None, version)})
            rows = await connection.fetch(statement("plan_list"), plan_id)
        return next(_shown(row) for row in rows if row["valid_from"] == new.valid_from)

    async def all(self, actor: Actor, plan_id: str) -> list[Row]:
        """Every version, the newest day first. Refused: there is no such plan."""
        allow(actor, "merchant_plan.read")
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("plan_list"), plan_id)
        if not rows:
            raise Unknown("there is no such plan", "id")
        return [_shown(row) for row in rows]

    async def payout_dates(self, payment_ids: Sequence[str]) -> dict[str, date]:
        """When these payments are paid out, by id; those alone of which it is known: they are
        captured, all or in part, and neither refunded, disputed nor a sandbox's."""
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("plan_payout"), list(payment_ids))
        return {row["payment_id"]: payout_date(
            msgspec.json.decode(row["settlement"], type=Settlement), row["business_date"],
            calendar(row["bank_calendar"])) for row in rows}

    async def payout_date_of(self, payment_id: str) -> date | None:
        """The same of one."""
        return (await self.payout_dates([payment_id])).get(payment_id)


def _shown(row: asyncpg.Record) -> Row:
    return dict(row.items()) | {name: msgspec.Raw(row[name].encode())
                                for name in ("fees", "settlement")}

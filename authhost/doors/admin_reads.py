"""Routes of what people look at: transactions, totals, exceptions, consumption, the audit trail.

Knows paths, queries and CSV; what may be seen is admin's to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from authhost.admin.access import allow
from authhost.admin.audit_reads import AuditReads
from authhost.admin.consumption import consumption
from authhost.admin.journal_reads import MOST_DAYS, JournalReads, Wanted
from authhost.admin.refusals import Invalid
from authhost.clock import Clock
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
_CSV: Final = ("decided_at", "business_date", "kind", "approved", "action", "reason",
               "posted_minor", "currency", "volume_ml", "odometer", "site_id", "terminal_id",
               "account_id", "card_id", "pan_masked", "vehicle_id", "driver_id",
               "approval_code", "flags", "key")
_WANTED: Final = ("from", "until", "account", "site", "terminal", "card", "vehicle", "driver",
                  "kind", "declined", "flagged")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class ReadRoutes:
    """What is looked at and not changed."""

    def __init__(self, reads: JournalReads, audit: AuditReads, clock: Clock) -> None:
        self._reads = reads
        self._audit = audit
        self._clock = clock

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", f"{_ROOT}/transactions", self._transactions),
                ("GET", f"{_ROOT}/totals", self._totals),
                ("GET", f"{_ROOT}/exceptions", self._exceptions),
                ("GET", f"{_ROOT}/vehicles/{{id}}/consumption", self._consumption),
                ("GET", f"{_ROOT}/audit", self._audit_trail)]

    async def _transactions(self, call: AdminCall) -> Response:
        allow(call.actor, "transaction.read")
        query = call.query(*_WANTED, "limit", "after", "format")
        if query.get("format", "json") not in {"json", "csv"}:
            raise Invalid("json or csv", "format")
        rows, following = await self._reads.transactions(
            call.actor, self._wanted(call), query.get("after", ""), call.limit())
        if query.get("format") == "csv":
            return _csv(rows, following)
        return page_response(rows, following)

    async def _totals(self, call: AdminCall) -> Response:
        allow(call.actor, "total.read")
        call.query("from", "until", "site", "terminal")
        return page_response(await self._reads.totals(call.actor, self._wanted(call)), None)

    async def _exceptions(self, call: AdminCall) -> Response:
        allow(call.actor, "exception.read")
        query = call.query("account", "after", "limit")
        rows, after = await self._reads.exceptions(call.actor, call.number("account"),
                                                   query.get("after", ""), call.limit())
        return page_response(rows, after or None)

    async def _consumption(self, call: AdminCall) -> Response:
        allow(call.actor, "vehicle.consumption")
        call.query("from", "until")
        first, last = call.days(self._clock.now().date(), MOST_DAYS)
        fills = await self._reads.fills(call.actor, call.id_of(), first, last)
        return encoded(consumption(fills))

    async def _audit_trail(self, call: AdminCall) -> Response:
        query = call.query("subject", "who", "from", "until", "refused", "after", "limit")
        rows, following = await self._audit.page(
            call.actor, query.get("subject", ""), query.get("who", ""), call.instant("from"),
            call.instant("until"), query.get("after", ""), call.limit(),
            refused=call.yes("refused"))
        return page_response(rows, following)

    def _wanted(self, call: AdminCall) -> Wanted:
        query = call.call.query
        first, last = call.days(self._clock.now().date())
        return Wanted(
            first=first, last=last, account_id=call.number("account"),
            site_id=query.get("site", ""), terminal_id=query.get("terminal", ""),
            card_id=call.number("card"), vehicle_id=call.number("vehicle"),
            driver_id=call.number("driver"), kind=query.get("kind", ""),
            declined=call.yes("declined"), flagged=call.yes("flagged"))


def _csv(rows: Sequence[Mapping[str, Any]], following: str | None) -> Response:
    """A page for a spreadsheet; the next one's cursor is in the header X-Next."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_CSV)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in _CSV])
    response = Response(text.getvalue(), media_type="text/csv; charset=utf-8")
    if following:
        response.headers["X-Next"] = following
    return response


def _cell(value: Any) -> str:
    """A value as text; none that a spreadsheet would run."""
    if isinstance(value, list):
        value = " ".join(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not text.lstrip("-").isdigit() else text

"""Routes of safes for people: their clients, fees, states, alarms, deposits, totals of a day.

Knows paths and queries; what may be seen is admin's to say.
"""

from __future__ import annotations

from typing import Any, Final

from authhost.admin.access import allow
from authhost.admin.courier_fees import CourierFees
from authhost.admin.safe_clients import SafeClients
from authhost.admin.safe_fees import SafeFees
from authhost.admin.safe_fields import CourierFee, Fee, Sharing
from authhost.admin.safe_reads import Deposits, SafeReads
from authhost.clock import Clock
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
_CLIENT: Final = f"{_ROOT}/safes/{{id}}/clients/{{account}}"
_STATES: Final = ("blocked", "off", "silent", "alarm", "full", "ok")
_SEVERITIES: Final = ("info", "warning", "alarm")
# What is asked for -> the column.
_FILTERS: Final = {"bank": "bank_id", "safe": "terminal_id", "site": "site_id", "state": "state",
                   "credit": "credit", "kind": "kind", "currency": "currency",
                   "cassette": "cassette_id", "shift": "shift", "depositor": "depositor",
                   "reference": "reference"}
DEPOSIT_QUERY: Final = ("from", "until", "account", *_FILTERS, "least_minor", "most_minor",
                        "withheld", "limit", "after")


class AdminSafeRoutes:
    """What people see and change of safes beside their master data."""

    def __init__(self, clients: SafeClients, fees: SafeFees, courier_fees: CourierFees,
                 reads: SafeReads, clock: Clock) -> None:
        self._clients = clients
        self._fees = fees
        self._courier_fees = courier_fees
        self._reads = reads
        self._clock = clock

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", f"{_ROOT}/safes/{{id}}/clients", self._list_clients),
                ("PUT", _CLIENT, self._put_client), ("DELETE", _CLIENT, self._drop_client),
                ("GET", f"{_ROOT}/safe-fees", self._list_fees),
                ("POST", f"{_ROOT}/safe-fees", self._add_fee),
                ("GET", f"{_ROOT}/courier-fees", self._list_courier_fees),
                ("POST", f"{_ROOT}/courier-fees", self._add_courier_fee),
                ("GET", f"{_ROOT}/safe-status", self._status),
                ("GET", f"{_ROOT}/safe-alarms", self._alarms),
                ("GET", f"{_ROOT}/safe-totals", self._totals),
                ("GET", f"{_ROOT}/deposits", self._deposits),
                ("GET", f"{_ROOT}/deposits/{{id}}", self._deposit)]

    async def _list_clients(self, call: AdminCall) -> Response:
        return page_response(await self._clients.all(call.actor, call.call.path["id"]), None)

    async def _put_client(self, call: AdminCall) -> Response:
        allow(call.actor, "safe_client.change")
        body = call.call.decode(Sharing) if call.call.body else Sharing()
        terminal_id, account_id = call.call.path["id"], call.id_of("account")
        await self._clients.put(call.actor, terminal_id, account_id, body.reference)
        return encoded({"terminal_id": terminal_id, "account_id": account_id,
                        "reference": body.reference})

    async def _drop_client(self, call: AdminCall) -> Response:
        await self._clients.drop(call.actor, call.call.path["id"], call.id_of("account"))
        return Response(status_code=204)

    async def _list_fees(self, call: AdminCall) -> Response:
        call.query("account")
        return page_response(await self._fees.all(call.actor, call.number("account")), None)

    async def _add_fee(self, call: AdminCall) -> Response:
        allow(call.actor, "safe_fee.change")
        row = await self._fees.add(call.actor, call.call.decode(Fee), call.asked("safe-fees"))
        return encoded(row, 201)

    async def _list_courier_fees(self, call: AdminCall) -> Response:
        query = call.query("courier")
        return page_response(
            await self._courier_fees.all(call.actor, query.get("courier", "")), None)

    async def _add_courier_fee(self, call: AdminCall) -> Response:
        allow(call.actor, "courier_fee.change")
        row = await self._courier_fees.add(call.actor, call.call.decode(CourierFee),
                                           call.asked("courier-fees"))
        return encoded(row, 201)

    async def _status(self, call: AdminCall) -> Response:
        query = call.query("site", "courier", "safe", "state", "after", "limit")
        call.one_of("state", _STATES)
        rows, following = await self._reads.status(call.actor, query, query.get("after", ""),
                                                   call.limit())
        return page_response(rows, following)

    async def _alarms(self, call: AdminCall) -> Response:
        query = call.query("safe", "severity", "after", "limit")
        rows, after = await self._reads.alarms(
            call.actor, query.get("safe", ""), call.one_of("severity", _SEVERITIES),
            query.get("after", ""), call.limit())
        return page_response(rows, after or None)

    async def _totals(self, call: AdminCall) -> Response:
        query = call.query("from", "until", "safe")
        first, last = call.days(self._clock.now().date())
        return page_response(await self._reads.totals(call.actor, first, last,
                                                      query.get("safe", "")), None)

    async def _deposits(self, call: AdminCall) -> Response:
        allow(call.actor, "deposit.read")
        query = call.query(*DEPOSIT_QUERY)
        first, last = call.days(self._clock.now().date())
        asked: dict[str, Any] = {column: query.get(name, "") for name, column in _FILTERS.items()}
        wanted = Deposits(
            first=first, last=last, account_id=call.number("account"),
            least_minor=call.number("least_minor", 0), most_minor=call.number("most_minor", 0),
            withheld=call.yes("withheld"), **asked)
        rows, following = await self._reads.deposits(call.actor, wanted, query.get("after", ""),
                                                     call.limit())
        return page_response(rows, following)

    async def _deposit(self, call: AdminCall) -> Response:
        row = await self._reads.deposit(call.actor, call.call.path["id"])
        return encoded(row)

"""Routes of credits: told by banks, kept ones listed and decided about, collecting accounts.

Knows paths and bodies; what a credit means is the payments'.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.access import allow
from authhost.doors.admin_call import AdminCall, Work, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.payments.credit_desk import Account, Credits, Resolution, TheirCredits

TELL: Final = "/v1/admin/banks/{id}/credits"
MOST_BYTES: Final = 8 * 1024 * 1024
Route = tuple[str, str, Work]


class CreditRoutes:
    """Over one room."""

    def __init__(self, told: Credits) -> None:
        self._credits = told

    def routes(self) -> list[Route]:
        """(method, path, work). The body of `TELL` has up to MOST_BYTES."""
        return [
            ("POST", TELL, self._tell),
            ("GET", "/v1/admin/unmatched-credits", self._list),
            ("POST", "/v1/admin/unmatched-credits/{id}/resolution", self._resolve),
            ("GET", "/v1/admin/collecting-accounts", self._accounts),
            ("PUT", "/v1/admin/collecting-accounts/{iban}", self._put),
        ]

    async def _tell(self, call: AdminCall) -> Response:
        """camt.054, or the same as JSON: told apart by the content type."""
        allow(call.actor, "credit.tell")
        call.query()
        bank_id = call.call.path["id"]
        if call.call.headers.get("content-type", "").startswith("application/json"):
            told = call.call.decode(TheirCredits)
            found = await self._credits.tell(call.actor, bank_id, told.credits)
        else:
            found = await self._credits.tell_file(call.actor, bank_id, call.call.body)
        return encoded({"credits": found})

    async def _list(self, call: AdminCall) -> Response:
        query = call.query("state", "bank", "after", "limit")
        rows, following = await self._credits.listed(
            call.actor, query.get("state", ""), query.get("bank", ""), query.get("after", ""),
            call.limit())
        return page_response(rows, following)

    async def _resolve(self, call: AdminCall) -> Response:
        allow(call.actor, "credit.resolve")
        row = await self._credits.resolve(call.actor, call.id_of(), call.call.decode(Resolution))
        return encoded(row)

    async def _accounts(self, call: AdminCall) -> Response:
        call.query()
        return encoded({"data": await self._credits.accounts(call.actor), "next": None})

    async def _put(self, call: AdminCall) -> Response:
        allow(call.actor, "collecting_account.change")
        row = await self._credits.put_account(call.actor, call.call.path["iban"],
                                              call.call.decode(Account))
        return encoded(row)

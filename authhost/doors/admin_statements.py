"""Routes of banks' statements: a file is told, and what was told is listed.

Knows paths and bodies; what a statement means is admin's and clearing's.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.access import allow
from authhost.admin.bank_statements import BankStatements
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response

PATH: Final = "/v1/admin/statements"
MOST_BYTES: Final = 8 * 1024 * 1024  # a larger one is told by the command line


class BankStatementRoutes:
    """Over one room."""

    def __init__(self, statements: BankStatements) -> None:
        self._statements = statements

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("POST", PATH, self._tell), ("GET", PATH, self._list)]

    async def _tell(self, call: AdminCall) -> Response:
        allow(call.actor, "statement.tell")
        call.query()
        found = await self._statements.tell(call.actor, call.call.body)
        return encoded({"statements": found})

    async def _list(self, call: AdminCall) -> Response:
        query = call.query("iban", "after", "limit")
        rows, following = await self._statements.listed(
            call.actor, query.get("iban", ""), query.get("after", ""), call.limit())
        return page_response(rows, following)

"""The route of bulk files: cards, limits, vehicles, drivers.

Knows the query and the body; what a file may hold is admin's to say.
"""

from __future__ import annotations

from authhost.admin.access import allow
from authhost.admin.imports import Imports
from authhost.doors.admin_call import AdminCall, Route
from authhost.doors.call import encoded
from authhost.doors.response import Response

PATH = "/v1/admin/imports"


class ImportRoutes:
    """Files. Their content is their key: the same one a second time changes nothing."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("POST", PATH, self._take)]

    async def _take(self, call: AdminCall) -> Response:
        allow(call.actor, "import.run")
        query = call.query("kind", "dry_run")
        report = await self._imports.take(call.actor, query.get("kind", ""), call.call.body,
                                          dry_run=call.yes("dry_run"))
        return encoded(report, 422 if report.state == "refused" else 200)

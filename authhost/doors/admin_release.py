"""Routes of release: runs and their approval, files and their lives, where files go.

Knows paths, queries and bodies; what they mean is admin's and clearing's.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.access import allow
from authhost.admin.delivery_routes import DeliveryRoute, DeliveryRoutes
from authhost.admin.runs import Runs
from authhost.doors.admin_call import AdminCall, Route, page_response, row_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.streams import STREAMS
from clearing.release.reports import FILE_STATES, PARTS, RUN_STATES, FilesWanted, RunsWanted

RUNS: Final = "/v1/admin/runs"
FILES: Final = "/v1/admin/files"
DELIVERY_ROUTES: Final = "/v1/admin/delivery-routes"
APPROVE_QUERY: Final = ("part",)
RUN_QUERY: Final = ("from", "until", "stream", "state", "after", "limit")
FILE_QUERY: Final = ("run", "state", "from", "recipient", "after", "limit")


class ReleaseRoutes:
    """Over two rooms."""

    def __init__(self, runs: Runs, routes: DeliveryRoutes) -> None:
        self._runs = runs
        self._routes = routes

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        one = f"{DELIVERY_ROUTES}/{{name}}"
        return [
            ("GET", RUNS, self._list_runs), ("GET", f"{RUNS}/{{id}}", self._read_run),
            ("POST", f"{RUNS}/{{id}}/approve", self._approve), ("GET", FILES, self._list_files),
            ("GET", DELIVERY_ROUTES, self._list_routes), ("POST", DELIVERY_ROUTES, self._add_route),
            ("GET", one, self._read_route), ("PATCH", one, self._change_route),
            ("POST", f"{one}/retry", self._retry)]

    async def _list_runs(self, call: AdminCall) -> Response:
        query = call.query(*RUN_QUERY)
        wanted = RunsWanted(first=call.day("from"), last=call.day("until"),
                            stream=call.one_of("stream", STREAMS),
                            state=call.one_of("state", RUN_STATES))
        rows, following = await self._runs.listed(call.actor, wanted, query.get("after", ""),
                                                  call.limit())
        return page_response(rows, following)

    async def _read_run(self, call: AdminCall) -> Response:
        return encoded(await self._runs.read(call.actor, call.call.path["id"]))

    async def _approve(self, call: AdminCall) -> Response:
        call.query(*APPROVE_QUERY)
        return encoded(await self._runs.approve(call.actor, call.call.path["id"],
                                                call.one_of("part", PARTS)))

    async def _list_files(self, call: AdminCall) -> Response:
        query = call.query(*FILE_QUERY)
        wanted = FilesWanted(run_id=query.get("run", ""), state=call.one_of("state", FILE_STATES),
                             since=call.day("from"), recipient=query.get("recipient", ""))
        rows, following = await self._runs.files(call.actor, wanted, query.get("after", ""),
                                                 call.limit())
        return page_response(rows, following)

    async def _list_routes(self, call: AdminCall) -> Response:
        call.query()
        return page_response(await self._routes.all(call.actor), None)

    async def _add_route(self, call: AdminCall) -> Response:
        allow(call.actor, "delivery_route.change")
        row = await self._routes.add(call.actor, call.call.decode(DeliveryRoute),
                                     call.asked("delivery-routes"))
        return row_response(row, 201, f"{DELIVERY_ROUTES}/{row['name']}")

    async def _read_route(self, call: AdminCall) -> Response:
        call.query()
        return row_response(await self._routes.read(call.actor, call.call.path["name"]))

    async def _change_route(self, call: AdminCall) -> Response:
        allow(call.actor, "delivery_route.change")
        tag = call.tag()
        row = await self._routes.change(call.actor, call.call.path["name"],
                                        call.call.decode(DeliveryRoute), tag)
        return row_response(row)

    async def _retry(self, call: AdminCall) -> Response:
        call.query()
        return encoded(await self._routes.retry(call.actor, call.call.path["name"]))

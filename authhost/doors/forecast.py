"""The routes of forecasts: when a safe will be full, for who plans its emptying.

Knows HTTP; what will be is authhost/forecast's. Pieces and days, never a name or an amount.
"""

from __future__ import annotations

from authhost.admin.access import allow
from authhost.admin.pages import cursor_of, place_of
from authhost.admin.refusals import Unknown
from authhost.doors.admin_call import AdminCall, page_response
from authhost.doors.admission import Admission
from authhost.doors.call import Endpoint, encoded
from authhost.doors.response import Response
from authhost.forecast.forecasts import PAGE, Forecasts


class ForecastRoutes:
    """The rows of the route table."""

    def __init__(self, forecasts: Forecasts, admission: Admission) -> None:
        self._forecasts = forecasts
        self._admission = admission

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        return [
            self._admission.endpoint("GET", "/v1/forecasts", self._page),
            self._admission.endpoint("GET", "/v1/safes/{terminal_id}/forecast", self._one)]

    async def _one(self, call: AdminCall) -> Response:
        allow(call.actor, "forecast.read")
        terminal_id = call.call.path["terminal_id"]
        found = await self._forecasts.of(terminal_id, call.actor) \
            if "\0" not in terminal_id else None
        if found is None:
            raise Unknown("there is no such safe", "terminal_id")
        return encoded(found)

    async def _page(self, call: AdminCall) -> Response:
        allow(call.actor, "forecast.read")
        call.query("after", "limit")
        most = min(call.limit(), PAGE)
        place = place_of(call.call.query.get("after", ""), str)
        found = await self._forecasts.page(call.actor, place[0] if place else "", most)
        following = cursor_of(found[-1].terminal_id) if len(found) == most else None
        return page_response(found, following)

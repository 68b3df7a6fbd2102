"""Routes of stations for people: how terminals are, what happened, parked rows and work on them.

Knows paths and bodies; what they mean is station's.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.station.parked import NoSuchParked, Parked, ParkedBusy, ParkedDone, WhyMissing
from authhost.station.permits import BadPermit, Permit
from authhost.station.stations import Stations
from authhost.translate.bodies import Body

_ROOT = "/v1/admin"
_HASHES: Final = frozenset({"pan_hmac", "fingerprint"})


class Settling(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a parked row was settled otherwise."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class AdminStationRoutes:
    """Over one host's stations."""

    def __init__(self, stations: Stations) -> None:
        self._stations = stations

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        parked = f"{_ROOT}/parked"
        return [("GET", f"{_ROOT}/stations", self._status),
                ("GET", f"{_ROOT}/station-events", self._events),
                ("POST", f"{_ROOT}/station-permits", self._permit),
                ("GET", parked, self._parked),
                ("POST", f"{parked}/{{id}}/retry", self._retry),
                ("POST", f"{parked}/{{id}}/settlement", self._settle)]

    async def _status(self, call: AdminCall) -> Response:
        allow(call.actor, "station.read")
        query = call.query("site", "terminal")
        rows = await self._stations.watching.status(_site(call.actor, query.get("site", "")),
                                                    query.get("terminal") or None)
        return page_response(rows, None)

    async def _events(self, call: AdminCall) -> Response:
        allow(call.actor, "station.read")
        query = call.query("site", "after", "limit")
        place = pages.place_of(query.get("after", ""), int)
        rows = await self._stations.watching.events(
            place[0] if place else 0, _site(call.actor, query.get("site", "")), call.limit())
        return page_response(rows, pages.cursor_of(rows[-1].event_id) if rows
                             else query.get("after") or None)

    async def _permit(self, call: AdminCall) -> Response:
        allow(call.actor, "station.permit")
        rule = call.call.decode(Permit)
        try:
            await self._stations.permit(rule, call.actor.name, str(call.actor.role))
        except BadPermit as error:
            raise Invalid(error.reason, error.where) from None
        return encoded(rule)

    async def _parked(self, call: AdminCall) -> Response:
        allow(call.actor, "parked.read")
        query = call.query("site", "terminal", "after", "limit")
        place = pages.place_of(query.get("after", ""), int)
        rows = await self._stations.parked.listed(
            site_id=query.get("site") or None, terminal_id=query.get("terminal") or None,
            after=place[0] if place else 0, most=call.limit())
        last = pages.cursor_of(rows[-1].id) if len(rows) == call.limit() else None
        return page_response([_shown(row) for row in rows], last)

    async def _retry(self, call: AdminCall) -> Response:
        allow(call.actor, "parked.settle")
        try:
            posted = await self._stations.parked.retry(_id(call), call.actor.name)
        except (NoSuchParked, ParkedBusy, ParkedDone) as error:
            raise _said(error) from None
        return encoded(posted)

    async def _settle(self, call: AdminCall) -> Response:
        allow(call.actor, "parked.settle")
        body = call.call.decode(Settling)
        try:
            await self._stations.parked.settle(_id(call), call.actor.name, body.why)
        except (NoSuchParked, ParkedBusy, ParkedDone, WhyMissing) as error:
            raise _said(error) from None
        return Response(status_code=204)


def _shown(row: Parked) -> dict[str, Any]:
    """A parked row without keyed hashes: nobody is shown those of a card."""
    shown: dict[str, Any] = msgspec.to_builtins(row)
    del shown["fingerprint"]
    return shown | {"content": _without_hashes(msgspec.json.decode(row.content))}


def _without_hashes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_hashes(one) for name, one in value.items() if name not in _HASHES}
    return [_without_hashes(one) for one in value] if isinstance(value, list) else value


def _site(actor: Actor, wanted: str) -> str | None:
    """The site to look at; a manager has his own."""
    if actor.site_id is not None and wanted not in {"", actor.site_id}:
        raise Unknown("there is no such site", "site")
    return actor.site_id or wanted or None


def _id(call: AdminCall) -> int:
    number = call.id_of()
    if number is None:
        raise Unknown("there is no such parked row", "id")
    return number


def _said(error: Exception) -> Exception:
    if isinstance(error, NoSuchParked):
        return Unknown("there is no such parked row", "id")
    if isinstance(error, WhyMissing):
        return Invalid(str(error), "why")
    return Conflict("somebody works on it" if isinstance(error, ParkedBusy)
                    else "it is done already", "id")

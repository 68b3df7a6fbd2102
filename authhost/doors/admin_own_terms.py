"""Routes of what parties have agreed about their own books.

Knows paths and queries; what may be seen is admin's to say.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import msgspec

from authhost.admin.access import allow
from authhost.admin.own_terms import BookingLogic, OwnTerms, StationTerms, SupplierTerms
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.described import PAGE, Described
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
LOGICS, SUPPLIERS, STATIONS, SCHEMA = (f"{_ROOT}/{name}" for name in (
    "booking-logics", "supplier-terms", "station-terms", "booking-records/schema"))

OWN_TERMS: Final = (
    Described("GET", LOGICS, "How customers' books take what is booked", answer=PAGE,
              query=("account",)),
    Described("POST", LOGICS, "How one's do from a day on", BookingLogic, status="201"),
    Described("GET", SUPPLIERS, "How suppliers are settled with", answer=PAGE,
              query=("account",)),
    Described("POST", SUPPLIERS, "How one is from a day on", SupplierTerms, status="201"),
    Described("GET", STATIONS, "What dealers' stations earn or leave", answer=PAGE,
              query=("station",)),
    Described("POST", STATIONS, "What one does from a day on", StationTerms, status="201"),
    Described("GET", SCHEMA, "The JSON Schema of booking records",
              answer={"type": "object", "description": "JSON Schema 2020-12."}),
)


class OwnTermsRoutes:
    """Over one room."""

    def __init__(self, terms: OwnTerms) -> None:
        self._terms = terms

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", LOGICS, self._logics), ("POST", LOGICS, self._add_logic),
                ("GET", SUPPLIERS, self._suppliers), ("POST", SUPPLIERS, self._add_supplier),
                ("GET", STATIONS, self._stations), ("POST", STATIONS, self._add_station),
                ("GET", SCHEMA, self._schema)]

    async def _logics(self, call: AdminCall) -> Response:
        call.query("account")
        return page_response(await self._terms.logics(call.actor, call.number("account")), None)

    async def _add_logic(self, call: AdminCall) -> Response:
        allow(call.actor, "booking_logic.change")
        row = await self._terms.add_logic(call.actor, call.call.decode(BookingLogic),
                                          call.asked("booking-logics"))
        return encoded(row, 201)

    async def _suppliers(self, call: AdminCall) -> Response:
        call.query("account")
        return page_response(await self._terms.suppliers(call.actor, call.number("account")), None)

    async def _add_supplier(self, call: AdminCall) -> Response:
        allow(call.actor, "supplier_terms.change")
        row = await self._terms.add_supplier(call.actor, call.call.decode(SupplierTerms),
                                             call.asked("supplier-terms"))
        return encoded(row, 201)

    async def _stations(self, call: AdminCall) -> Response:
        query = call.query("station")
        return page_response(
            await self._terms.stations(call.actor, query.get("station", "")), None)

    async def _add_station(self, call: AdminCall) -> Response:
        allow(call.actor, "station_terms.change")
        row = await self._terms.add_station(call.actor, call.call.decode(StationTerms),
                                            call.asked("station-terms"))
        return encoded(row, 201)

    async def _schema(self, call: AdminCall) -> Response:
        allow(call.actor, "booking_logic.read")
        text = files("clearing.ownbooks").joinpath("booking-records.schema.json").read_bytes()
        return encoded(msgspec.Raw(text))

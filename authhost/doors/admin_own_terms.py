"""Routes of what parties have agreed about their own books.

Knows paths and queries; what may be seen is admin's to say. The three tables of terms are listed
and added to in one way; what is different between them is a row of _TERMS.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Final

import msgspec

from authhost.admin.access import allow
from authhost.admin.own_terms import (
    BOOKING_LOGIC,
    STATION_TERMS,
    SUPPLIER_TERMS,
    Agreed,
    OwnTerms,
)
from authhost.doors.admin_call import AdminCall, Route, Work, page_response
from authhost.doors.call import encoded
from authhost.doors.described import PAGE, Described
from authhost.doors.response import Response

_ROOT: Final = "/v1/admin"
SCHEMA: Final = f"{_ROOT}/booking-records/schema"


class _Terms(msgspec.Struct, frozen=True):
    """A table at the door. whose: the filter of its list; listed, added: in words."""

    name: str
    agreed: Agreed
    whose: str
    listed: str
    added: str

    @property
    def path(self) -> str:
        return f"{_ROOT}/{self.name}"


_TERMS: Final = (
    _Terms("booking-logics", BOOKING_LOGIC, "account",
           "How customers' books take what is booked", "How one's do from a day on"),
    _Terms("supplier-terms", SUPPLIER_TERMS, "account",
           "How suppliers are settled with", "How one is from a day on"),
    _Terms("station-terms", STATION_TERMS, "station",
           "What dealers' stations earn or leave", "What one does from a day on"),
)
_WHOSE: Final[dict[str, Callable[[AdminCall], int | str | None]]] = {
    "account": lambda call: call.number("account"),
    "station": lambda call: call.call.query.get("station") or None,
}

OWN_TERMS: Final = (
    *(described for terms in _TERMS for described in (
        Described("GET", terms.path, terms.listed, answer=PAGE, query=(terms.whose,)),
        Described("POST", terms.path, terms.added, terms.agreed.body, status="201"))),
    Described("GET", SCHEMA, "The JSON Schema of booking records",
              answer={"type": "object", "description": "JSON Schema 2020-12."}),
)


class OwnTermsRoutes:
    """Over one room."""

    def __init__(self, terms: OwnTerms) -> None:
        self._terms = terms

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [*(route for terms in _TERMS for route in (
            ("GET", terms.path, self._listing(terms)), ("POST", terms.path, self._adding(terms)))),
            ("GET", SCHEMA, self._schema)]

    def _listing(self, terms: _Terms) -> Work:
        async def listed(call: AdminCall) -> Response:
            call.query(terms.whose)
            rows = await self._terms.listed(call.actor, terms.agreed, _WHOSE[terms.whose](call))
            return page_response(rows, None)

        return listed

    def _adding(self, terms: _Terms) -> Work:
        async def add(call: AdminCall) -> Response:
            allow(call.actor, f"{terms.agreed.noun}.change")
            row = await self._terms.add(call.actor, terms.agreed,
                                        call.call.decode(terms.agreed.body),
                                        call.asked(terms.name))
            return encoded(row, 201)

        return add

    async def _schema(self, call: AdminCall) -> Response:
        allow(call.actor, "booking_logic.read")
        text = files("clearing.ownbooks").joinpath("booking-records.schema.json").read_bytes()
        return encoded(msgspec.Raw(text))

"""OpenAPI 3.1 descriptions of what stations and offices ask: tables of routes, and their types.

Knows paths, summaries and the types that check the bodies; what is answered to people is not typed
here: lists are pages, the rest are rows. A test holds that every route is in its table.
"""

from __future__ import annotations

from typing import Any, Final

from authhost.admin.nouns import CARD_ORDER, NOUNS, Noun
from authhost.doors import admin_cards, admin_products, admin_stations, station
from authhost.doors.admin_books import BOOKS
from authhost.doors.admin_invoices import INVOICES
from authhost.doors.admin_own_terms import OWN_TERMS
from authhost.doors.described import PAGE, Described, document_of
from authhost.doors.openapi_cash import CASH
from authhost.doors.openapi_clearing import CLEARING
from authhost.doors.openapi_paying import PAYING
from authhost.doors.openapi_release import RELEASE
from authhost.pricing.terms import Contract
from authhost.pricing.vat import VatRate
from authhost.station.days import DayTotals
from authhost.station.heartbeat import Heartbeat
from authhost.station.permits import Permit
from authhost.station.shifts import Found, Outcome

_ADMIN: Final = "/v1/admin"
_STATION: Final = "/v1/stations/{terminal_id}"
_CATALOGUE: Final = {"type": "object", "required": ["key", "content", "signature"], "properties": {
    "key": {"type": "integer"}, **{name: {"type": "string", "contentEncoding": "base64"}
                                   for name in ("content", "signature")}}}


STATION: Final = (
    Described("GET", f"{_STATION}/catalogue", "What is new beyond a version, signed; 304: nothing",
              answer=_CATALOGUE, query=("have",)),
    Described("POST", f"{_STATION}/heartbeats", "How a terminal is", Heartbeat,
              station.HeartbeatAnswer),
    Described("GET", f"{_STATION}/days/{{date}}", "What is booked on a business date",
              answer=DayTotals),
    Described("POST", f"{_STATION}/shifts", "A shift's totals, compared", station.Shift, Outcome),
    Described("POST", f"{_STATION}/shifts/{{shift}}/transactions",
              "A shift's transactions, compared one by one", station.Transactions, Found),
)


def _of_noun(noun: Noun) -> tuple[Described, ...]:
    root, name = f"{_ADMIN}/{noun.path}", noun.name.replace("_", " ")
    made = (
        Described("GET", root, f"List: {name}", answer=PAGE,
                  query=("limit", "after", "status", *noun.filters)),
        Described("POST", root, f"Create: {name}", noun.body, status="201"),
        Described("GET", f"{root}/{{id}}", f"Read: {name}"))
    if noun is CARD_ORDER:
        return made
    return (*made, Described("PATCH", f"{root}/{{id}}", f"Change what is named: {name}", noun.body))


def _posts(root: str, *names: tuple[str, str]) -> tuple[Described, ...]:
    return tuple(Described("POST", f"{root}/{name}", summary) for name, summary in names)


_SPAN: Final = ("from", "until")
_CARD, _ACCOUNT = f"{_ADMIN}/cards/{{id}}", f"{_ADMIN}/accounts/{{id}}"
_BATCH, _PRICES = f"{_ADMIN}/card-batches", f"{_ADMIN}/prices"
_PARKED, _CODE = f"{_ADMIN}/parked", f"{_ADMIN}/product-codes/{{profile}}/{{code}}"
ADMIN: Final = (
    *(one for noun in (*NOUNS, CARD_ORDER) for one in _of_noun(noun)),
    *_posts(_CARD, ("activation", "It may buy from now on"), ("unblocking", "It may buy again"),
            ("closing", "It ends, for good"), ("pin-unlocking", "Its wrong PINs are forgiven")),
    Described("POST", f"{_CARD}/blocking", "Nothing is approved any more", admin_cards.Blocking),
    Described("POST", f"{_CARD}/replacement", "Another card in its place", admin_cards.Replacing,
              status="201"),
    Described("POST", f"{_ADMIN}/card-lookups", "A card by its number", admin_cards.Lookup),
    *_posts(_ACCOUNT, ("blocking", "Nothing of it is approved any more"),
            ("unblocking", "Its cards may buy again"), ("closing", "It ends, for good")),
    Described("POST", f"{_ACCOUNT}/fundings", "What was paid in", admin_cards.Funding,
              status="201"),
    *_posts(f"{_ADMIN}/vehicles/{{id}}", ("meter-reset", "It has a new odometer")),
    Described("GET", f"{_ADMIN}/vehicles/{{id}}/consumption", "Litres over 100 km, fill by fill",
              query=_SPAN),
    Described("GET", f"{_ADMIN}/access", "Who is let in", answer=PAGE),
    Described("POST", f"{_ADMIN}/access", "Let somebody in: the token is told this once",
              admin_cards.AccessBody, status="201"),
    Described("DELETE", f"{_ADMIN}/access/{{name}}", "Let somebody in no more", status="204"),
    Described("GET", f"{_ADMIN}/product-codes", "What profiles call products", answer=PAGE,
              query=("profile",)),
    Described("PUT", _CODE, "A profile's code for a product", admin_products.ProductCode),
    Described("DELETE", _CODE, "The code means nothing more", status="204"),
    Described("POST", _BATCH, "Gather the orders that wait", admin_products.Batch, status="201"),
    Described("GET", f"{_BATCH}/{{id}}", "The file that cards are issued from"),
    Described("POST", f"{_BATCH}/{{id}}/completion", "End the cards that were replaced"),
    Described("POST", f"{_PRICES}/base", "A wholesale list", file="text/csv", query=(
        "source", "file", "time_zone", "dry_run", "accept_jumps", "reason")),
    Described("GET", f"{_PRICES}/contracts", "A fleet's contracts", answer=PAGE,
              query=("account",)),
    Described("POST", f"{_PRICES}/contracts", "A contract's next version", Contract,
              query=("dry_run",), status="201"),
    Described("GET", f"{_PRICES}/vat-rates", "Rates of VAT", answer=PAGE),
    Described("POST", f"{_PRICES}/vat-rates", "A rate of VAT", VatRate, status="201"),
    Described("POST", f"{_ADMIN}/imports", "Cards, limits, vehicles or drivers from a file",
              file="text/csv", query=("kind", "dry_run")),
    Described("GET", f"{_ADMIN}/transactions", "The newest first", answer=PAGE, query=(
        *_SPAN, "account", "site", "terminal", "card", "vehicle", "driver", "kind", "declined",
        "flagged", "limit", "after", "format")),
    Described("GET", f"{_ADMIN}/totals", "Count, money, volume by day, terminal and kind",
              answer=PAGE, query=(*_SPAN, "site", "terminal")),
    Described("GET", f"{_ADMIN}/exceptions", "What was flagged, as a feed", answer=PAGE,
              query=("account", "after", "limit")),
    Described("GET", f"{_ADMIN}/audit", "Who changed what", answer=PAGE,
              query=("subject", "who", *_SPAN, "refused", "after", "limit")),
    Described("GET", f"{_ADMIN}/stations", "How terminals are", answer=PAGE,
              query=("site", "terminal")),
    Described("GET", f"{_ADMIN}/station-events", "What has happened", answer=PAGE,
              query=("site", "after", "limit")),
    Described("POST", f"{_ADMIN}/station-permits", "Sell off line, or no more", Permit, Permit),
    Described("GET", _PARKED, "What could not be posted", answer=PAGE,
              query=("site", "terminal", "after", "limit")),
    Described("POST", f"{_PARKED}/{{id}}/retry", "Post it again"),
    Described("POST", f"{_PARKED}/{{id}}/settlement", "It is settled otherwise",
              admin_stations.Settling, status="204"),
    *CASH,
    *CLEARING,
    *OWN_TERMS, *INVOICES, *BOOKS,
    *RELEASE,
    *PAYING,
)


def station_document() -> dict[str, Any]:
    """What terminals ask, ready to be served as JSON."""
    return document_of("authhost for stations", STATION, keyed=False)


def admin_document() -> dict[str, Any]:
    """What people and their programs ask."""
    made = document_of("authhost for offices", ADMIN, keyed=True)
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return made | {"security": [{"token": []}]}

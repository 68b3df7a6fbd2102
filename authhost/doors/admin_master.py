"""Routes of master data: each noun is listed, read, made and changed in the same way.

Knows paths and bodies; what may be done is admin's to say.
"""

from __future__ import annotations

from authhost.admin import pages
from authhost.admin.access import allow
from authhost.admin.cards import Cards
from authhost.admin.desk import Desk
from authhost.admin.nouns import CARD, CARD_ORDER, NOUNS, Noun
from authhost.admin.once import Row
from authhost.admin.refusals import Invalid
from authhost.doors.admin_call import AdminCall, Route, Work, page_response, row_response
from authhost.doors.response import Response

_ROOT = "/v1/admin"


class MasterRoutes:
    """List, read, make and change."""

    def __init__(self, desk: Desk, cards: Cards) -> None:
        self._desk = desk
        self._cards = cards

    def routes(self) -> list[Route]:
        """(method, path, work). An order is not changed: it becomes a card."""
        orders = f"{_ROOT}/{CARD_ORDER.path}"
        return [
            ("GET", orders, self._list(CARD_ORDER)), ("POST", orders, self._create(CARD_ORDER)),
            ("GET", f"{orders}/{{id}}", self._read(CARD_ORDER)),
            *(route for noun in NOUNS for route in self._four(noun))]

    def _four(self, noun: Noun) -> tuple[Route, ...]:
        return (
            ("GET", f"{_ROOT}/{noun.path}", self._list(noun)),
            ("POST", f"{_ROOT}/{noun.path}", self._create(noun)),
            ("GET", f"{_ROOT}/{noun.path}/{{id}}", self._read(noun)),
            ("PATCH", f"{_ROOT}/{noun.path}/{{id}}", self._change(noun)))

    def _list(self, noun: Noun) -> Work:
        async def work(call: AdminCall) -> Response:
            allow(call.actor, f"{noun.name}.read")
            query = call.query("limit", "after", "status", *noun.filters)
            most = call.limit()
            kind = str if noun.key_type == "text" else int
            place = pages.place_of(query.get("after", ""), kind)
            asked: dict[str, int | str] = {}
            for name, column in noun.filters.items():
                value = call.number(name) if column == "account_id" else query.get(name)
                if value:
                    asked[column] = value
            rows = await self._desk.page(call.actor, noun, asked, query.get("status", ""),
                                         place[0] if place else None, most)
            return page_response(rows, pages.following(rows, most, noun.key))

        return work

    def _create(self, noun: Noun) -> Work:
        async def work(call: AdminCall) -> Response:
            allow(call.actor, f"{noun.name}.create")
            values: Row = call.call.decode(noun.body).given()
            request = call.asked(noun.path)
            row = await self._cards.issue(call.actor, values, request) if noun is CARD \
                else await self._desk.create(call.actor, noun, values, request)
            return row_response(row, 201, f"{_ROOT}/{noun.path}/{row[noun.key]}")

        return work

    def _read(self, noun: Noun) -> Work:
        async def work(call: AdminCall) -> Response:
            row = await self._desk.read(call.actor, noun, noun.key_of(call.call.path["id"]))
            return row_response(row)

        return work

    def _change(self, noun: Noun) -> Work:
        async def work(call: AdminCall) -> Response:
            allow(call.actor, f"{noun.name}.change")
            seen = call.tag()
            values: Row = call.call.decode(noun.body).given()
            if not values:
                raise Invalid("no field is named")
            row = await self._desk.change(call.actor, noun, noun.key_of(call.call.path["id"]),
                                          values, seen)
            return row_response(row)

        return work

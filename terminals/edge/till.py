"""The till's door: JSON over HTTP on the loopback, for the shop's own program at the same machine.

Knows paths and bodies; all that happens is the edge's. Every call has `Authorization: Bearer` with
the token of a file that only the till's program may read. A sale has the till's own `reference`:
asked twice, it is done once. A wrong body is 422 and says where; what cannot be done is 409 and
says why.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chip.errors import CardProblem
from iso import IsoError
from terminals.card_reader import CardReader, Visit
from terminals.edge.edge import Edge
from terminals.edge.rows import Row
from terminals.edge.station_door import StationAway
from terminals.edge.ticket import BadOrder, Ticket, summary
from terminals.purchase import Card, Item, Sale

_LONGEST_BODY = 64 * 1024
_T = TypeVar("_T")


class CardBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card: its number and expiry, its track, or chip: the one in the reader."""

    pan: str = ""
    expiry: str = ""
    track_2: str = ""
    chip: bool = False

    def __repr__(self) -> str:
        return "CardBody(hidden)"


class ItemBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One product. quantity and unit_price: text, Decimal."""

    product: str
    unit: str = "L"
    quantity: Decimal
    unit_price: Decimal
    amount_minor: int


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sale or pre-authorization. pin: digits, and only over this loopback."""

    amount_minor: int
    card: CardBody = CardBody()
    second_card: CardBody | None = None
    items: tuple[ItemBody, ...] = ()
    prompts: dict[str, str] = {}
    reference: str = ""
    pin: str = ""
    rest: bool = False

    def __repr__(self) -> str:
        return f"Order({self.amount_minor})"


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done to an earlier message. amount_minor: None is all of it."""

    sequence: str
    local_date: str = ""
    amount_minor: int | None = None
    items: tuple[ItemBody, ...] = ()
    prompts: dict[str, str] = {}


class Till:
    """The routes. reader: for chip cards."""

    def __init__(self, edge: Edge, token: str, reader: CardReader | None) -> None:
        self._edge = edge
        self._token = token
        self._reader = reader
        self._slot = asyncio.Lock()  # one card in one reader

    def app(self) -> Starlette:
        """To be served on the loopback."""
        posts: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "/sales": self._sell, "/preauthorizations": self._hold,
            "/increments": self._increment, "/completions": self._complete,
            "/returns": self._take_back, "/reversals": self._reverse, "/again": self._again,
            "/shift/close": self._close_shift, "/catalogue": self._fetch}
        gets: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "/status": self._status, "/queue": self._queue, "/receipts/{sequence}": self._receipt}
        return Starlette(routes=[
            *(Route(path, self._guarded(do), methods=["POST"]) for path, do in posts.items()),
            *(Route(path, self._guarded(do), methods=["GET"]) for path, do in gets.items())])

    def _guarded(self, do: Callable[[Request], Awaitable[Any]]
                 ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return _json(401, {"error": "the token is missing or wrong"})
            try:
                return _json(200, await do(request))
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                return _json(422, {"error": str(error)})
            except (BadOrder, CardProblem, IsoError, StationAway) as error:
                return _json(409, {"error": str(error), "kind": type(error).__name__})
            except ValueError as error:
                return _json(422, {"error": str(error)})
        return answer

    async def _sell(self, request: Request) -> dict[str, Any]:
        return await self._with_card(request, "sale")

    async def _hold(self, request: Request) -> dict[str, Any]:
        return await self._with_card(request, "preauthorization")

    async def _with_card(self, request: Request,
                         kind: Literal["sale", "preauthorization"]) -> dict[str, Any]:
        order = await _body(request, Order)
        async with self._card(order) as (card, visit):
            sale = Sale(
                card, order.amount_minor, self._edge.config.terminal.currency, _items(order.items),
                prompts=order.prompts, wants_rest=order.rest,
                entry="key" if order.card.pan else "",
                second=_held(order.second_card) if order.second_card is not None else None)
            online = bool(order.pin) and visit is None
            pin = self._edge.encipher(order.pin, card.pan) if online else None
            if kind == "sale":
                ticket = await self._edge.sell(sale, visit=visit, pin=pin,
                                               reference=order.reference)
            else:
                ticket = await self._edge.preauthorize(sale, visit=visit, pin=pin,
                                                       reference=order.reference)
            if visit is not None and order.pin and "pin" in ticket.objections \
                    and ticket.row is not None:
                # The chip vouched for its PIN once, to a host that did not answer.
                await asyncio.to_thread(visit.pin_at_pad, order.pin)
                ticket = await self._edge.sell(sale, visit=visit, offline=True,
                                               reference=order.reference)
        return await self._told(ticket)

    async def _increment(self, request: Request) -> dict[str, Any]:
        about = await _body(request, About)
        if about.amount_minor is None:
            raise BadOrder("amount_minor: how much more")
        return await self._told(await self._edge.increment(
            await self._row(about), about.amount_minor))

    async def _complete(self, request: Request) -> dict[str, Any]:
        about = await _body(request, About)
        return await self._told(await self._edge.complete(await self._row(about),
                                                          self._sale(about)))

    async def _take_back(self, request: Request) -> dict[str, Any]:
        about = await _body(request, About)
        return await self._told(await self._edge.take_back(await self._row(about),
                                                           self._sale(about)))

    async def _reverse(self, request: Request) -> dict[str, Any]:
        about = await _body(request, About)
        return await self._told(await self._edge.reverse(await self._row(about),
                                                         about.amount_minor))

    async def _again(self, request: Request) -> dict[str, Any]:
        about = await _body(request, About)
        return summary(await self._edge.send_again(await self._row(about)))

    async def _close_shift(self, _: Request) -> dict[str, Any]:
        shift, totals = await self._edge.close_shift()
        return {"shift": shift, "totals": totals}

    async def _fetch(self, _: Request) -> dict[str, Any]:
        return {"refused": await self._edge.fetch_catalogue()} | await self._status(_)

    async def _status(self, _: Request) -> dict[str, Any]:
        version, sizes, refused = await self._edge.catalogue()
        return {"online": self._edge.online, "counts": await self._edge.counts(),
                "catalogue": version, "catalogue_lines": sizes, "catalogue_refused": refused,
                "shift": await self._edge.open_shift()}

    async def _queue(self, _: Request) -> list[dict[str, Any]]:
        return [summary(row) for row in await self._edge.queue()]

    async def _receipt(self, request: Request) -> dict[str, str]:
        row = await self._row(About(sequence=request.path_params["sequence"]))
        return {"receipt": await self._edge.receipt(row, copy=True)}

    def _sale(self, about: About) -> Sale:
        if about.amount_minor is None:
            raise BadOrder("amount_minor is wanted")
        return Sale(Card("", ""), about.amount_minor, self._edge.config.terminal.currency,
                    _items(about.items), prompts=about.prompts)

    async def _row(self, about: About) -> Row:
        row = await self._edge.find(about.sequence, about.local_date)
        if row is None:
            raise BadOrder(f"there is no message {about.sequence}")
        return row

    async def _told(self, ticket: Ticket) -> dict[str, Any]:
        receipt = await self._edge.receipt(ticket.row) if ticket.row is not None else ""
        return ticket.told() | {"receipt": receipt}

    @asynccontextmanager
    async def _card(self, order: Order) -> AsyncIterator[tuple[Card, Visit | None]]:
        """The card, and its chip as long as it is in the reader."""
        if not order.card.chip:
            yield _held(order.card), None
            return
        if self._reader is None:
            raise BadOrder("there is no reader for chip cards")
        async with self._slot:
            visiting = self._reader.visit()
            visit = await asyncio.to_thread(visiting.__enter__)
            try:
                if order.pin:
                    await asyncio.to_thread(visit.pin_at_pad, order.pin)
                elif visit.reader_takes_pin and visit.chip.pin_required:
                    await asyncio.to_thread(visit.pin_at_reader)
                yield visit.card, visit
            finally:
                await asyncio.to_thread(visiting.__exit__, None, None, None)


def _held(card: CardBody) -> Card:
    if card.track_2:
        return Card.of_track(card.track_2)
    if not (card.pan.isdecimal() and 12 <= len(card.pan) <= 19 and len(card.expiry) == 4
            and card.expiry.isdecimal()):
        raise BadOrder("card: pan (12 to 19 digits) and expiry (YYMM), track_2, or chip")
    return Card(card.pan, card.expiry)


def _items(items: tuple[ItemBody, ...]) -> tuple[Item, ...]:
    return tuple(Item(item.product, item.unit, item.quantity, item.unit_price, item.amount_minor)
                 for item in items)


async def _body(request: Request, wanted: type[_T]) -> _T:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_BODY:
            raise BadOrder("the body is too long")
    return msgspec.json.decode(body, type=wanted)


def _json(status: int, content: object) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")

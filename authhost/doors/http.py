"""The JSON door: endpoints around the same `authorize`.

Knows HTTP; decides nothing. Over mutual TLS the certificate's common name is who speaks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from authhost.authorize import Authorizer, Busy, Silence
from authhost.clock import Clock
from authhost.doors.authorizing import acquirer_of, answered, context_of
from authhost.doors.call import Call, Endpoint, Handler, json_response
from authhost.doors.load import Load
from authhost.doors.openapi import document
from authhost.doors.openapi_more import admin_document, station_document
from authhost.doors.openapi_payments import payments_document
from authhost.doors.openapi_safes import safe_document
from authhost.doors.problems import ProblemError, failed
from authhost.doors.response import Response
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.journal.entry import JournalUnavailable
from authhost.metrics import Metrics
from authhost.model import Action, CardRef, Kind
from authhost.model import Request as Message
from authhost.pan_index import PanIndex
from authhost.translate import bodies
from authhost.translate.incoming import Refusal, card_ref
from authhost.translate.json_door import (
    DOOR,
    Context,
    JsonTranslator,
)

_log = structlog.get_logger()


class HttpDoor:
    """The routes and what they need."""

    def __init__(self, *, translator: JsonTranslator, pan_index: PanIndex, authorizer: Authorizer,
                 clock: Clock, metrics: Metrics, load: Load, hold_us: int,
                 ready: Callable[[], Awaitable[bool]],
                 more: Sequence[Endpoint] = (), public: Sequence[Endpoint] = ()) -> None:
        self._translator = translator
        self._pan_index = pan_index
        self._authorizer = authorizer
        self._reads = authorizer.reads
        self._clock = clock
        self._metrics = metrics
        self._load = load
        self._hold_us = hold_us
        self._ready = ready
        described = {"": document, "-stations": station_document, "-admin": admin_document,
                     "-safes": safe_document}
        # What the public door serves, and nothing else: merchants' and phones' routes.
        self.public: tuple[Endpoint, ...] = (
            Endpoint("GET", "/healthz", _healthz),
            Endpoint("GET", "/openapi-payments.json",
                     _always(json.dumps(payments_document()).encode())),
            *map(self._guarded, public))
        self.endpoints: tuple[Endpoint, ...] = (
            *self.public, Endpoint("GET", "/readyz", self._readyz),
            Endpoint("GET", "/metrics", self._metrics_text),
            *(Endpoint("GET", f"/openapi{name}.json", _always(json.dumps(made()).encode()))
              for name, made in described.items()),
            *(self._guarded(endpoint) for endpoint in (*self._endpoints(), *more)))

    def _endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/v1/sales", self._sale(bodies.Sale, Kind.SALE)),
            Endpoint("POST", "/v1/preauthorizations",
                     self._sale(bodies.Preauthorization, Kind.PREAUTHORIZATION)),
            Endpoint("POST", "/v1/returns", self._sale(bodies.Return, Kind.RETURN)),
            Endpoint("POST", "/v1/offline-sales", self._sale(bodies.Sale, Kind.OFFLINE_SALE)),
            Endpoint("POST", "/v1/completions", self._sale(bodies.Completion, Kind.COMPLETION)),
            Endpoint("POST", "/v1/reversals", self._reversal),
            Endpoint("POST", "/v1/deposits", self._deposit),
        ]

    def _guarded(self, route: Endpoint) -> Endpoint:
        """Counts, holds the bounds, and turns what went wrong into a problem."""
        async def handler(call: Call) -> Response:
            started = time.perf_counter()
            try:
                if route.method == "POST" and route.keyed:
                    _check_key(call.idempotency_key)
                response = await self._within_load(route.handler, call)
            except ProblemError as problem:
                response = problem.response()
            except Refusal as refusal:
                response = ProblemError(422, "Invalid body", refusal.reason,
                                        refusal.where).response()
            except Busy:
                response = ProblemError(503, "Busy", "nothing was reserved: try again",
                                        retry_after_s=1).response()
            except (Silence, JournalUnavailable) as error:
                _log.warning("no answer", door=DOOR, why=str(error))
                response = ProblemError(504, "Outcome unknown",
                                        "repeat with the same Idempotency-Key",
                                        retry_after_s=1).response()
            except Exception:
                # A bug in one request must not show its inside, nor go uncounted.
                self._metrics.count(DOOR, "bug")
                _log.exception("request failed", door=DOOR)
                response = failed().response()
            outcome = response.headers.get("x-outcome", str(response.status_code))
            self._metrics.answered(DOOR, outcome, time.perf_counter() - started)
            return response

        return msgspec.structs.replace(route, handler=handler)

    async def _within_load(self, handler: Handler, call: Call) -> Response:
        if not self._load.enter():
            raise ProblemError(503, "Busy", "too many messages on their way", retry_after_s=1)
        try:
            return await handler(call)
        finally:
            self._load.leave()

    def _sale(self, body_type: type[bodies.Sale], kind: Kind) -> Handler:
        async def handler(call: Call) -> Response:
            body = call.decode(body_type)
            context = await self._context(call, body.terminal_id)
            card = await self._card(body.card, kind)
            second = await self._card(body.second_card, kind) if body.second_card else None
            return await self._authorize(
                self._translator.sale(body, kind, context, card, second))

        return handler

    async def _card(self, card: bodies.Card, kind: Kind) -> CardRef:
        """The card by its number's keyed hash. Without an HSM: busy, or silence for an advice."""
        pan_hmac = self._pan_index.at_hand(card.pan)
        if pan_hmac is None:
            try:
                pan_hmac = await self._pan_index.of(card.pan)
            except (HsmUnavailable, HsmRefused) as error:
                happened = kind in {Kind.OFFLINE_SALE, Kind.COMPLETION}
                raise (Silence if happened else Busy)(str(error)) from None
        return card_ref(pan_hmac, card.pan, card.expiry)

    async def _reversal(self, call: Call) -> Response:
        body = call.decode(bodies.Reversal)
        context = await self._context(call, body.terminal_id)
        return await self._authorize(self._translator.reversal(body, context))

    async def _deposit(self, call: Call) -> Response:
        body = call.decode(bodies.Deposit)
        context = await self._context(call, body.terminal_id)
        return await self._authorize(self._translator.deposit(body, context))

    async def _context(self, call: Call, terminal_id: str) -> Context:
        call.is_from(terminal_id)
        acquirer_id = await acquirer_of(self._authorizer, terminal_id, "terminal")
        return self._plain_context(call, acquirer_id, terminal_id)

    def _plain_context(self, call: Call, acquirer_id: str, client: str) -> Context:
        return context_of(call, self._clock, acquirer_id, client, self._hold_us)

    async def _authorize(self, message: Message) -> Response:
        reply = await self._authorizer.authorize(
            message, lambda answer: self._translator.answer(message, answer))
        if reply.action == Action.DUPLICATE:
            raise ProblemError(
                422, "Key used for other content",
                "this Idempotency-Key, or this sequence number, stands for other content")
        return answered(self._clock, message, reply)

    async def _readyz(self, _: Call) -> Response:
        ready = await self._ready()
        said = b'{"ready":true}' if ready else b'{"ready":false}'
        return json_response(said, 200 if ready else 503)

    async def _metrics_text(self, _: Call) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")


async def _healthz(_: Call) -> Response:
    return json_response(b'{"alive":true}')


def _always(body: bytes) -> Handler:
    async def handler(_: Call) -> Response:
        return json_response(body)

    return handler


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise ProblemError(400, "Idempotency-Key needed",
                           "every POST names a key of 1 to 64 printable characters",
                           "Idempotency-Key")

"""The JSON door: endpoints around the same `authorize`.

Knows HTTP; decides nothing. Over mutual TLS the certificate's common name is who speaks.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from authhost.authorize import Authorizer, Busy, Silence
from authhost.clock import Clock
from authhost.doors.authorizing import acquirer_of, answered, context_of
from authhost.doors.call import Call, Endpoint, Handler, encoded, json_response
from authhost.doors.load import Load
from authhost.doors.openapi import document
from authhost.doors.openapi_more import admin_document, station_document
from authhost.doors.openapi_safes import safe_document
from authhost.doors.problems import ProblemError, failed
from authhost.doors.response import Response
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.journal.entry import JournalUnavailable
from authhost.metrics import Metrics
from authhost.model import Action, CardRef, Kind
from authhost.model import Request as Message
from authhost.pan_index import PanIndex
from authhost.states import State
from authhost.translate import bodies
from authhost.translate.incoming import Refusal, card_ref
from authhost.translate.json_door import (
    DOOR,
    Context,
    JsonTranslator,
    key_of,
    public_id,
    signed_text,
)

_log = structlog.get_logger()


class HttpDoor:
    """The routes and what they need."""

    def __init__(self, *, translator: JsonTranslator, pan_index: PanIndex, authorizer: Authorizer,
                 clock: Clock, metrics: Metrics, load: Load, hold_us: int,
                 ready: Callable[[], Awaitable[bool]],
                 more: Sequence[Endpoint] = ()) -> None:
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
        self.endpoints: tuple[Endpoint, ...] = (
            Endpoint("GET", "/healthz", _healthz), Endpoint("GET", "/readyz", self._readyz),
            Endpoint("GET", "/metrics", self._metrics_text),
            *(Endpoint("GET", f"/openapi{name}.json", _always(json.dumps(made()).encode()))
              for name, made in described.items()),
            *(self._guarded(endpoint) for endpoint in (*self._endpoints(), *more)))

    def _endpoints(self) -> list[Endpoint]:
        request = "/v1/payment-requests/{id}"
        return [
            Endpoint("POST", "/v1/sales", self._sale(bodies.Sale, Kind.SALE)),
            Endpoint("POST", "/v1/preauthorizations",
                     self._sale(bodies.Preauthorization, Kind.PREAUTHORIZATION)),
            Endpoint("POST", "/v1/returns", self._sale(bodies.Return, Kind.RETURN)),
            Endpoint("POST", "/v1/offline-sales", self._sale(bodies.Sale, Kind.OFFLINE_SALE)),
            Endpoint("POST", "/v1/completions", self._sale(bodies.Completion, Kind.COMPLETION)),
            Endpoint("POST", "/v1/reversals", self._reversal),
            Endpoint("POST", "/v1/deposits", self._deposit),
            Endpoint("POST", "/v1/payment-requests", self._payment_request),
            Endpoint("POST", f"{request}/approval", self._approval),
            Endpoint("POST", f"{request}/cancellation", self._cancellation),
            Endpoint("GET", request, self._show_payment_request),
            Endpoint("GET", "/v1/phones/{phone}/payment-requests", self._waiting),
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

    async def _payment_request(self, call: Call) -> Response:
        body = call.decode(bodies.PaymentRequest)
        context = await self._context(call, body.terminal_id)
        return await self._authorize(self._translator.payment_request(body, context))

    async def _approval(self, call: Call) -> Response:
        body = call.decode(bodies.Approval)
        call.is_from(body.phone)
        row = await self._request_row(call)
        kept: dict[str, str] = json.loads(row["detail"])
        payer = await self._reads.payer(body.phone)
        if payer is None or kept.get("payer_phone") != body.phone:
            raise ProblemError(403, "Not your request", "the request names another payer", "phone")
        expires_at = row["expires_at"]
        if expires_at is not None and expires_at <= self._clock.now():
            # The sweep would find it within a second; the payer must not be quicker.
            await self._authorizer.expire(row["key"], row["terminal_id"], row["currency"])
        text = signed_text(public_id(row["key"]), body.decision, row["amount_minor"],
                           row["currency"], row["merchant_id"], kept.get("purpose", ""))
        _verify(payer["public_key"], body.signature, text)
        context = self._plain_context(call, "", body.phone)
        return await self._authorize(self._translator.approval(
            body, context, request_key=row["key"], terminal_id=row["terminal_id"],
            payer_account_id=payer["account_id"], amount_minor=row["amount_minor"],
            currency=row["currency"],
            kept={name: kept.get(name, "") for name in ("purpose", "reference")}))

    async def _cancellation(self, call: Call) -> Response:
        body = call.decode(bodies.Cancellation)
        call.is_from(body.terminal_id)
        row = await self._request_row(call)
        if row["terminal_id"] != body.terminal_id:
            raise ProblemError(403, "Not your request", "another terminal made it", "terminal_id")
        context = self._plain_context(call, "", body.terminal_id)
        return await self._authorize(self._translator.cancellation(body, context, row["key"]))

    async def _show_payment_request(self, call: Call) -> Response:
        row = await self._request_row(call)
        shown = _shown(row)
        call.is_from(row["terminal_id"], shown.payer_phone)
        return encoded(shown)

    async def _waiting(self, call: Call) -> Response:
        phone = call.path["phone"]
        call.is_from(phone)
        if "\0" in phone:
            raise ProblemError(404, "Not found", "there is no such phone", "phone")
        rows = await self._reads.payment_requests_for(phone, self._clock.now())
        return encoded([_shown(row) for row in rows])

    async def _request_row(self, call: Call) -> asyncpg.Record:
        key = key_of(call.path["id"])
        row = await self._reads.payment_request(key) if key and "\0" not in key else None
        if row is None:
            raise ProblemError(404, "Not found", "there is no such payment request", "id")
        return row

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


def _verify(public_key: bytes, signature: str, text: bytes) -> None:
    """Ed25519 (RFC 8032) over the text that the payer saw."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            base64.b64decode(signature, validate=True), text)
    except (InvalidSignature, ValueError):
        raise ProblemError(403, "Signature differs",
                           "the signature is not this payer's over this request",
                           "signature") from None


def _shown(row: asyncpg.Record) -> bodies.PaymentState:
    kept = json.loads(row["detail"])
    expires_at = row["expires_at"]
    state = State(row["state"])
    return bodies.PaymentState(
        id=public_id(row["key"]), state="REFUSED" if state is State.DECLINED else state.name,
        amount_minor=row["amount_minor"], currency=row["currency"],
        merchant_id=row["merchant_id"], merchant_name=row["merchant_name"] or "",
        purpose=kept.get("purpose", ""), payer_phone=kept.get("payer_phone", ""),
        reference=kept.get("reference", ""),
        expires_at=expires_at.isoformat() if expires_at else None)

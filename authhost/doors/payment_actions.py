"""Routes of what comes after a payment: captures, refunds, disputes, plans, settlements.

Knows paths, queries and bodies; what they mean is payments'.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from authhost.admin.access import allow
from authhost.doors.admin_call import AdminCall, Work, page_response
from authhost.doors.admission import Admission
from authhost.doors.call import Call, Endpoint, encoded, json_response
from authhost.doors.merchant_call import MerchantDoor, in_words
from authhost.doors.queries import day_of, limit_of, query_of
from authhost.doors.response import Response
from authhost.payments.after import After
from authhost.payments.disputes import Disputes
from authhost.payments.model import Caller
from authhost.payments.plan_desk import NewPlan, Plans
from authhost.payments.refunds import Refunds
from authhost.payments.settled import Settled

_PAYMENT: Final = "/v1/payments/{id}"
_ADMIN: Final = "/v1/admin"
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]


class Capture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a capture. amount_minor None: all that is left; final: the rest goes back."""

    amount_minor: Amount | None = None
    final: bool = False


class Refund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a refund."""

    amount_minor: Amount
    reason: Annotated[str, msgspec.Meta(max_length=140)] = ""
    reference: Annotated[str, msgspec.Meta(max_length=35)] = ""


class Dispute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a payer says against a payment, and what shows it."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
    evidence: Text


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who keeps the money: 'won' by the merchant, or 'lost'."""

    outcome: Literal["won", "lost"]


class PaymentActionRoutes:
    """Over one host's payments."""

    def __init__(self, door: MerchantDoor, *, after: After, refunds: Refunds, disputes: Disputes,
                 plans: Plans, settled: Settled, admission: Admission) -> None:
        self._door = door
        self._after = after
        self._refunds = refunds
        self._disputes = disputes
        self._plans = plans
        self._settled = settled
        self._admission = admission

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        merchant = self._door.endpoint
        return [
            merchant("POST", f"{_PAYMENT}/captures", self._capture, right="payment"),
            merchant("POST", f"{_PAYMENT}/refunds", self._refund, right="refund"),
            merchant("GET", f"{_PAYMENT}/refunds", self._refunds_of, right="payment"),
            merchant("GET", "/v1/refunds/{id}", self._refund_read, right="payment"),
            merchant("GET", "/v1/settlements", self._settlements, right="report"),
            merchant("GET", "/v1/settlements/{number}", self._settlement, right="report")]

    def office_endpoints(self) -> list[Endpoint]:
        """Rows for the offices' door."""
        row = self._office
        return [
            row("POST", "/payments/{id}/dispute", self._dispute),
            row("POST", "/payments/{id}/dispute/resolution", self._resolve),
            row("GET", "/merchant-plans/{id}", self._plan),
            row("PUT", "/merchant-plans/{id}", self._put_plan)]

    def _office(self, method: str, path: str, work: Work) -> Endpoint:
        async def handler(call: AdminCall) -> Response:
            return await in_words(work(call))

        return self._admission.endpoint(method, _ADMIN + path, handler)

    async def _capture(self, call: Call, caller: Caller) -> Response:
        body = call.decode(Capture)
        if body.final:  # what is left goes back
            await self._door.need(caller, "refund", f"POST {_PAYMENT}/captures")
        return json_response(await self._after.capture(
            caller, call.path["id"], body.amount_minor, call.idempotency_key, final=body.final),
            201)

    async def _refund(self, call: Call, caller: Caller) -> Response:
        body = call.decode(Refund)
        return json_response(await self._after.refund(
            caller, call.path["id"], body.amount_minor, body.reason, body.reference,
            call.idempotency_key), 201)

    async def _refunds_of(self, call: Call, caller: Caller) -> Response:
        query_of(call)
        return json_response(await self._refunds.of_payment(caller, call.path["id"]))

    async def _refund_read(self, call: Call, caller: Caller) -> Response:
        query_of(call)
        return json_response(await self._refunds.one(caller, call.path["id"]))

    async def _settlements(self, call: Call, caller: Caller) -> Response:
        query = query_of(call, "from", "to", "after", "limit")
        return encoded(await self._settled.listed(
            caller, day_of(call, "from"), day_of(call, "to"), query.get("after", ""),
            limit_of(call)))

    async def _settlement(self, call: Call, caller: Caller) -> Response:
        query = query_of(call, "after", "limit")
        return encoded(await self._settled.one(
            caller, call.path["number"], query.get("after", ""), limit_of(call)))

    async def _dispute(self, call: AdminCall) -> Response:
        allow(call.actor, "dispute.open")
        body, payment = call.call.decode(Dispute), call.call.path["id"]
        return encoded(await self._disputes.open(
            call.actor, payment, body.reason, body.evidence,
            call.asked("payments", payment, "dispute")), 201)

    async def _resolve(self, call: AdminCall) -> Response:
        allow(call.actor, "dispute.resolve")
        body, payment = call.call.decode(Resolution), call.call.path["id"]
        return encoded(await self._disputes.resolve(
            call.actor, payment, body.outcome, call.asked("payments", payment, "resolution")))

    async def _plan(self, call: AdminCall) -> Response:
        call.query()
        return page_response(await self._plans.all(call.actor, call.call.path["id"]), None)

    async def _put_plan(self, call: AdminCall) -> Response:
        allow(call.actor, "merchant_plan.change")
        return encoded(await self._plans.put(call.actor, call.call.path["id"],
                                             call.call.decode(NewPlan)))

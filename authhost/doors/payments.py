"""Routes of payments for the merchant's people and programs: ask, read, search, take back, prove.

Knows paths, queries and bodies; what becomes of a payment is the story's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509

from authhost.admin.pages import cursor_of, place_of
from authhost.admin.refusals import Invalid
from authhost.certificates.authority import pem
from authhost.clock import as_datetime
from authhost.doors.call import Call, Endpoint, encoded, json_response
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.problems import ProblemError
from authhost.doors.queries import instant_of, limit_of, number_of, phone_of, query_of
from authhost.doors.response import Response
from authhost.payments import bodies
from authhost.payments.archive import Change, Search
from authhost.payments.crowding import Crowd
from authhost.payments.hub import Hub
from authhost.payments.life import State
from authhost.payments.model import Caller, Payment
from authhost.payments.names import is_id
from authhost.payments.plan_desk import Plans
from authhost.payments.requests import PaymentBody, new_payment, phone
from authhost.payments.story import Payments

ROOT: Final = "/v1/payments"
SEARCH: Final = ("state", "from", "to", "amount_minor", "reference", "phone", "after", "limit")
_STATES: Final = frozenset(state.upper() for state in State)
_MOST_MINOR: Final = 10**18 - 1  # of an amount that is looked for


class ChangeBody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One change of a payment. before: '' for its beginning; who: the user, phone or 'bank', ''
    for the clock."""

    version: int
    event: str
    before: str
    after: str
    at: str
    who: str
    why: str


class Changes(msgspec.Struct, frozen=True, gc=False):
    """All that became of a payment, in its order."""

    data: tuple[ChangeBody, ...]


class PaymentPage(msgspec.Struct, frozen=True, gc=False):
    """Payments, newest first. next: for `after` of the next page; null at the end."""

    data: tuple[bodies.Body, ...]
    next: str | None


class EvidenceBody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What proves the payer's word: verify `signature` (base64) over the UTF-8 bytes of `text` with
    the key of `certificate` (PEM): ECDSA over P-256 with SHA-256 in DER, or Ed25519."""

    id: str
    text: str
    signature: str
    serial: str
    certificate: str


class PaymentRoutes:
    """Over one host's payments. region: of telephone numbers without a country code, '' for none;
    objection: why an address may not be called back, or ''."""

    def __init__(self, payments: Payments, plans: Plans, hub: Hub, crowd: Crowd,
                 door: MerchantDoor, region: str, objection: Callable[[str], str]) -> None:
        self._payments = payments
        self._plans = plans
        self._hub = hub
        self._crowd = crowd
        self._archive = payments.archive
        self._door = door
        self._region = region
        self._objection = objection

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door."""
        row, one = self._door.endpoint, f"{ROOT}/{{id}}"
        return [
            row("POST", ROOT, self._ask, right="payment"),
            row("GET", ROOT, self._search, right="payment"),
            row("GET", f"{ROOT}/events", self._events, right="payment"),
            row("GET", one, self._show, right="payment"),
            row("GET", f"{one}/events", self._events_of_one, right="payment"),
            row("POST", f"{one}/cancellation", self._cancel, right="payment"),
            row("GET", f"{one}/changes", self._changes, right="payment"),
            row("GET", f"{one}/evidence", self._evidence, right="report")]

    async def own(self, caller: Caller, payment_id: str) -> Payment:
        """A payment of the caller's merchant. ProblemError: another's is not there."""
        found = await self._archive.payment(payment_id) if is_id(payment_id) else None
        if found is None or found.asked.merchant_id != caller.merchant_id:
            raise ProblemError(404, "Not found", "there is no such payment", "id")
        return found

    async def _ask(self, call: Call, caller: Caller) -> Response:
        new = new_payment(call.decode(PaymentBody), self._region, self._objection)
        await self._crowd.admit(caller, new, call.idempotency_key)
        body = await self._payments.ask(caller, new, call.idempotency_key)
        return json_response(body, 201)

    async def _show(self, call: Call, caller: Caller) -> Response:
        [body] = await self._bodies([await self.own(caller, call.path["id"])])
        return encoded(body)

    async def _search(self, call: Call, caller: Caller) -> Response:
        query, most = query_of(call, *SEARCH), limit_of(call)
        states = None
        if "state" in query:
            said = query["state"].split(",")
            if not _STATES.issuperset(said):
                raise ProblemError(422, "Invalid", f"of {', '.join(sorted(_STATES))}", "state")
            states = tuple(state.lower() for state in said)
        number = phone_of(call, "phone")
        found = await self._archive.search(Search(
            merchant_id=caller.merchant_id, states=states, begin=instant_of(call, "from"),
            end=instant_of(call, "to"),
            amount_minor=number_of(call, "amount_minor", most=_MOST_MINOR),
            reference=query.get("reference"),
            phone=phone(number, self._region, "phone") if number else None,
            after=_place(query.get("after", ""))), most)
        following = _cursor(found[-1]) if len(found) == most else None
        return encoded(PaymentPage(tuple(await self._bodies(found)), following))

    async def _bodies(self, payments: Sequence[Payment]) -> list[bodies.Body]:
        """Each as its merchant reads it, with the day on which it is paid out where there is one.
        """
        paid = [one.asked.payment_id for one in payments if one.now.paid_at is not None]
        dates = await self._plans.payout_dates(paid) if paid else {}
        return [msgspec.structs.replace(
            bodies.merchants_body(one),
            payout_date=day.isoformat() if (day := dates.get(one.asked.payment_id)) else None)
            for one in payments]

    async def _events(self, call: Call, caller: Caller) -> Response:
        query_of(call)
        return self._door.events(call, caller, "payment", self._hub.merchant(caller.merchant_id))

    async def _events_of_one(self, call: Call, caller: Caller) -> Response:
        query_of(call)
        payment = await self.own(caller, call.path["id"])
        return self._door.events(call, caller, "payment",
                                 self._hub.payment(payment.asked.payment_id))

    async def _cancel(self, call: Call, caller: Caller) -> Response:
        if not is_id(call.path["id"]):
            raise ProblemError(404, "Not found", "there is no such payment", "id")
        return json_response(await self._payments.cancel(caller, call.path["id"]))

    async def _changes(self, call: Call, caller: Caller) -> Response:
        payment = await self.own(caller, call.path["id"])
        found = await self._archive.changes(payment.asked.payment_id)
        return encoded(Changes(tuple(map(_change, found))))

    async def _evidence(self, call: Call, caller: Caller) -> Response:
        payment = await self.own(caller, call.path["id"])
        found = await self._archive.evidence(payment.asked.payment_id)
        if found is None:
            raise ProblemError(404, "Not found", "no payer has signed it", "id")
        certificate = x509.load_der_x509_certificate(found.certificate)
        return encoded(EvidenceBody(
            id=payment.asked.payment_id, text=found.text, signature=found.signature,
            serial=found.serial, certificate=pem(certificate).decode()))


def _change(change: Change) -> ChangeBody:
    return ChangeBody(
        version=change.version, event=change.event.upper(), before=change.before.upper(),
        after=change.after.upper(), at=bodies.said_at(change.at), who=change.who, why=change.why)


def _cursor(last: Payment) -> str:
    """Where a page has ended: to the microsecond, as the table has it."""
    return cursor_of(round(last.asked.created_at.timestamp() * 1_000_000), last.asked.payment_id)


def _place(cursor: str) -> tuple[datetime, str] | None:
    try:
        place = place_of(cursor, int, str)
        return None if place is None else (as_datetime(place[0]), place[1])
    except (Invalid, OverflowError):
        raise ProblemError(422, "Invalid", "no cursor of ours: begin without one",
                           "after") from None

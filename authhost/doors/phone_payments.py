"""The routes of a payer's phone: what waits, the payer's word, and the stream that tells of both.

Knows HTTP and bodies; what a word does is authhost/payments'. Over mutual TLS the certificate names
the phone. A word needs no Idempotency-Key: of one payment the first word stands, and the same one
again hears the same.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from authhost.doors.call import Call, Endpoint, encoded, json_response
from authhost.doors.merchant_call import worded
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.doors.streams import events
from authhost.payments import bodies
from authhost.payments.hub import Hub
from authhost.payments.model import Asked
from authhost.payments.signing import Decision, SignedAt, Word
from authhost.payments.story import Payments
from authhost.translate.bodies import Body, Phone

_END: Final = "$(?!\n)"


class SaidWord(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payer's yes or no, signed on the phone: authhost/payments/signing.py says over what."""

    decision: Decision
    phone: Phone
    signed_at: SignedAt
    serial: Annotated[str, msgspec.Meta(
        pattern="^[0-9a-f]{1,40}" + _END, description="Of the phone's certificate, hexadecimal.")]
    signature: Annotated[str, msgspec.Meta(max_length=172, description="DER, in base64.")]


class Opened(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The phone shows it to its payer."""

    phone: Phone


class PhonePaymentRoutes:
    """The rows of the route table. plain: phones are told without TLS too."""

    def __init__(self, payments: Payments, hub: Hub, *, plain: bool) -> None:
        self._payments = payments
        self._hub = hub
        self._plain = plain

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        return [
            Endpoint("POST", "/v1/payments/{id}/word", worded(self._word), keyed=False),
            Endpoint("POST", "/v1/payments/{id}/opened", worded(self._opened), keyed=False),
            # Who reads the list was handed what is in it.
            Endpoint("GET", "/v1/phones/{phone}/payments", worded(self._list), safe=False),
            Endpoint("GET", "/v1/phones/{phone}/events", worded(self._events)),
        ]

    async def _word(self, call: Call) -> Response:
        said = call.decode(SaidWord)
        call.is_from(said.phone)
        word = Word(**msgspec.structs.asdict(said))
        return json_response(await self._payments.word(call.path["id"], word))

    async def _opened(self, call: Call) -> Response:
        """Written soon: nobody waits for it, and nothing hangs on it."""
        phone = call.decode(Opened).phone
        call.is_from(phone)
        asked = await self._payments.asked(call.path["id"])
        _is_asked(asked, phone)
        self._hub.opened(asked, phone)
        return Response(status_code=204)

    async def _list(self, call: Call) -> Response:
        """Newest first. What is listed here was handed to the phone."""
        phone = await self._phone(call)
        found = await self._hub.moves.of_phone(phone)
        for payment in found:
            self._hub.handed(payment, phone)
        return encoded([bodies.payers(payment.asked, payment.now) for payment in found])

    async def _events(self, call: Call) -> Response:
        return events(self._hub.phone(await self._phone(call)))

    async def _phone(self, call: Call) -> str:
        """The phone of the path, which is some payer's."""
        phone = call.path["phone"]
        call.is_from(phone, plain=self._plain)
        try:
            msgspec.convert(phone, Phone)
        except msgspec.ValidationError:
            raise _no_phone() from None
        if await self._payments.parties.payer(phone) is None:
            raise _no_phone()
        return phone


def _is_asked(asked: Asked, phone: str) -> None:
    if asked.kind != "phone" or asked.payer_phone not in {None, phone}:
        raise ProblemError(403, "Not your request", "the request names another payer", "phone")


def _no_phone() -> ProblemError:
    return ProblemError(404, "Not found", "there is no such phone", "phone")

"""Routes of a payment's code: as text, SVG and PNG for its merchant; what a link tells a phone.

Knows HTTP and images; what a code says is the payments' (authhost/payments/qr_codes.py). A payment
of kind 'qr' has the code of its currency; one by phone that names no payer has a link, as text and
as a code; whoever has the link may read it, for nobody guesses an id.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from authhost.doors.call import Call, Endpoint
from authhost.doors.merchant_call import MerchantDoor, worded
from authhost.doors.queries import query_of
from authhost.doors.response import Response
from authhost.payments.archive import Archive
from authhost.payments.bodies import payers
from authhost.payments.matching import Matching
from authhost.payments.model import Caller, Payment, Refused
from authhost.payments.names import is_id
from authhost.payments.qr_codes import qr_of
from authhost.qr import images
from authhost.qr.errors import QrError

_CATEGORY: Final = re.compile(r"[0-9]{4}")
# What is shown is good for as long as the payment waits: nobody keeps it.
_FRESH: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_encode: Final = msgspec.json.Encoder().encode


class QrRoutes:
    """Over payments. public_url: where phones reach this host, without a slash; '' where there is
    none, and then no links."""

    def __init__(self, door: MerchantDoor, archive: Archive, matching: Matching,
                 public_url: str) -> None:
        self._door = door
        self._archive = archive
        self._matching = matching
        self._public_url = public_url

    def endpoints(self) -> list[Endpoint]:
        """Rows of the route table."""
        return [
            self._door.endpoint("GET", "/v1/payments/{id}/qr.txt", self._text, right="payment"),
            self._door.endpoint("GET", "/v1/payments/{id}/qr.svg", self._svg, right="payment"),
            self._door.endpoint("GET", "/v1/payments/{id}/qr.png", self._png, right="payment"),
            Endpoint("GET", "/v1/links/{id}", worded(self._link)),
        ]

    async def _text(self, call: Call, caller: Caller) -> Response:
        return Response(await self._content(call, caller), 200, _FRESH,
                        "text/plain; charset=utf-8")

    async def _svg(self, call: Call, caller: Caller) -> Response:
        return Response(_drawn(images.svg, await self._content(call, caller)), 200, _FRESH,
                        "image/svg+xml")

    async def _png(self, call: Call, caller: Caller) -> Response:
        return Response(_drawn(images.png, await self._content(call, caller)), 200, _FRESH,
                        "image/png")

    async def _content(self, call: Call, caller: Caller) -> bytes:
        """What the code of a payment says, while the payment waits. Refused."""
        category = query_of(call, "category").get("category", "")
        if category and _CATEGORY.fullmatch(category) is None:
            raise Refused(422, "Invalid", "four digits (ISO 18245)", "category")
        found = await self._payment(call)
        if found is None or found.asked.merchant_id != caller.merchant_id:
            raise _nothing_there()
        asked = found.asked
        if asked.kind != "qr" and asked.payer_phone is not None:
            raise Refused(422, "No code", "the request names its payer's phone", "id")
        if not found.now.open:
            raise Refused(409, "Decided already", f"the payment is {found.now.state.upper()}",
                          "id")
        if asked.kind != "qr":
            if not self._public_url:
                raise Refused(422, "No link", "this host has no address for phones", "id")
            return f"{self._public_url}/v1/links/{asked.payment_id}".encode()
        account = await self._matching.collecting(asked.currency)
        if account is None:
            raise Refused(422, "No code", f"no account collects {asked.currency}", "currency")
        return qr_of(asked, account, category)

    async def _link(self, call: Call) -> Response:
        """What a phone shows and signs. One that names its payer is that phone's alone."""
        query_of(call)
        found = await self._payment(call)
        if found is None or found.asked.kind != "phone" or found.asked.payer_phone is not None:
            raise _nothing_there()
        return Response(_encode(payers(found.asked, found.now)), 200, _FRESH, "application/json")

    async def _payment(self, call: Call) -> Payment | None:
        payment_id = call.path["id"]
        return await self._archive.payment(payment_id) if is_id(payment_id) else None


def _drawn(draw: images.Draw, content: bytes) -> bytes:
    try:
        return draw(content)
    except QrError as error:
        raise Refused(422, "No code", str(error), error.where) from None


def _nothing_there() -> Refused:
    return Refused(404, "Not found", "there is no such payment, or it has no code", "id")

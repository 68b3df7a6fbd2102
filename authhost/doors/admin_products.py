"""Routes of what is no row of its own: codes of products by profile, and batches of cards.

Knows paths and bodies; what may be done is admin's to say.
"""

from __future__ import annotations

from authhost.admin.access import allow
from authhost.admin.card_orders import CardOrders
from authhost.admin.fields import Code, Key
from authhost.admin.product_codes import ProductCodes
from authhost.admin.refusals import Unknown
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import encoded
from authhost.doors.response import Response
from authhost.translate.bodies import Body

_ROOT = "/v1/admin"


class ProductCode(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a code stands for."""

    product: Code


class Batch(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Orders of a program that become a batch of this name."""

    batch_id: Key
    program_id: Key


class ProductRoutes:
    """Codes and batches."""

    def __init__(self, codes: ProductCodes, orders: CardOrders) -> None:
        self._codes = codes
        self._orders = orders

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        code, batch = f"{_ROOT}/product-codes/{{profile}}/{{code}}", f"{_ROOT}/card-batches"
        return [("GET", f"{_ROOT}/product-codes", self._list), ("PUT", code, self._put),
                ("DELETE", code, self._drop), ("POST", batch, self._gather),
                ("GET", f"{batch}/{{id}}", self._file),
                ("POST", f"{batch}/{{id}}/completion", self._finish)]

    async def _list(self, call: AdminCall) -> Response:
        profile = call.query("profile").get("profile", "")
        return page_response(await self._codes.all(call.actor, profile), None)

    async def _put(self, call: AdminCall) -> Response:
        allow(call.actor, "product_code.change")
        body = call.call.decode(ProductCode)
        profile, code = _named(call)
        await self._codes.put(call.actor, profile, code, body.product)
        answer = {"profile": profile, "code": code, "product": body.product}
        return encoded(answer)

    async def _drop(self, call: AdminCall) -> Response:
        await self._codes.drop(call.actor, *_named(call))
        return Response(status_code=204)

    async def _gather(self, call: AdminCall) -> Response:
        allow(call.actor, "card_order.batch")
        body = call.call.decode(Batch)
        row = await self._orders.gather(call.actor, body.batch_id, body.program_id,
                                        call.asked("card-batches"))
        return encoded(row, 201)

    async def _file(self, call: AdminCall) -> Response:
        rows = await self._orders.file(call.actor, call.call.path["id"])
        return encoded(rows)

    async def _finish(self, call: AdminCall) -> Response:
        row = await self._orders.finish(call.actor, call.call.path["id"])
        return encoded(row)


def _named(call: AdminCall) -> tuple[str, str]:
    """Profile and code of the path."""
    profile, code = call.call.path["profile"], call.call.path["code"]
    if not all(part.isascii() and part.isalnum() and len(part) <= 32 for part in (profile, code)):
        raise Unknown("there is no such code", "code")
    return profile, code
